import type { Carrier } from '../domain/carrier.ts'
import { type Migration, openDatabase } from '../runtime/ports/index.ts'

export interface DatabasePlace {
  readonly address: string
  readonly password?: string | undefined
}

export interface SchemaState {
  readonly database: string
  readonly pending: readonly Migration[]
}

/** What still has to be applied. @throws Problem `database-unavailable`, `config-invalid` */
export async function schemaState(place: DatabasePlace): Promise<SchemaState> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    return { database: shown(place.address), pending: await database.pending() }
  } finally {
    await database.close()
  }
}

/** Applies what is missing, and makes the tables of ours that carriers lack. */
export async function applySchema(place: DatabasePlace, carriers: readonly Carrier[]): Promise<SchemaState> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    return { database: shown(place.address), pending: await database.migrate(carriers) }
  } finally {
    await database.close()
  }
}

/** Outcomes that `reportLag` reads of each carrier at most. */
export const maxOutcomesRead = 1_000

export interface ReportLag {
  readonly queue: string
  /** Outcomes without a report, at most `maxOutcomesRead`. */
  readonly outcomes: number
  /** When the oldest of them came, in milliseconds since 1970. */
  readonly oldestAt?: number
}

/** What carriers have ended and no report says yet. @throws Problem `database-unavailable`, `schema-outdated` */
export async function reportLag(place: DatabasePlace, carriers: readonly Carrier[]): Promise<ReportLag[]> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    const lags: ReportLag[] = []
    for (const carrier of carriers) {
      const finals = await database.finals(carrier, maxOutcomesRead)
      const [oldest] = finals
      lags.push({ queue: carrier.queue, outcomes: finals.length, ...(oldest !== undefined && { oldestAt: oldest.at }) })
    }
    return lags
  } finally {
    await database.close()
  }
}

/** An address without its password. */
function shown(address: string): string {
  return address.replace(/^([a-z]+:\/\/[^/:@]*):[^/@]*@/, '$1@')
}
