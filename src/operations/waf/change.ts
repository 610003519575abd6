import { isDeepStrictEqual } from 'node:util'
import { type Cidr, cidrText } from './cidr.ts'
import { dueNotes, entriesOf, notesWithout, strayNotes } from './entries.ts'
import type { List } from './lists.ts'
import { changeNotes, type Note, type NoteStore, readNotes, sameEntry } from './notes.ts'
import type { Waf } from './open.ts'
import { changeSet, readSets, setOf } from './sets.ts'

/** What every change is made with. */
export interface Change {
  readonly waf: Waf
  /** undefined: nothing is noted. */
  readonly notes: NoteStore | undefined
  readonly dryRun: boolean
  readonly now: number
}

/** What is noted of an address. */
export type Why = Pick<Note, 'until' | 'by' | 'from' | 'reason'>

/** An entry of a list, by where it is. */
export type Place = Pick<Note, 'list' | 'address'>

const familyOf = (address: string) => (address.includes(':') ? 6 : 4)
const families = [4, 6] as const

/** How many addresses a line of the audit log names; what there are more is counted. */
const maxNamed = 5

function named(places: readonly Place[]): string {
  const names = places.slice(0, maxNamed).map(({ list, address }) => `${list} ${address}`)
  const more = places.length - names.length
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`
}

/** One update a set: what AWS WAF holds of each list and family. */
async function inSets({ waf, dryRun }: Change, places: readonly Place[], kind: 'add' | 'remove'): Promise<Place[]> {
  const done: Place[] = []
  for (const list of ['block', 'allow'] as const) {
    for (const family of families) {
      const own = places.filter((place) => place.list === list && familyOf(place.address) === family)
      if (own.length === 0) continue
      const addresses = own.map(({ address }) => address)
      const wanted = kind === 'add' ? { add: addresses, remove: [] } : { add: [], remove: addresses }
      const { added, removed } = await changeSet(waf.api, setOf(waf, list, family), wanted, dryRun)
      done.push(...[...added, ...removed].map((address) => ({ list, address })))
    }
  }
  return done
}

export interface Put {
  readonly entries: readonly Place[]
  /** The addresses of those that were not in the list before. */
  readonly added: readonly string[]
}

/**
 * Puts addresses into a list. The note is written before the address: whatever stops the command in between, no address
 * with an end is left without one.
 */
export async function addEntries(change: Change, list: List, cidrs: readonly Cidr[], why: Why): Promise<Put> {
  const entries = cidrs.map((cidr) => ({ list, address: cidrText(cidr) }))
  // A set that is full or not there is found out before anything is noted.
  await inSets({ ...change, dryRun: true }, entries, 'add')
  if (change.notes !== undefined && !change.dryRun) {
    const notes = entries.map((entry): Note => ({ ...entry, ...why, at: change.now }))
    const what = `waf: ${named(entries)}: ${why.reason}`
    await changeNotes(change.notes, change.waf.acl.arn, what, (before) => [...notesWithout(before, entries), ...notes])
  }
  return { entries, added: (await inSets(change, entries, 'add')).map(({ address }) => address) }
}

/**
 * Takes entries away: the address first, then its note. Whoever noted one of them anew in the meantime wants it in the
 * list: it is put back.
 * @param before the notes from which it was decided
 * @returns those that are gone from their list
 */
export async function takeEntries(
  change: Change,
  places: readonly Place[],
  before: readonly Note[],
  what: string,
): Promise<Place[]> {
  const removed = await inSets(change, places, 'remove')
  if (change.notes === undefined || change.dryRun) return removed
  let renewed: Note[] = []
  await changeNotes(change.notes, change.waf.acl.arn, what, (notes) => {
    const own = notes.filter((note) => places.some((place) => sameEntry(place, note)))
    renewed = own.filter((note) => !before.some((one) => isDeepStrictEqual(one, note)))
    return notesWithout(
      notes,
      own.filter((note) => !renewed.includes(note)),
    )
  })
  await inSets(change, renewed, 'add')
  return removed.filter((place) => !renewed.some((note) => sameEntry(note, place)))
}

/**
 * Takes away what is due, and forgets notes about nothing.
 * @returns what was taken away
 */
export async function sweep(change: Change): Promise<Place[]> {
  const { waf, notes: store, now, dryRun } = change
  if (store === undefined) return []
  const [sets, notes] = await Promise.all([readSets(waf), readNotes(store, waf.acl.arn)])
  const entries = entriesOf(sets, notes, now)
  const stray = strayNotes(entries, now)
  if (stray.length > 0 && !dryRun) {
    await changeNotes(store, waf.acl.arn, `waf: forget ${named(stray)}`, (current) =>
      notesWithout(
        current,
        stray.filter((note) => current.some((one) => isDeepStrictEqual(one, note))),
      ),
    )
  }
  const due = dueNotes(entries)
  return due.length === 0 ? [] : takeEntries(change, due, notes, `waf: the time of ${named(due)} is over`)
}
