import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { Ref, WafApi } from './api.ts'
import { type List, maxAddresses, normalized, type SetKey } from './lists.ts'
import type { Waf } from './open.ts'
import { retryUntilSaved } from './retry.ts'

/** The contents of one IP set. */
export interface SetContents extends SetKey {
  readonly name: string
  /** In the format of `cidrText`; text that is not an address is unchanged. */
  readonly addresses: readonly string[]
}

/** Reads the sets that exist. */
export async function readSets({ api, sets }: Waf, list?: List): Promise<SetContents[]> {
  const wanted = sets.filter((set) => list === undefined || set.list === list)
  const read = await Promise.all(
    wanted.map(async ({ list: own, family, name, ref }) => {
      if (ref === undefined) return []
      return [{ list: own, family, name, addresses: (await api.ipSet(ref)).addresses.map(normalized) }]
    }),
  )
  return read.flat()
}

/** @throws Problem `web-acl-unknown` if the set does not exist */
export function setOf({ sets, deploy }: Waf, list: List, family: SetKey['family']): Ref {
  const set = sets.find((one) => one.list === list && one.family === family)
  if (set?.ref !== undefined) return set.ref
  throw new Problem('web-acl-unknown', `The web ACL has no IP set "${set?.name}".`, { next: deploy })
}

/** The addresses that an update added and removed. */
export interface SetChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

function full(name: string, asked: number, room: number): Problem {
  return new Problem(
    'ip-set-full',
    `${name} has room for ${room} of the ${asked} addresses. The limit of AWS WAF is ${maxAddresses.toLocaleString('en-US')}.`,
    { next: step`${apigw('waf list', '--sweep')}; then block ranges instead of single addresses` },
  )
}

/**
 * Adds and removes addresses of a set in one update. All other addresses stay, including concurrent additions. The addresses
 * are in the format of `cidrText`.
 */
export function changeSet(
  api: WafApi,
  ref: Ref,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  dryRun: boolean,
): Promise<SetChange> {
  const unwanted = new Set(remove)
  return retryUntilSaved(ref.name, async () => {
    const stored = await api.ipSet(ref)
    const kept = stored.addresses.filter((text) => !unwanted.has(normalized(text)))
    const there = new Set(kept.map(normalized))
    const added = add.filter((address) => !there.has(address))
    const removed = stored.addresses.map(normalized).filter((address) => unwanted.has(address))
    if (added.length === 0 && removed.length === 0) return { added, removed }
    if (kept.length + added.length > maxAddresses) throw full(ref.name, added.length, maxAddresses - kept.length)
    if (dryRun) return { added, removed }
    const saved = await api.saveIpSet(ref, { ...stored, addresses: [...kept, ...added] })
    return saved ? { added, removed } : undefined
  })
}
