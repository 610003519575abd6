import type { Family } from './cidr.ts'
import type { List } from './lists.ts'
import { type Note, sameEntry } from './notes.ts'
import type { SetContents } from './sets.ts'

/**
 * active: in the list, and known since when and why. due: its time is over. by-hand: in the list, but nobody noted it
 * here. missing: noted, but not in the list. unknown: in the list, and the notes could not be read.
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
 * What is in the lists, with what is known of it.
 * @param notes undefined: they could not be read
 */
export function entriesOf(sets: readonly SetContents[], notes: readonly Note[] | undefined, now: number): Entry[] {
  const keyOf = ({ list, address }: Pick<Note, 'list' | 'address'>) => `${list} ${address}`
  const known = new Map(notes?.map((note) => [keyOf(note), note]))
  const inSets = sets.flatMap(({ list, family, addresses }) =>
    addresses.map((address): Entry => {
      const note = known.get(keyOf({ list, address }))
      return { list, family, address, state: notes === undefined ? 'unknown' : stateOf(note, now), note: note ?? null }
    }),
  )
  const there = new Set(inSets.map(keyOf))
  const missing = (notes ?? [])
    .filter((note) => !there.has(keyOf(note)))
    .map((note): Entry => ({ list: note.list, family: familyOf(note.address), address: note.address, state: 'missing', note }))
  return [...inSets, ...missing]
}

/** How long a note may be without its address: the time that a command may take between the one and the other. */
const settleMs = 3_600_000

/** Notes about nothing: the address was taken away by hand, never came in, or its time is over anyway. */
export function strayNotes(entries: readonly Entry[], now: number): Note[] {
  return entries.flatMap(({ state, note }) => {
    if (state !== 'missing' || note === null) return []
    return note.at + settleMs < now || stateOf(note, now) === 'due' ? [note] : []
  })
}

export function dueNotes(entries: readonly Entry[]): Note[] {
  return entries.flatMap(({ state, note }) => (state === 'due' && note !== null ? [note] : []))
}

/** The notes without some of them; the very same array where none of those is there. */
export function notesWithout(notes: readonly Note[], unwanted: readonly Pick<Note, 'list' | 'address'>[]): readonly Note[] {
  const kept = notes.filter((note) => !unwanted.some((one) => sameEntry(one, note)))
  return kept.length === notes.length ? notes : kept
}
