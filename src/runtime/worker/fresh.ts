import { Problem } from '../../domain/problem.ts'
import { type Frozen, frozenSince } from '../frozen.ts'
import type { Database } from '../ports/index.ts'
import type { CarrierDatabase } from './environment.ts'
import type { Observe } from './events.ts'

/** Longest that a database in the same network takes to say that it is there. */
const proveMs = 1_500

/** Whether the database still answers over the connection that there is. One that is gone never answers. */
export async function answers(database: Database): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), proveMs)
  })
  const answered = database.pending().then(
    () => true,
    () => false,
  )
  return Promise.race([answered, late]).finally(() => clearTimeout(timer))
}

export interface FreshParts<Event> {
  open(): Promise<CarrierDatabase>
  readonly observe: Observe
  /** Handles an event with this database. @returns what of it was not written */
  handle(event: Event, connected: CarrierDatabase, observe: Observe): Promise<Event | undefined>
  readonly frozen?: Frozen
}

/**
 * Handles events of a function that Lambda may freeze between two of them: a database that does not answer any more over the
 * connection that there was is opened again, and what the database did not take is tried once more over a new connection.
 * Without that the first event after a pause would wait for its visibility timeout to pass. Writing twice is harmless: the
 * ids of messages that were written are remembered.
 *
 * @returns a function that gives back what was not written even so
 * @throws Problem what `open` throws; the next event opens again
 */
export function overFreshConnection<Event>(parts: FreshParts<Event>): (event: Event) => Promise<Event | undefined> {
  const { open, observe, handle, frozen = frozenSince() } = parts
  let current: Promise<CarrierDatabase> | undefined

  const connection = (): Promise<CarrierDatabase> => {
    const opening = current ?? open()
    current = opening
    // What could not be opened is tried again by the next event.
    opening.catch(() => {
      if (current === opening) current = undefined
    })
    return opening
  }
  const newConnection = (old: CarrierDatabase): Promise<CarrierDatabase> => {
    // Closing says goodbye over a connection that may be gone, so no answer is waited for.
    void old.database.close().catch(() => undefined)
    current = undefined
    return connection()
  }
  const checkedConnection = async (): Promise<CarrierDatabase> => {
    const found = await connection()
    return !frozen.begin() || (await answers(found.database)) ? found : newConnection(found)
  }

  return async (event) => {
    try {
      const first = await checkedConnection()
      let away = false
      const left = await handle(event, first, (seen) => {
        away ||= seen.kind === 'failed' && seen.error instanceof Problem && seen.error.code === 'database-unavailable'
        observe(seen)
      })
      if (left === undefined || !away) return left
      const second = await newConnection(first).catch(() => undefined)
      return second === undefined ? left : handle(left, second, observe)
    } finally {
      frozen.end()
    }
  }
}
