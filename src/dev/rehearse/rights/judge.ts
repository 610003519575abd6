import {
  absent,
  type Caller,
  decide,
  decideByResource,
  type Policy,
  type RequestContext,
  trustOf,
  value,
} from '../../../operations/policy/index.ts'
import type { Rights, Role } from './rights.ts'
import { keysAssuming, keysSent } from './service-keys.ts'

/** Who sends a request: a role, under which a function or a container runs, or a service of AWS on its own account. */
export type Sender =
  | {
      readonly kind: 'role'
      readonly arn: string
      /** The function that runs under the role, which Lambda puts into `lambda:SourceFunctionArn`. */
      readonly functionArn?: string | undefined
      /** The VPC endpoint that its request passes. */
      readonly endpoint?: string | undefined
      readonly vpc?: string | undefined
    }
  | { readonly kind: 'service'; readonly service: string; readonly sourceArn: string }

/** A request of the AWS API. */
export interface AwsRequest {
  /** In the terms of IAM, such as `sqs:SendMessage`. */
  readonly action: string
  /** An ARN, or `*` for an action without resource-level permissions. */
  readonly resource: string
  readonly secureTransport?: boolean
  /** More condition keys of this request, such as `sns:Endpoint`. */
  readonly keys?: Readonly<Record<string, string>>
}

export interface Verdict {
  readonly allowed: boolean
  /** Why not, with the policy that decides; for an allowed request, the statements that allow it. */
  readonly reason: string
}

function accountIn(arn: string): string {
  return arn.split(':')[4] ?? ''
}

function contextOf(
  sender: Sender,
  { action, keys = {}, secureTransport = true }: AwsRequest,
  account: string,
  region: string,
): RequestContext {
  const known = new Map([
    ['aws:securetransport', value(String(secureTransport))],
    ['aws:requestedregion', value(region)],
    ['aws:principalisawsservice', value(String(sender.kind === 'service'))],
    ['aws:viaawsservice', value('false')],
    ['aws:sourceip', absent],
    ...Object.entries(keys).map(([name, of]) => [name.toLowerCase(), value(of)] as const),
  ])
  if (sender.kind === 'service') {
    const { sourceArn, sourceAccount } = keysSent(sender.service, action)
    return new Map([
      ...known,
      ['aws:sourceaccount', sourceAccount ? value(account) : absent],
      ['aws:sourcearn', sourceArn ? value(sender.sourceArn) : absent],
    ])
  }
  return new Map([
    ...known,
    ['aws:principalaccount', value(account)],
    ['aws:principalarn', value(sender.arn)],
    ['lambda:sourcefunctionarn', sender.functionArn === undefined ? absent : value(sender.functionArn)],
    ['aws:sourcevpce', sender.endpoint === undefined ? absent : value(sender.endpoint)],
    ['aws:sourcevpc', sender.vpc === undefined ? absent : value(sender.vpc)],
  ])
}

/** The ARN that the policy of a resource is found by: an object has the policy of its bucket. */
function policyOwner(resource: string): string {
  return resource.startsWith('arn:aws:s3:::') ? (resource.split('/')[0] ?? resource) : resource
}

const granted: Verdict = { allowed: true, reason: '' }

function denied(reason: string): Verdict {
  return { allowed: false, reason }
}

/** Decides by the policies of all stacks whether AWS would carry out a request. */
export class Judge {
  readonly #rights: Rights
  readonly #account: string
  readonly #region: string

  constructor(rights: Rights, { account, region }: { readonly account: string; readonly region: string }) {
    this.#rights = rights
    this.#account = account
    this.#region = region
  }

  #policies(resource: string): readonly Policy[] {
    return this.#rights.resources.get(policyOwner(resource)) ?? []
  }

  /** What the policies of the resource say, together. */
  #byResource(caller: Caller, request: AwsRequest, context: RequestContext) {
    const decisions = this.#policies(request.resource).map((policy) => decideByResource(policy, caller, { ...request, context }))
    const order = ['deny', 'allow', 'account', 'silent'] as const
    for (const effect of order) {
      const found = decisions.find((one) => one.effect === effect)
      if (found !== undefined) return found
    }
    return { effect: 'silent', by: undefined } as const
  }

  #throughEndpoint(id: string | undefined, caller: Caller, request: AwsRequest, context: RequestContext): Verdict {
    const policy = id === undefined ? undefined : this.#rights.endpoints.get(id)
    if (policy === undefined) return granted
    const { effect, by } = decideByResource(policy, caller, { ...request, context })
    if (effect === 'allow' || effect === 'account') return granted
    return denied(
      effect === 'deny'
        ? `the endpoint policy denies it (${by})`
        : `the policy of the VPC endpoint ${policy.name} does not allow it`,
    )
  }

  #ofRole(role: Role, sender: Extract<Sender, { kind: 'role' }>, request: AwsRequest): Verdict {
    const context = contextOf(sender, request, this.#account, this.#region)
    const caller: Caller = { kind: 'AWS', arn: role.arn, account: this.#account }
    const endpoint = this.#throughEndpoint(sender.endpoint, caller, request, context)
    if (!endpoint.allowed) return endpoint
    const resource = this.#byResource(caller, request, context)
    if (resource.effect === 'deny') return denied(`${resource.by} denies it`)
    const subject = { identity: role.identity, boundary: role.boundary, scps: [], context }
    const grant = resource.effect === 'allow' ? ({ granted: 'identity' } as const) : {}
    const { verdict, blocked, on, by } = decide(subject, { action: request.action, resource: request.resource, ...grant })
    if (verdict === 'allowed') return { allowed: true, reason: by.join(', ') }
    return denied(verdict === 'denied' ? (blocked ?? 'nothing allows it') : `it depends on ${on.join(' and ')}`)
  }

  #ofService(sender: Extract<Sender, { kind: 'service' }>, request: AwsRequest): Verdict {
    const context = contextOf(sender, request, this.#account, this.#region)
    const { effect, by } = this.#byResource({ kind: 'Service', service: sender.service }, request, context)
    if (effect === 'allow') return this.#withKey(sender, request, by ?? '')
    if (effect === 'deny') return denied(`${by} denies it`)
    const has = this.#policies(request.resource).length > 0
    return denied(
      has ? `the policy of ${request.resource} does not allow ${sender.service}` : `${request.resource} has no policy`,
    )
  }

  /**
   * A service that writes to an encrypted topic or queue needs its key, too
   * (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services).
   */
  #withKey(sender: Extract<Sender, { kind: 'service' }>, request: AwsRequest, by: string): Verdict {
    const key = this.#rights.keys.get(request.resource)
    if (key === undefined) return { allowed: true, reason: by }
    for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
      const verdict = this.#ofService(sender, { action, resource: key })
      if (!verdict.allowed) return denied(`${action} on the key of ${request.resource}: ${verdict.reason}`)
    }
    return { allowed: true, reason: by }
  }

  /** Whether the request is carried out. */
  judge(sender: Sender, request: AwsRequest): Verdict {
    if (accountIn(request.resource) !== '' && accountIn(request.resource) !== this.#account) {
      return denied(`${request.resource} is in another account`)
    }
    if (sender.kind === 'service') return this.#ofService(sender, request)
    const role = this.#rights.roles.get(sender.arn)
    return role === undefined ? denied(`the role ${sender.arn} does not exist`) : this.#ofRole(role, sender, request)
  }

  /** Whether a service may take on a role that a resource gives it. */
  mayAssume(service: string, roleArn: string): Verdict {
    const role = this.#rights.roles.get(roleArn)
    if (role === undefined) return denied(`the role ${roleArn} does not exist`)
    const { sourceArn, sourceAccount } = keysAssuming(service)
    const context: RequestContext = new Map([
      ['aws:principalisawsservice', value('true')],
      ['aws:sourceaccount', sourceAccount ? value(this.#account) : absent],
      // Of the resource that the role is given to, which its creator names.
      ['aws:sourcearn', sourceArn ? { kind: 'chosen' } : absent],
      ['sts:externalid', service === 'firehose.amazonaws.com' ? value(this.#account) : absent],
    ])
    const { named, on, by } = trustOf(role.trust, role.arn, { kind: 'Service', service }, 'sts:AssumeRole', context)
    if (named === 'no') return denied(`${role.trust.name} does not let ${service} assume it`)
    return on.length > 0 ? denied(`${by} depends on ${on.join(' and ')}`) : { allowed: true, reason: by ?? '' }
  }
}
