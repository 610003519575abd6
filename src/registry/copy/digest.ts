import { createHash } from 'node:crypto'
import { sortedOpen } from '../../domain/admission.ts'
import { recordOf } from '../../domain/record.ts'
import { releasedMs } from '../../domain/settling.ts'
import { countsKeptMs } from '../../domain/usage.ts'
import { type Entry, type EntryKind, entryKinds } from './entries.ts'

/** How many entries of one kind there are, and a digest of all of them that does not depend on their order. */
export interface Tally {
  readonly count: number
  readonly digest: string
}

export type Tallies = Readonly<Record<EntryKind, Tally>>

const modulus = 1n << 128n

/** A value as JSON with its fields in the order of their names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(recordOf(part)).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** What is compared of an entry. When it expires is not: Redis counts its remaining time, by a clock of its own. */
function compared(entry: Entry): unknown {
  switch (entry.kind) {
    case 'profile':
      return { ...entry, document: JSON.parse(entry.document) }
    case 'books': {
      const open = entry.open.map(sortedOpen)
      const runs = entry.runs.map(({ expiresAt: _, ...run }) => run)
      const byName = (a: string, b: string): number => (a < b ? -1 : 1)
      return {
        ...entry,
        open: open.sort((a, b) => byName(a.id, b.id)),
        runs: runs.sort((a, b) => byName(a.key, b.key)),
      }
    }
    case 'answer':
    case 'nonce': {
      const { expiresAt: _, ...lasting } = entry
      return lasting
    }
    default:
      return entry
  }
}

/** Until when an entry that expires is kept, in milliseconds since 1970; `undefined` for one that stays. */
export function keptUntil(entry: Entry): number | undefined {
  switch (entry.kind) {
    case 'retired':
    case 'returned':
      return entry.until
    case 'released':
      return entry.at + releasedMs
    case 'counts':
      return entry.hour + countsKeptMs
    case 'answer':
    case 'nonce':
      return entry.expiresAt
    default:
      return undefined
  }
}

/** Counts entries and adds their hashes up, so that two stores can be compared that list them in different orders. */
export class Digest {
  readonly #lastingUntil: number
  readonly #sums = new Map<EntryKind, { count: number; sum: bigint }>()

  /** @param lastingUntil what expires before this instant is not compared, since it may expire between two readings */
  constructor(lastingUntil: number) {
    this.#lastingUntil = lastingUntil
  }

  add(entries: readonly Entry[]): void {
    for (const entry of entries) this.#add(entry)
  }

  #add(entry: Entry): void {
    if ((keptUntil(entry) ?? Number.POSITIVE_INFINITY) <= this.#lastingUntil) return
    const lasting =
      entry.kind === 'books' ? { ...entry, runs: entry.runs.filter(({ expiresAt }) => expiresAt > this.#lastingUntil) } : entry
    const hash = createHash('sha256')
      .update(canonical(compared(lasting)))
      .digest('hex')
      .slice(0, 32)
    const { count, sum } = this.#sums.get(entry.kind) ?? { count: 0, sum: 0n }
    this.#sums.set(entry.kind, { count: count + 1, sum: (sum + BigInt(`0x${hash}`)) % modulus })
  }

  tallies(): Tallies {
    const tallies = entryKinds.map((kind): [EntryKind, Tally] => {
      const { count, sum } = this.#sums.get(kind) ?? { count: 0, sum: 0n }
      return [kind, { count, digest: sum.toString(16).padStart(32, '0') }]
    })
    return Object.fromEntries(tallies) as Record<EntryKind, Tally>
  }
}

/** The kinds in which two registries differ. */
export function differing(a: Tallies, b: Tallies): EntryKind[] {
  return entryKinds.filter((kind) => a[kind].count !== b[kind].count || a[kind].digest !== b[kind].digest)
}
