import type { TableMap } from '../../domain/table-map.ts'
import { writeTime } from '../../domain/wall-clock.ts'
import { type Engine, marks, Refusal, type Session, type Value, withNamesOf } from '../sql/index.ts'
import { type Claim, claimFrom, claimText } from './claims.ts'
import { countRows, type RowCounts } from './counts.ts'
import { readDetails } from './details.ts'
import { FinishedRows, type Moved } from './finished-rows.ts'
import { messageKey } from './identity.ts'
import { logTables } from './log-tables.ts'
import { decoded, selectList } from './raw-charset.ts'
import { applyToRecipients } from './recipients.ts'
import { columnsOf, rowsFrom, type TableRow } from './rows.ts'
import { idsOf, type RowChange, setsOf, whereOf } from './statements.ts'

/** Rows that one statement names by their keys. */
const keysPerStatement = 500

/** Rows in the states of a sender: the customer's table over any engine. */
export class CustomerTable {
  /** As it was given: identities and the journal do not depend on the case of names in the database. */
  readonly #given: TableMap
  /** With the names of the database, once they are known. */
  #named: TableMap | undefined
  readonly #engine: Engine
  /** How far the database's clock is ahead of this machine's, in milliseconds. */
  #aheadMs = 0
  /** Tables of months that are known to be there. */
  readonly #logs = new Set<string>()
  #finished: FinishedRows | undefined
  readonly #now: () => number

  /** @param now this machine's clock */
  constructor(engine: Engine, map: TableMap, now: () => number = Date.now) {
    this.#engine = engine
    this.#given = map
    this.#now = now
  }

  get map(): TableMap {
    return this.#named ?? this.#given
  }

  get name(): string {
    return this.#given.table
  }

  /** Names the table's rows in the journal: several maps may serve one table. */
  get target(): string {
    const { table, where } = this.#given
    return where === undefined ? table : `${table} ${JSON.stringify(where)}`
  }

  /** The database's clock: it decides what is due (two clocks that differ would send a row early or late). */
  now(): number {
    return this.#now() + this.#aheadMs
  }

  /**
   * Reads the names of the table and its columns, once, and compares the clocks. Nothing else is called before it.
   * @returns how far the database's clock is ahead, in milliseconds
   */
  async connect(): Promise<number> {
    this.#named ??= await withNamesOf(this.#engine, this.#given)
    this.#aheadMs = await this.#engine.transaction(async (session) => (await this.#engine.now(session)) - this.#now())
    return this.#aheadMs
  }

  /**
   * Keys of rows that are due, the oldest first and then the newest; of those that are due in one second, by their keys. The newest get a share of their own, so that a one-time
   * password does not wait behind a campaign. It takes no lock: a locking read that needs a sort would lock every candidate.
   * @param except keys that are left out, up to 1,000
   */
  async dueKeys(oldest: number, newest: number, except: readonly string[] = []): Promise<string[]> {
    const { quoted, dialect } = this.#engine
    const { key, columns, status, table } = this.map
    const { sql, values } = whereOf(this.map, this.#engine)
    const others = except.length === 0 ? '' : ` AND ${quoted(key)} NOT IN ${marks(except.length)}`
    const due = {
      columns: `${dialect.key(key)} AS k`,
      table,
      where: `${quoted(status.column)} = ? AND ${quoted(columns.dueAt)} <= ?${sql}${others}`,
      values: [status.ready, this.#time(this.now()), ...values, ...except],
    }
    return this.#engine.transaction(async (session) => {
      const select = (order: 'ASC' | 'DESC', limit: number) => {
        const statement = dialect.select({ ...due, order: `${quoted(columns.dueAt)} ${order}, ${quoted(key)} ${order}`, limit })
        return session.all(statement.sql, statement.values)
      }
      const first = await select('ASC', oldest)
      const last = first.length < oldest || newest === 0 ? [] : await select('DESC', newest)
      return [...new Set([...first, ...last].map(({ k }) => String(k)))]
    })
  }

  /**
   * Claims rows that are still ready, by their primary keys, in one short transaction.
   * @returns the rows that were claimed, as they are now
   */
  async claim(keys: readonly string[], agent: string): Promise<TableRow[]> {
    const { status } = this.map
    return this.#take(keys, [status.ready], agent, () => true)
  }

  /** Takes over rows that were claimed and not accepted. @param isAbandoned decides by row whether to */
  async takeOver(keys: readonly string[], agent: string, isAbandoned: (row: TableRow) => boolean): Promise<TableRow[]> {
    return this.#take(keys, [this.map.status.claimed], agent, isAbandoned)
  }

  async #take(
    keys: readonly string[],
    from: readonly Value[],
    agent: string,
    isWanted: (row: TableRow) => boolean,
  ): Promise<TableRow[]> {
    if (keys.length === 0) return []
    const { quoted } = this.#engine
    const { key, status, claim } = this.map
    const mark = claimText({ agent, at: this.now() })
    // In one order, so that two agents do not wait for each other.
    const sorted = [...new Set(keys)].toSorted()
    const sets = [`${quoted(status.column)} = ?`, ...(claim === undefined ? [] : [`${quoted(claim)} = ?`])]
    const values: Value[] = [status.claimed, ...(claim === undefined ? [] : [mark])]
    return this.#engine.transaction(async (session) => {
      const locked = (await this.#rows(session, this.map.table, sorted, from, true)).filter(isWanted)
      if (locked.length === 0) return []
      const rows = await readDetails(session, this.#engine, this.map, locked)
      const taken = [...new Set(rows.map((row) => row.key))]
      const update = `UPDATE ${quoted(this.map.table)} SET ${sets.join(', ')} WHERE ${quoted(key)} IN ${marks(taken.length)}`
      await session.run(update, [...values, ...taken])
      return rows
    })
  }

  /** The rows with these keys in the states that a row passes on its way. */
  async read(keys: readonly string[], states: readonly Value[]): Promise<TableRow[]> {
    return this.#engine.transaction(async (session) => {
      const rows: TableRow[] = []
      for (let from = 0; from < keys.length; from += keysPerStatement) {
        const some = await this.#rows(session, this.map.table, keys.slice(from, from + keysPerStatement), states, false)
        rows.push(...(await readDetails(session, this.#engine, this.map, some)))
      }
      return rows
    })
  }

  /** Keys of rows that are claimed, by whomever, up to `limit`. */
  async claimedKeys(limit: number): Promise<string[]> {
    const { quoted, dialect } = this.#engine
    const { key, status, claim, table } = this.map
    const { sql, values } = whereOf(this.map, this.#engine)
    const marked = claim === undefined ? '' : ` AND ${quoted(claim)} LIKE 'apigw:%'`
    const where = `${quoted(status.column)} = ?${marked}${sql}`
    const columns = `${dialect.key(key)} AS k`
    const select = dialect.select({ columns, table, where, values: [status.claimed, ...values], limit })
    const rows = await this.#engine.transaction((session) => session.all(select.sql, select.values))
    return rows.map(({ k }) => String(k))
  }

  /**
   * Claimed rows of the last hour that no agent of apigw has claimed, counted up to a limit: another program sends from the table.
   * Always 0 where the table has no claim column.
   */
  async foreignClaims(limit: number): Promise<number> {
    const { quoted, dialect } = this.#engine
    const { columns, status, claim, table } = this.map
    if (claim === undefined) return 0
    const { sql, values } = whereOf(this.map, this.#engine)
    const now = this.now()
    const due = `${quoted(columns.dueAt)} BETWEEN ? AND ?`
    const where = `${quoted(status.column)} = ? AND ${due} AND ${dialect.isBlank(claim)}${sql}`
    const wanted = [status.claimed, this.#time(now - 3_600_000), this.#time(now), ...values]
    const count = dialect.count({ table, where, values: wanted, limit })
    const [row] = await this.#engine.transaction((session) => session.all(count.sql, count.values))
    return Number(row?.n)
  }

  /**
   * Writes what became of rows. A row is changed only if it still is the message that was sent, and has no outcome yet.
   * @returns the changes that found no row, here or in the tables of the months
   */
  async apply(changes: readonly RowChange[]): Promise<RowChange[]> {
    const missing: RowChange[] = []
    for (let from = 0; from < changes.length; from += keysPerStatement) {
      const some = changes.slice(from, from + keysPerStatement)
      const left = await this.#engine.transaction((session) => this.#applyIn(session, this.map.table, some))
      missing.push(...(await this.#applyToLogs(left)))
    }
    return missing
  }

  /** Moves some finished rows into their log tables, where the map says so. */
  async moveFinished(limit: number): Promise<Moved> {
    this.#finished ??= new FinishedRows(this.#engine, this.map)
    return this.#finished.move(this.now(), limit)
  }

  /** Counts of rows by their state, up to `limit` each, and the oldest that is due. */
  async counts(limit: number): Promise<RowCounts> {
    return countRows(this.#engine, this.map, { now: this.now(), limit })
  }

  /** Rows as they would be claimed next; nothing is changed. */
  async preview(limit: number): Promise<TableRow[]> {
    const keys = await this.dueKeys(limit, 0)
    return this.read(keys, [this.map.status.ready])
  }

  /** Who holds a row; `undefined`: its claim column says nothing that an agent wrote. */
  claimOf({ claim }: TableRow): Claim | undefined {
    return claim === undefined ? undefined : claimFrom(claim)
  }

  /** Whether an agent holds a row. Where the table has no claim column, each agent holds what is claimed. */
  isHeldBy(row: TableRow, agent: string): boolean {
    if (row.status !== String(this.map.status.claimed).trimEnd()) return false
    return this.map.claim === undefined || this.claimOf(row)?.agent === agent.slice(0, 12)
  }

  /** Whether the map has a value for a failure. */
  isMapped(code: string): boolean {
    const { codes } = this.map.result
    return codes === undefined || code in codes
  }

  /** The key of a row's message. */
  messageKeyOf(row: TableRow): string {
    const { own, subject: _subject, name: _name, ...rest } = row
    return messageKey({ ...rest, ...own, table: this.name })
  }

  async #applyIn(session: Session, table: string, changes: readonly RowChange[]): Promise<RowChange[]> {
    const { status } = this.map
    const keys = [...new Set(changes.map(({ key }) => key))]
    const open = [status.ready, status.claimed, status.accepted, ...(status.unknown === undefined ? [] : [status.unknown])]
    const rows = await this.#rows(session, table, keys, open, true)
    const byKey = Map.groupBy(
      rows.map((row) => ({ row, messageKey: this.messageKeyOf(row) })),
      ({ row }) => row.key,
    )
    const matched = changes.flatMap((change) => {
      const one = byKey.get(change.key)?.find(({ messageKey }) => messageKey.startsWith(change.messageKey))
      if (one === undefined) return []
      return change.claimedBy === undefined || this.isHeldBy(one.row, change.claimedBy) ? [{ change, row: one.row }] : []
    })
    const done = new Set(matched.map(({ change }) => change))
    const left = changes.filter((change) => !done.has(change))
    if (this.map.recipients !== undefined) {
      await applyToRecipients({ session, engine: this.#engine, map: this.map, now: this.now() }, rows, matched)
      return left
    }
    const { quoted } = this.#engine
    const now = this.now()
    const updates = matched.map(({ change, row: { type } }) => ({
      change,
      ...setsOf(this.map, change, { now, type, quoted }),
    }))
    const alike = Map.groupBy(updates, ({ change, sql, values }) => JSON.stringify([sql, values, change.id === undefined]))
    for (const some of alike.values()) {
      const [first = { sql: '', values: [] }] = some
      const own = some.map(({ change }) => change)
      const ids = idsOf(this.map, own, this.#engine)
      const sets = ids === undefined ? first.sql : `${first.sql}, ${ids.sql}`
      const sql = `UPDATE ${quoted(table)} SET ${sets} WHERE ${quoted(this.map.key)} IN ${marks(some.length)}`
      await session.run(sql, [...first.values, ...(ids?.values ?? []), ...own.map(({ key }) => key)])
    }
    return left
  }

  /** A row may have been moved into a log table before its report came. */
  async #applyToLogs(changes: readonly RowChange[]): Promise<readonly RowChange[]> {
    let left = changes
    for (const table of logTables(this.map, this.now())) {
      if (left.length === 0) return left
      const rest = left
      const work = this.#engine.transaction(async (session) =>
        (await this.#hasLog(session, table)) ? this.#applyIn(session, table, rest) : rest,
      )
      // A table of a month that lacks a column must not hold up the reports of all other rows. `doctor` finds it.
      left = await work.catch((error: unknown) => {
        if (error instanceof Refusal) return rest
        throw error
      })
    }
    return left
  }

  async #hasLog(session: Session, table: string): Promise<boolean> {
    if (this.#logs.has(table)) return true
    if (!(await this.#engine.hasTable(session, table))) return false
    this.#logs.add(table)
    return true
  }

  #time(instant: number): Value {
    return writeTime(instant, this.map.time, this.map.timeZone)
  }

  async #rows(
    session: Session,
    table: string,
    keys: readonly string[],
    states: readonly Value[],
    locked: boolean,
  ): Promise<TableRow[]> {
    if (keys.length === 0) return []
    const { quoted, dialect } = this.#engine
    const { key, status } = this.map
    const columns = selectList(this.#engine, this.map, columnsOf(this.map))
    const distinct = [...new Set(states)]
    const where = `${quoted(key)} IN ${marks(keys.length)} AND ${quoted(status.column)} IN ${marks(distinct.length)}`
    const select = dialect.select({ columns, table, where, values: [...keys, ...distinct], locked })
    const rows = await session.all(select.sql, select.values)
    return rows.flatMap((row) => rowsFrom(decoded(row, this.map), this.map))
  }
}
