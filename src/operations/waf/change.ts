import { isDeepStrictEqual } from 'node:util'
import { type Cidr, cidrText } from './cidr.ts'
import { dueNotes, entriesOf, notesWithout, strayNotes } from './entries.ts'
import type { List } from './lists.ts'
import { changeNotes, type Note, type NoteStore, readNotes, sameEntry } from './notes.ts'
import type { Waf } from './open.ts'
import { changeSet, readSets, setOf } from './sets.ts'

/** The context of a change. */
export interface Change {
  readonly waf: Waf
  /** undefined: no notes are written. */
  readonly notes: NoteStore | undefined
  readonly dryRun: boolean
  readonly now: number
}

/** The fields of a note that an operator sets. */
export type NoteInput = Pick<Note, 'until' | 'by' | 'from' | 'reason'>

/** Identifies an entry by its list and address. */
export type Place = Pick<Note, 'list' | 'address'>

const familyOf = (address: string) => (address.includes(':') ? 6 : 4)
const families = [4, 6] as const

/** The maximum number of addresses in a line of the audit log; further ones are only counted. */
const maxNamed = 5

function named(places: readonly Place[]): string {
  const names = places.slice(0, maxNamed).map(({ list, address }) => `${list} ${address}`)
  const more = places.length - names.length
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`
}

/** Updates each IP set, one per list and address family. */
async function updateSets({ waf, dryRun }: Change, places: readonly Place[], kind: 'add' | 'remove'): Promise<Place[]> {
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

export interface AddedEntries {
  readonly entries: readonly Place[]
  /** The addresses that were not on the list before. */
  readonly added: readonly string[]
}

/**
 * Adds addresses to a list. Writes the note before the address, so an interrupted command never leaves an address without its
 * expiry.
 */
export async function addEntries(change: Change, list: List, cidrs: readonly Cidr[], why: NoteInput): Promise<AddedEntries> {
  const entries = cidrs.map((cidr) => ({ list, address: cidrText(cidr) }))
  // Fails on a full or missing set before a note is written.
  await updateSets({ ...change, dryRun: true }, entries, 'add')
  if (change.notes !== undefined && !change.dryRun) {
    const notes = entries.map((entry): Note => ({ ...entry, ...why, at: change.now }))
    const what = `waf: ${named(entries)}: ${why.reason}`
    await changeNotes(change.notes, change.waf.acl.arn, what, (before) => [...notesWithout(before, entries), ...notes])
  }
  return { entries, added: (await updateSets(change, entries, 'add')).map(({ address }) => address) }
}

/**
 * Removes entries: the address first, then its note. If a note was renewed in the meantime, the entry is added again.
 * @param before the notes on which the decision was based
 * @returns the removed entries
 */
export async function removeEntries(
  change: Change,
  places: readonly Place[],
  before: readonly Note[],
  what: string,
): Promise<Place[]> {
  const removed = await updateSets(change, places, 'remove')
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
  await updateSets(change, renewed, 'add')
  return removed.filter((place) => !renewed.some((note) => sameEntry(note, place)))
}

/**
 * Removes expired entries, and notes without an entry.
 * @returns the removed entries
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
  return due.length === 0 ? [] : removeEntries(change, due, notes, `waf: expired ${named(due)}`)
}
