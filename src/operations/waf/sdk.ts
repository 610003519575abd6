import type { LoggingConfiguration, WAFV2Client, WebACL } from '@aws-sdk/client-wafv2'
import { type AwsPlace, awsProblem, clientOptions } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import type { Ref, Sample, StoredSet, WafApi } from './api.ts'

type Sdk = typeof import('@aws-sdk/client-wafv2')

const Scope = 'REGIONAL'
const ResourceType = 'APPLICATION_LOAD_BALANCER'
const Limit = 100

/**
 * A concurrent change, or an entity that is not consistent yet (`WAFUnavailableEntityException`: "retry your request"). Both
 * are solved by reading again.
 */
const retryableErrors = new Set(['WAFOptimisticLockException', 'WAFUnavailableEntityException'])

/** All mutable fields of a web ACL. An update removes the fields that it omits (API reference, UpdateWebACL). */
function settable(acl: WebACL) {
  return {
    DefaultAction: acl.DefaultAction,
    Rules: acl.Rules,
    VisibilityConfig: acl.VisibilityConfig,
    DataProtectionConfig: acl.DataProtectionConfig,
    CustomResponseBodies: acl.CustomResponseBodies,
    CaptchaConfig: acl.CaptchaConfig,
    ChallengeConfig: acl.ChallengeConfig,
    TokenDomains: acl.TokenDomains,
    AssociationConfig: acl.AssociationConfig,
    OnSourceDDoSProtectionConfig: acl.OnSourceDDoSProtectionConfig,
    ApplicationConfig: acl.ApplicationConfig,
    MonetizationConfig: acl.MonetizationConfig,
    // AWS WAF returns an empty description for none, and rejects an empty one.
    ...(acl.Description && { Description: acl.Description }),
  }
}

interface Listed {
  readonly Name?: string | undefined
  readonly Id?: string | undefined
  readonly ARN?: string | undefined
}

type Page = (marker: string | undefined) => Promise<{ readonly found: Listed[]; readonly next: string | undefined }>

async function allPages(page: Page): Promise<Ref[]> {
  const all: Ref[] = []
  let marker: string | undefined
  do {
    const { found, next } = await page(marker)
    all.push(...found.map(({ Name = '', Id = '', ARN = '' }) => ({ name: Name, id: Id, arn: ARN })))
    // A full last page has a marker too; the page after it is empty.
    marker = found.length === 0 ? undefined : next
  } while (marker !== undefined)
  return all
}

/** AWS WAF through the AWS SDK. */
class SdkWaf implements WafApi {
  readonly #sdk: Sdk
  readonly #client: WAFV2Client
  readonly #place: AwsPlace

  constructor(sdk: Sdk, place: AwsPlace) {
    this.#sdk = sdk
    this.#client = new sdk.WAFV2Client(clientOptions(place))
    this.#place = place
  }

  webAcls(): Promise<Ref[]> {
    const page: Page = async (NextMarker) => {
      const answer = await this.#client.send(new this.#sdk.ListWebACLsCommand({ Scope, Limit, NextMarker }))
      return { found: answer.WebACLs ?? [], next: answer.NextMarker }
    }
    return this.#call('ListWebACLs', () => allPages(page))
  }

  ipSets(): Promise<Ref[]> {
    const page: Page = async (NextMarker) => {
      const answer = await this.#client.send(new this.#sdk.ListIPSetsCommand({ Scope, Limit, NextMarker }))
      return { found: answer.IPSets ?? [], next: answer.NextMarker }
    }
    return this.#call('ListIPSets', () => allPages(page))
  }

  webAcl({ name: Name, id: Id }: Ref): Promise<{ acl: WebACL; token: string | undefined }> {
    return this.#call('GetWebACL', async () => {
      const { WebACL: acl, LockToken: token } = await this.#client.send(new this.#sdk.GetWebACLCommand({ Name, Id, Scope }))
      if (acl === undefined) throw new Problem('aws-refused', `AWS WAF returned no web ACL for ${Name}.`)
      return { acl, token }
    })
  }

  saveWebAcl({ name: Name, id: Id }: Ref, acl: WebACL, LockToken: string | undefined): Promise<boolean> {
    const command = new this.#sdk.UpdateWebACLCommand({ Name, Id, Scope, LockToken, ...settable(acl) })
    return this.#save('UpdateWebACL', () => this.#client.send(command))
  }

  ipSet({ name: Name, id: Id }: Ref): Promise<StoredSet> {
    return this.#call('GetIPSet', async () => {
      const { IPSet: set, LockToken: token } = await this.#client.send(new this.#sdk.GetIPSetCommand({ Name, Id, Scope }))
      return { addresses: set?.Addresses ?? [], description: set?.Description, token }
    })
  }

  saveIpSet({ name: Name, id: Id }: Ref, { addresses, description, token: LockToken }: StoredSet): Promise<boolean> {
    // As with a web ACL: an omitted description is removed, and an empty one is rejected.
    const kept = description ? { Description: description } : {}
    const command = new this.#sdk.UpdateIPSetCommand({ Name, Id, Scope, LockToken, Addresses: [...addresses], ...kept })
    return this.#save('UpdateIPSet', () => this.#client.send(command))
  }

  loadBalancers(WebACLArn: string): Promise<string[]> {
    const command = new this.#sdk.ListResourcesForWebACLCommand({ WebACLArn, ResourceType })
    return this.#call('ListResourcesForWebACL', async () => (await this.#client.send(command)).ResourceArns ?? [])
  }

  webAclOf(ResourceArn: string): Promise<string | undefined> {
    const command = new this.#sdk.GetWebACLForResourceCommand({ ResourceArn })
    return this.#call('GetWebACLForResource', async () => (await this.#client.send(command)).WebACL?.ARN)
  }

  logging(ResourceArn: string): Promise<LoggingConfiguration | undefined> {
    return this.#call('GetLoggingConfiguration', async () => {
      try {
        const command = new this.#sdk.GetLoggingConfigurationCommand({ ResourceArn })
        return (await this.#client.send(command)).LoggingConfiguration
      } catch (error) {
        if (error instanceof this.#sdk.WAFNonexistentItemException) return undefined
        throw error
      }
    })
  }

  sample(WebAclArn: string, RuleMetricName: string, window: { from: number; to: number }, MaxItems: number): Promise<Sample> {
    const TimeWindow = { StartTime: new Date(window.from), EndTime: new Date(window.to) }
    const command = new this.#sdk.GetSampledRequestsCommand({ WebAclArn, RuleMetricName, Scope, TimeWindow, MaxItems })
    return this.#call('GetSampledRequests', async () => {
      const { SampledRequests = [], PopulationSize = 0 } = await this.#client.send(command)
      return { requests: SampledRequests, population: PopulationSize }
    })
  }

  close(): void {
    this.#client.destroy()
  }

  async #call<T>(action: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw awsProblem(error, { action: `wafv2:${action}`, region: this.#place.region, profile: this.#place.profile })
    }
  }

  #save(action: string, call: () => Promise<unknown>): Promise<boolean> {
    return this.#call(action, async () => {
      try {
        await call()
        return true
      } catch (error) {
        if (error instanceof Error && retryableErrors.has(error.name)) return false
        throw error
      }
    })
  }
}

/** Creates the AWS WAF client. The SDK is imported only here, so other commands start without it. */
export async function openWafApi(place: AwsPlace): Promise<WafApi> {
  return new SdkWaf(await import('@aws-sdk/client-wafv2'), place)
}
