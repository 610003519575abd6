import type { Carrier } from '../../domain/carrier.ts'
import { afterLook, type Erasure, isOf, rememberedMs } from '../../domain/erasure.ts'
import type { Database, ErasureOwner, Ledger, Owner, Searched } from '../ports/index.ts'

/** Rows that one step of a search reads. */
const stepRows = 2_000
/** How often progress is stored, in milliseconds: what a process that dies does again. */
const saveEveryMs = 2_000

export interface ErasureParts {
  readonly ledger: Ledger
  readonly database: Pick<Database, 'erase' | 'eraseFound' | 'held'>
  readonly carriers: readonly Carrier[]
  readonly now?: () => number
}

interface Messages {
  erased: number
  waiting: number
  readonly failures: Set<string>
}

/** Held messages that their customer has cancelled leave the database at once, not when they would have been due. */
async function endCancelled(
  { ledger, database, carriers }: ErasureParts,
  owner: Owner,
  held: readonly { readonly id: string; readonly queue: string }[],
): Promise<void> {
  if (held.length === 0) return
  const standings = await ledger.decisions.standings(
    owner,
    held.map(({ id }) => id),
  )
  for (const { id, queue } of held) {
    const verdict = standings.get(id)?.verdict
    const carrier = carriers.find((one) => one.queue === queue)
    if (verdict?.kind !== 'cancelled' || carrier === undefined) continue
    const { customer, environment } = owner
    await database.held.end(carrier, [{ id, customer, environment, as: verdict.open ? 'cancelled' : 'reported' }])
  }
}

/** Erases the messages of an owner to the person that the ledger knows. */
async function eraseKnown(
  parts: ErasureParts,
  at: number,
  { hashes, ...owner }: ErasureOwner,
  messages: Messages,
): Promise<void> {
  const { ledger, database, carriers, now = Date.now } = parts
  for (const hash of hashes) {
    let after: string | undefined
    do {
      const page = await ledger.erasures.entries(owner, hash, at, after)
      const ids = page.entries.map((entry) => entry.id)
      if (ids.length === 0) break
      const first = await database.erase(carriers, ids, true)
      await endCancelled(parts, owner, first.held)
      const known = await ledger.standings(owner, ids)
      const isOpen = (one: string): boolean => {
        const status = known.get(one)?.status
        return status === 'queued' || status === 'scheduled' || (first.waiting.has(one) && status !== 'cancelled')
      }
      // A table that refused the change still has its rows: the entries are how they are found again.
      const settled = first.failures.length > 0 ? [] : page.entries.filter((entry) => !isOpen(entry.id))
      for (const failure of first.failures) messages.failures.add(failure)
      await ledger.erasures.forget(owner, hash, settled, now())
      messages.erased += settled.length
      messages.waiting += page.entries.filter((entry) => isOpen(entry.id)).length
      after = page.after
    } while (after !== undefined)
  }
}

/**
 * One look at a request: first the messages that the ledger knows, then the tables of carriers, where rows are older than what the
 * ledger keeps. The database comes before the ledger, so a process that dies in between repeats what it did, and misses nothing.
 * @param ends whether the time for it is over; it continues where it was
 * @param save stores progress; false: the request was changed by a different process, which continues it
 * @returns the request after it; `undefined`: a different process continues it
 */
export async function look(
  parts: ErasureParts,
  given: Erasure,
  ends: () => boolean,
  save: (erasure: Erasure) => Promise<boolean>,
): Promise<Erasure | undefined> {
  const { ledger, database, carriers, now = Date.now } = parts
  const messages: Messages = { erased: 0, waiting: 0, failures: new Set() }
  let owners = await ledger.erasures.owners(given.id)
  while (owners.length > 0) {
    for (const owner of owners) await eraseKnown(parts, given.at, owner, messages)
    owners = await ledger.erasures.owners(given.id, owners.at(-1))
  }
  const { match, place } = given
  const isDue = match !== undefined && now() >= given.walkAt
  const begins = isDue && place === undefined
  let erasure: Erasure = {
    ...given,
    messages: given.messages + messages.erased,
    met: begins ? 0 : given.met,
    failures: [...new Set([...(begins ? [] : given.failures), ...messages.failures])],
  }
  const { waiting } = messages
  if (!isDue) return afterLook(erasure, { waiting, tables: 'not due' }, now())
  const search = {
    isPerson: (written: string) => isOf(match, written),
    customer: erasure.customer,
    limit: stepRows,
    write: true,
  }
  for (let savedAt = now(); ; ) {
    const step = await database.eraseFound(carriers, search, erasure.place)
    erasure = stepped(erasure, step)
    if (step.next === undefined) return afterLook(erasure, { waiting, tables: 'ended' }, now())
    if (ends()) return afterLook(erasure, { waiting, tables: 'begun' }, now())
    if (now() - savedAt < saveEveryMs) continue
    if (!(await save(erasure))) return undefined
    savedAt = now()
  }
}

function stepped({ place: _, ...rest }: Erasure, { rows, met, failures, next }: Searched): Erasure {
  return {
    ...rest,
    messages: rest.messages + rows,
    met: rest.met + met,
    failures: [...new Set([...rest.failures, ...failures])],
    ...(next && { place: next }),
  }
}

/** Continues requests that are due: what a worker does between its rounds. */
export class Eraser {
  readonly #parts: ErasureParts

  constructor(parts: ErasureParts) {
    this.#parts = parts
  }

  /**
   * @param maxMs how long it may take
   * @returns how many requests were looked at
   */
  async once(maxMs: number): Promise<number> {
    const { ledger, now = Date.now } = this.#parts
    const endsAt = performance.now() + maxMs
    const ends = (): boolean => performance.now() >= endsAt
    let looked = 0
    for (const { value, revision } of await ledger.erasures.open()) {
      if (value.nextAt > now() || ends()) continue
      await this.request(value, revision, ends)
      looked += 1
    }
    return looked
  }

  /**
   * One look at one request, whether it is due or not.
   * @returns the request after it; `undefined`: a different process continues it
   */
  async request(erasure: Erasure, revision: number, ends: () => boolean): Promise<Erasure | undefined> {
    const { ledger, now = Date.now } = this.#parts
    let last = revision
    const save = async (value: Erasure): Promise<boolean> => {
      const isMine = await ledger.erasures.save(value, last)
      last += 1
      return isMine
    }
    // A claim: a second process that reads the request now finds that it is not due.
    if (!(await save({ ...erasure, nextAt: now() + 60_000 }))) return undefined
    const after = await look(this.#parts, erasure, ends, save)
    if (after === undefined || !(await save(after))) return undefined
    if (after.doneAt !== undefined) await ledger.erasures.finish(after, Math.floor((now() + rememberedMs) / 1000))
    return after
  }
}
