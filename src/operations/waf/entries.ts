import type { Family } from './cidr.ts'
import type { List } from './lists.ts'
import { type Note, sameEntry } from './notes.ts'
import type { SetContents } from './sets.ts'

/**
 * active: on the list, with a note. due: expired. by-hand: on the list without a note. missing: a note without an entry on
 * the list. unknown: on the list, but the notes could not be read.
 */
type State = 'active' | 'due' | 'by-hand' | 'missing' | 'unknown'

export interface Entry {
  readonly list: List
  readonly family: Family
  readonly address: string
  readonly state: State
  readonly note: Note | null
}

function stateOf(note: Note | undefined, now: number): State {
  if (note === undefined) return 'by-hand'
  return note.until !== null && note.until <= now ? 'due' : 'active'
}

function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4
}

/**
 * The entries of the lists, with their notes.
 * @param notes undefined: not readable
 */
export function entriesOf(sets: readonly SetContents[], notes: readonly Note[] | undefined, now: number): Entry[] {
  const keyOf = ({ list, address }: Pick<Note, 'list' | 'address'>) => `${list} ${address}`
  const known = new Map(notes?.map((note) => [keyOf(note), note]))
  const onLists = sets.flatMap(({ list, family, addresses }) =>
    addresses.map((address): Entry => {
      const note = known.get(keyOf({ list, address }))
      return { list, family, address, state: notes === undefined ? 'unknown' : stateOf(note, now), note: note ?? null }
    }),
  )
  const there = new Set(onLists.map(keyOf))
  const missing = (notes ?? [])
    .filter((note) => !there.has(keyOf(note)))
    .map((note): Entry => ({ list: note.list, family: familyOf(note.address), address: note.address, state: 'missing', note }))
  return [...onLists, ...missing]
}

/** How long a note may exist without its address: a running command writes the note first. */
const settleMs = 3_600_000

/** Notes without an entry: the address was removed by hand, never added, or has expired. */
export function strayNotes(entries: readonly Entry[], now: number): Note[] {
  return entries.flatMap(({ state, note }) => {
    if (state !== 'missing' || note === null) return []
    return note.at + settleMs < now || stateOf(note, now) === 'due' ? [note] : []
  })
}

export function dueNotes(entries: readonly Entry[]): Note[] {
  return entries.flatMap(({ state, note }) => (state === 'due' && note !== null ? [note] : []))
}

/** The notes without the unwanted ones; the same array if it contains none of them. */
export function notesWithout(notes: readonly Note[], unwanted: readonly Pick<Note, 'list' | 'address'>[]): readonly Note[] {
  const kept = notes.filter((note) => !unwanted.some((one) => sameEntry(one, note)))
  return kept.length === notes.length ? notes : kept
}
