import type { Change } from './change.ts'
import { type Cidr, cidrText, covers } from './cidr.ts'
import { guardBlock, keysShutOut, type RestrictedKey } from './guard.ts'
import { type List, rangesOf } from './lists.ts'
import { readSets, type SetContents } from './sets.ts'

/** What only an asker of `block` knows. */
export interface BlockSurroundings {
  /** The caller's own addresses, as far as they are known. */
  readonly mine: readonly Cidr[]
  readonly wide: boolean
  readonly keys: readonly RestrictedKey[]
}

function within(sets: readonly SetContents[], list: List, cidrs: readonly Cidr[]): string[] {
  const there = rangesOf(sets.filter((set) => set.list === list).flatMap(({ addresses }) => addresses))
  return cidrs.flatMap((cidr) => {
    const wider = there.find((one) => one.prefix < cidr.prefix && covers(one, cidr))
    return wider === undefined ? [] : [`${cidrText(cidr)} lies in ${cidrText(wider)}, which is in the same list.`]
  })
}

/**
 * Looks at everything before anything is blocked.
 * @returns what is worth saying
 * @throws Problem `lockout-refused` if any of them would lock out somebody who must get in: then none is blocked
 */
export async function checkBlock(
  { waf }: Pick<Change, 'waf'>,
  cidrs: readonly Cidr[],
  around: BlockSurroundings,
): Promise<string[]> {
  const sets = await readSets(waf)
  const allowed = rangesOf(sets.filter(({ list }) => list === 'allow').flatMap(({ addresses }) => addresses))
  const remarks = cidrs.flatMap((cidr) => guardBlock(cidr, { ...around, allowed }))
  return [...remarks, ...within(sets, 'block', cidrs), ...keysShutOut(cidrs, around.keys)]
}

/** @returns what is worth saying of addresses that are to be allowed */
export async function checkAllow({ waf }: Pick<Change, 'waf'>, cidrs: readonly Cidr[]): Promise<string[]> {
  const sets = await readSets(waf)
  const blocked = rangesOf(sets.filter(({ list }) => list === 'block').flatMap(({ addresses }) => addresses))
  const both = cidrs.flatMap((cidr) => {
    const hit = blocked.find((one) => covers(one, cidr))
    return hit === undefined ? [] : [`${cidrText(cidr)} is blocked too, as ${cidrText(hit)}; the rule that comes first counts.`]
  })
  return [...both, ...within(sets, 'allow', cidrs)]
}
