import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type Change, type Place, removeEntries } from './change.ts'
import { type Cidr, cidrText, covers, readCidr } from './cidr.ts'
import { readNotes } from './notes.ts'
import { readSets } from './sets.ts'

export interface Unblocked {
  readonly removed: readonly Place[]
  readonly remarks: readonly string[]
}

function absent(cidr: Cidr, entries: readonly Place[]): string {
  const text = cidrText(cidr)
  const wider = entries.find(({ address }) => {
    const range = readCidr(address)
    return range !== undefined && covers(range, cidr)
  })
  if (wider === undefined) return `${text} is not on a list.`
  return `${text} is not an entry itself: ${wider.address} on the ${wider.list} list contains it.`
}

/**
 * Removes addresses from both lists.
 * @throws Problem `entry-unknown` if none of them is on a list
 */
export async function unblock(change: Change, cidrs: readonly Cidr[]): Promise<Unblocked> {
  const sets = await readSets(change.waf)
  const entries = sets.flatMap(({ list, addresses }) => addresses.map((address): Place => ({ list, address })))
  const wanted = new Set(cidrs.map(cidrText))
  const found = entries.filter(({ address }) => wanted.has(address))
  const remarks = cidrs
    .filter((cidr) => !found.some(({ address }) => address === cidrText(cidr)))
    .map((cidr) => absent(cidr, entries))
  if (found.length === 0) throw new Problem('entry-unknown', remarks.join(' '), { next: apigw('waf list') })
  const before = change.notes === undefined ? [] : await readNotes(change.notes, change.waf.acl.arn)
  const texts = found.map(({ list, address }) => `${list} ${address}`).join(', ')
  return { removed: await removeEntries(change, found, before, `waf: remove ${texts}`), remarks }
}
