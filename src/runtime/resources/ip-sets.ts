import { setTimeout as sleep } from 'node:timers/promises'
import { isRecord, recordOf } from '../../domain/record.ts'
import { type AwsClient, AwsError } from '../ports/index.ts'
import { type Attributes, type Resource, type ResourceEvent, textOf } from './custom-resource.ts'

interface Found {
  readonly Name: string
  readonly Id: string
  readonly ARN: string
}

function isFound(value: unknown): value is Found {
  return isRecord(value) && typeof value.Name === 'string' && typeof value.Id === 'string' && typeof value.ARN === 'string'
}

const Scope = 'REGIONAL'
const sets = [
  { attribute: 'AllowV4', suffix: 'allow-v4', IPAddressVersion: 'IPV4' },
  { attribute: 'AllowV6', suffix: 'allow-v6', IPAddressVersion: 'IPV6' },
  { attribute: 'BlockV4', suffix: 'block-v4', IPAddressVersion: 'IPV4' },
  { attribute: 'BlockV6', suffix: 'block-v6', IPAddressVersion: 'IPV6' },
] as const
const removeTries = 5

/**
 * The IP sets of a firewall: made empty where they are missing, taken as they are where they are there, and never updated, so
 * that what people wrote into them survives every change of the stack. Removed only while empty.
 * @param pauseMs between two tries to remove a set that AWS WAF still counts as used
 */
export function ipSets(client: AwsClient, pauseMs = 3_000): Resource {
  const call = (action: string, body: object) => client.call(`AWSWAF_20190729.${action}`, { Scope, ...body })

  async function list(): Promise<Map<string, Found>> {
    const found = new Map<string, Found>()
    for (let NextMarker: unknown; ; ) {
      const page = await call('ListIPSets', { Limit: 100, ...(typeof NextMarker === 'string' && { NextMarker }) })
      const some = Array.isArray(page.IPSets) ? page.IPSets.filter(isFound) : []
      for (const one of some) found.set(one.Name, one)
      NextMarker = page.NextMarker
      if (some.length === 0 || typeof NextMarker !== 'string' || NextMarker === '') return found
    }
  }

  async function ensure(properties: ResourceEvent['ResourceProperties']): Promise<Attributes> {
    const prefix = textOf(properties, 'Prefix')
    const there = await list()
    const arns: Record<string, string> = {}
    for (const { attribute, suffix, IPAddressVersion } of sets) {
      const Name = `${prefix}-${suffix}`
      const made = there.get(Name) ?? (await call('CreateIPSet', { Name, IPAddressVersion, Addresses: [] })).Summary
      arns[attribute] = String(recordOf(made).ARN)
    }
    return arns
  }

  async function removeIfEmpty({ Name, Id }: Found): Promise<void> {
    for (let round = 1; ; round++) {
      const { IPSet, LockToken } = await call('GetIPSet', { Name, Id })
      const { Addresses } = recordOf(IPSet)
      if (!Array.isArray(Addresses) || Addresses.length > 0) return
      try {
        await call('DeleteIPSet', { Name, Id, LockToken })
        return
      } catch (error) {
        if (error instanceof AwsError && error.name === 'WAFNonexistentItemException') return
        // The web ACL is gone, but not yet everywhere.
        if (round === removeTries || !(error instanceof AwsError) || error.name !== 'WAFAssociatedItemException') throw error
        await sleep(pauseMs)
      }
    }
  }

  async function remove(properties: ResourceEvent['ResourceProperties']): Promise<void> {
    const prefix = textOf(properties, 'Prefix')
    const there = await list()
    for (const { suffix } of sets) {
      const found = there.get(`${prefix}-${suffix}`)
      if (found !== undefined) await removeIfEmpty(found)
    }
  }

  return { id: 'ip-sets', ensure, remove }
}
