import type { Change } from './change.ts'
import { type Cidr, cidrText, covers } from './cidr.ts'
import { blockedKeys, guardBlock, type RestrictedKey } from './guard.ts'
import { type List, rangesOf } from './lists.ts'
import { readSets, type SetContents } from './sets.ts'

/** What the caller of `block` provides. */
export interface BlockInput {
  /** The operator's own addresses, if known. */
  readonly mine: readonly Cidr[]
  readonly wide: boolean
  readonly keys: readonly RestrictedKey[]
}

function within(sets: readonly SetContents[], list: List, cidrs: readonly Cidr[]): string[] {
  const there = rangesOf(sets.filter((set) => set.list === list).flatMap(({ addresses }) => addresses))
  return cidrs.flatMap((cidr) => {
    const wider = there.find((one) => one.prefix < cidr.prefix && covers(one, cidr))
    return wider === undefined ? [] : [`${cidrText(cidr)} is part of ${cidrText(wider)}, which is on the same list.`]
  })
}

/**
 * Checks all ranges before any is blocked.
 * @returns remarks about the accepted ranges
 * @throws Problem `lockout-refused` if one of them must not be blocked; then none is
 */
export async function checkBlock({ waf }: Pick<Change, 'waf'>, cidrs: readonly Cidr[], input: BlockInput): Promise<string[]> {
  const sets = await readSets(waf)
  const allowed = rangesOf(sets.filter(({ list }) => list === 'allow').flatMap(({ addresses }) => addresses))
  const remarks = cidrs.flatMap((cidr) => guardBlock(cidr, { ...input, allowed }))
  return [...remarks, ...within(sets, 'block', cidrs), ...blockedKeys(cidrs, input.keys)]
}

/** @returns remarks about ranges to allow */
export async function checkAllow({ waf }: Pick<Change, 'waf'>, cidrs: readonly Cidr[]): Promise<string[]> {
  const sets = await readSets(waf)
  const blocked = rangesOf(sets.filter(({ list }) => list === 'block').flatMap(({ addresses }) => addresses))
  const both = cidrs.flatMap((cidr) => {
    const hit = blocked.find((one) => covers(one, cidr))
    return hit === undefined
      ? []
      : [`${cidrText(cidr)} is also blocked, as ${cidrText(hit)}. The rule with the lower priority number applies.`]
  })
  return [...both, ...within(sets, 'allow', cidrs)]
}
