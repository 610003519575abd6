import type { Carrier } from '../../domain/carrier.ts'
import { apigw, type NextStep } from '../../domain/next-step.ts'
import { isManaged } from '../../domain/table-rules.ts'
import { type Database, type Migration, openDatabase, type TableFault } from '../../runtime/ports/index.ts'

export interface DatabasePlace {
  readonly address: string
  readonly password?: string | undefined
}

export interface SchemaState {
  readonly database: string
  readonly pending: readonly Migration[]
}

/** Why a carrier's table does not accept all rows of the worker, and what to do about it. */
export interface CarrierFault extends Pick<TableFault, 'column' | 'detail' | 'keepsOut'> {
  readonly fix: NextStep
}

/** Whether a carrier's table accepts the rows that the worker writes. */
export interface CarrierState {
  readonly queue: string
  readonly table: string
  /** Whether the worker reads the queue. It does not while the table rejects every row. */
  readonly served: boolean
  readonly faults: readonly CarrierFault[]
}

export interface SchemaStatus extends SchemaState {
  readonly carriers: readonly CarrierState[]
}

/** Opens the database where there is a place, runs `work` and closes it. @throws Problem `database-unavailable`, `config-invalid` */
export async function withDatabase<T>(
  place: DatabasePlace | undefined,
  work: (database: Database | undefined) => Promise<T>,
): Promise<T> {
  if (place === undefined) return work(undefined)
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** The pending migrations. @throws Problem `database-unavailable`, `config-invalid` */
export async function schemaState(place: DatabasePlace): Promise<SchemaState> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    return { database: shown(place.address), pending: await database.pending() }
  } finally {
    await database.close()
  }
}

/**
 * The pending migrations, and the rows that carriers' tables reject. If a table seems to reject every row, a trial row is
 * inserted and rolled back (see `Database.takes`).
 * @throws Problem `database-unavailable`, `config-invalid`
 */
export async function schemaStatus(place: DatabasePlace, carriers: readonly Carrier[]): Promise<SchemaStatus> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    const pending = await database.pending()
    const found: CarrierState[] = []
    for (const carrier of carriers) found.push(await carrierState(database, carrier, pending.length > 0))
    return { database: shown(place.address), pending, carriers: found }
  } finally {
    await database.close()
  }
}

/** The fix of a fault that `schema apply` mends. */
const applied = 'apigw schema apply'

/** @param willBeCreated whether `schema apply` has yet to run, which completes the tables that apigw manages */
async function carrierState(database: Database, carrier: Carrier, willBeCreated: boolean): Promise<CarrierState> {
  const { queue, table } = carrier
  const all = await database.tableFaults(carrier)
  // `schema apply` creates a table that apigw manages, and adds the columns that it lacks.
  const isApplied = ({ fix }: TableFault): boolean => isManaged(carrier) && fix === applied
  const faults = all
    .filter((fault) => !(willBeCreated && isApplied(fault)))
    .map((fault): CarrierFault => {
      const { table: _table, ...shown } = fault
      return isApplied(fault) ? { ...shown, fix: apigw('schema apply') } : shown
    })
  return { queue, table, served: faults.every(({ keepsOut }) => keepsOut === 'some'), faults }
}

/** Applies pending migrations, and creates the missing tables that apigw manages. */
export async function applySchema(place: DatabasePlace, carriers: readonly Carrier[]): Promise<SchemaState> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    return { database: shown(place.address), pending: await database.migrate(carriers) }
  } finally {
    await database.close()
  }
}

/** The maximum number of outcomes that `reportLag` reads per carrier. */
export const maxOutcomesRead = 1_000

export interface ReportLag {
  readonly queue: string
  /** Outcomes without a report, at most `maxOutcomesRead`. */
  readonly outcomes: number
  /** The time of the oldest, in milliseconds since 1970. */
  readonly oldestAt?: number
}

/** The outcomes of each carrier that have no report yet. @throws Problem `database-unavailable`, `schema-outdated` */
export async function reportLag(place: DatabasePlace, carriers: readonly Carrier[]): Promise<ReportLag[]> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    const lags: ReportLag[] = []
    for (const carrier of carriers) {
      const finals = await database.outcomes(carrier, maxOutcomesRead)
      const [oldest] = finals
      lags.push({ queue: carrier.queue, outcomes: finals.length, ...(oldest !== undefined && { oldestAt: oldest.at }) })
    }
    return lags
  } finally {
    await database.close()
  }
}

export interface HeldState {
  readonly queue: string
  /** Messages that are held. */
  readonly count: number
  /** When the oldest was due, or is; in milliseconds since 1970. */
  readonly oldestDueAt?: number
}

/** The held messages of each carrier. @throws Problem `database-unavailable`, `schema-outdated` */
export async function heldState(place: DatabasePlace, carriers: readonly Carrier[]): Promise<HeldState[]> {
  const database = await openDatabase(place.address, { password: place.password, connections: 1 })
  try {
    const states: HeldState[] = []
    for (const carrier of carriers) states.push({ queue: carrier.queue, ...(await database.held.waiting(carrier)) })
    return states
  } finally {
    await database.close()
  }
}

/** An address without its password. */
function shown(address: string): string {
  return address.replace(/^([a-z]+:\/\/[^/:@]*):[^/@]*@/, '$1@')
}
