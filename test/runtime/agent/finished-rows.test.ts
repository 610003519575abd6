import { describe, expect, onTestFinished, test } from 'vitest'
import { type TableMap, tableMap } from '../../../src/domain/table-map.ts'
import { CustomerTable, findingsOf } from '../../../src/runtime/agent/index.ts'
import { openEngine, withNamesOf } from '../../../src/runtime/sql/index.ts'
import { engines, type TestDatabase } from '../../support/databases.ts'
import { agentEngines, engineOf, sqlServer } from '../../support/sql-servers/databases.ts'
import { noon } from '../../support/world.ts'
import { createLayout, insertRow, layoutOf } from './layouts.ts'
import { shippedMap } from './shipped-maps.ts'
import { start, useServices } from './stage.ts'
import { outbox, testAgent } from './support.ts'

useServices()

const hourMs = 3_600_000
const emTran: TableMap = { ...shippedMap('em-tran'), moveAfter: hourMs }

function row(key: number, changes: Record<string, string | number | null> = {}) {
  return {
    tran_pr: key,
    tran_phone: '01012345678',
    tran_callback: '15881234',
    tran_status: '3',
    tran_date: '2026-11-23 10:00:00',
    tran_reportdate: '2026-11-23 10:00:05',
    tran_rslt: '0',
    tran_msg: '안녕하세요',
    tran_type: 4,
    ...changes,
  }
}

const keysIn = async (database: TestDatabase, table: string) =>
  (await database.sql(`SELECT tran_pr AS k FROM ${table} ORDER BY tran_pr`)).map(({ k }) => Number(k))

describe.each(agentEngines)('finished rows on $engine', ({ engine, create }) => {
  /** Oracle has names in capitals. */
  const named = (name: string) => (engine === 'Oracle' ? name.toUpperCase() : name)

  async function table(map = emTran, now = noon) {
    const database = await create()
    await createLayout(database, engine, layoutOf('em-tran'))
    const sql = await engineOf(database)
    onTestFinished(() => sql.close())
    const customer = new CustomerTable(sql, await withNamesOf(sql, map), () => now)
    return { database, sql, customer }
  }

  test('go into the table of their month, which is made like their own', async () => {
    const { database, customer } = await table()
    await insertRow(database, 'em_tran', row(1))
    await insertRow(database, 'em_tran', row(2, { tran_reportdate: '2026-10-31 23:59:59', tran_rslt: 'z' }))
    // Open, or not finished for long enough.
    await insertRow(database, 'em_tran', row(3, { tran_status: '1', tran_reportdate: null }))
    await insertRow(database, 'em_tran', row(4, { tran_status: '2' }))
    await insertRow(database, 'em_tran', row(5, { tran_reportdate: '2026-11-23 11:30:00' }))
    expect(await customer.moveFinished(100)).toEqual({ rows: 2, isDone: true, problems: [] })
    expect(await keysIn(database, 'em_tran')).toEqual([3, 4, 5])
    expect(await keysIn(database, 'em_log_202611')).toEqual([1])
    expect(await keysIn(database, 'em_log_202610')).toEqual([2])
    const [moved] = await database.sql('SELECT tran_msg, tran_rslt, tran_etc1 FROM em_log_202611')
    expect(moved).toMatchObject({ tran_msg: '안녕하세요', tran_rslt: '0', tran_etc1: null })
  })

  test('stay with their outcome while a column of the log is narrower or missing', async () => {
    const { database, customer } = await table()
    const time = engine === 'PostgreSQL' ? 'timestamp' : 'datetime'
    await database.sql(`CREATE TABLE em_log_202611 (tran_pr int NOT NULL PRIMARY KEY, tran_phone varchar(15), tran_callback varchar(15),
      tran_status char(1), tran_date ${time}, tran_rsltdate ${time}, tran_reportdate ${time}, tran_rslt char(1), tran_net varchar(3),
      tran_msg varchar(255), tran_etc1 varchar(20), tran_etc2 varchar(16), tran_etc3 varchar(16), tran_etc4 int, tran_type int,
      tran_refkey varchar(40))`)
    await insertRow(database, 'em_tran', row(1))
    const { rows, problems } = await customer.moveFinished(100)
    expect(rows).toBe(0)
    const whys = problems.map(({ why }) => (engine === 'Oracle' ? why.toLowerCase() : why))
    expect(whys).toContain('em_log_202611 has no column tran_id, so that its values would be lost')
    // SQLite has no widths.
    if (engine !== 'SQLite') {
      expect(whys).toContain('em_log_202611.tran_etc1 holds 20 characters, and em_tran.tran_etc1 holds 64')
    }
    expect(await keysIn(database, 'em_tran')).toEqual([1])
    expect(await database.sql('SELECT tran_rslt FROM em_tran')).toMatchObject([{ tran_rslt: '0' }])
  })

  test('that the log refuses stay, and hold up no others', async () => {
    const { database, customer } = await table()
    await customer.moveFinished(100)
    // The key was used before: InnoDB's counter falls back.
    for (const name of ['em_tran', 'em_log_202611']) await insertRow(database, name, row(2))
    if (engine !== 'MariaDB' && engine !== 'PostgreSQL') await database.sql('CREATE UNIQUE INDEX one ON em_log_202611 (tran_pr)')
    await insertRow(database, 'em_tran', row(1))
    await insertRow(database, 'em_tran', row(3))
    const { rows, problems } = await customer.moveFinished(100)
    expect(rows).toBe(2)
    expect(problems).toMatchObject([{ why: expect.stringContaining(`${named('em_log_202611')} does not take 1 of the rows`) }])
    expect(await keysIn(database, 'em_tran')).toEqual([2])
    expect(await keysIn(database, 'em_log_202611')).toEqual([1, 2, 3])
  })

  test('have their next table a week before the month begins, like the last one', async () => {
    const { database, sql, customer } = await table(emTran, Date.parse('2026-11-24T12:00:00+09:00'))
    await customer.moveFinished(100)
    const has = (name: string) => sql.transaction((session) => sql.hasTable(session, named(name)))
    expect(await has('em_log_202611')).toBe(true)
    expect(await has('em_log_202612')).toBe(true)
    expect(await has('em_log_202701')).toBe(false)
    await database.sql('ALTER TABLE em_log_202612 ADD site varchar(20)')
    const december = new CustomerTable(sql, await withNamesOf(sql, emTran), () => Date.parse('2026-12-30T12:00:00+09:00'))
    await december.moveFinished(100)
    const facts = await sql.transaction((session) => sql.facts(session, named('em_log_202701')))
    expect(facts?.columns.map(({ name }) => name)).toContain(named('site'))
  })

  test('stay where the map does not ask for a move', async () => {
    const { database, sql, customer } = await table(shippedMap('em-tran'))
    await insertRow(database, 'em_tran', row(1))
    expect(await customer.moveFinished(100)).toEqual({ rows: 0, isDone: true, problems: [] })
    expect(await keysIn(database, 'em_tran')).toEqual([1])
    expect(await sql.transaction((session) => sql.hasTable(session, named('em_log_202611')))).toBe(false)
  })

  test('go into one table where the log is not monthly', async () => {
    const { database, customer } = await table({ ...emTran, log: 'em_done' })
    await insertRow(database, 'em_tran', row(1))
    expect(await customer.moveFinished(100)).toMatchObject({ rows: 1, problems: [] })
    expect(await keysIn(database, 'em_done')).toEqual([1])
  })
})

const [, mariadb, postgres] = engines

test('SQL Server: rows whose keys have more than 15 digits, which the driver would round, are moved', async () => {
  const database = await sqlServer.create()
  await createLayout(database, 'SQL Server', layoutOf('em-tran'))
  const sql = database.openEngine()
  onTestFinished(() => sql.close())
  const keys = ['20261123120000001', '20261123120000002']
  for (const key of keys) await insertRow(database, 'em_tran', row(0, { tran_pr: key }))
  const customer = new CustomerTable(sql, emTran, () => noon)
  expect(await customer.moveFinished(100)).toEqual({ rows: 2, isDone: true, problems: [] })
  const moved = await database.sql('SELECT CAST(tran_pr AS TEXT) AS k FROM em_log_202611 ORDER BY 1')
  expect(moved.map(({ k }) => k)).toEqual(keys)
})

test('a database that lets the agent create no table gets a line with the statement to type', async () => {
  const database = await postgres.create()
  await createLayout(database, 'PostgreSQL', layoutOf('em-tran'))
  await database.sql('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  const role = `r_${Math.random().toString(36).slice(2)}`
  await database.sql(`CREATE ROLE ${role} LOGIN`)
  await database.sql(`GRANT SELECT, UPDATE, DELETE ON em_tran TO ${role}`)
  onTestFinished(async () => {
    await database.sql(`DROP OWNED BY ${role}`)
    await database.sql(`DROP ROLE ${role}`)
  })
  const address = new URL(database.address)
  address.username = role
  const sql = await openEngine(String(address))
  onTestFinished(() => sql.close())
  await insertRow(database, 'em_tran', row(1))
  const customer = new CustomerTable(sql, emTran, () => noon)
  const { rows, problems } = await customer.moveFinished(100)
  expect(rows).toBe(0)
  expect(problems).toMatchObject([
    {
      why: expect.stringMatching(/no table em_log_202611, and .* create it: .*permission denied/),
      fix: 'CREATE TABLE IF NOT EXISTS "em_log_202611" (LIKE "em_tran" INCLUDING CONSTRAINTS INCLUDING INDEXES)',
    },
  ])
  expect(await keysIn(database, 'em_tran')).toEqual([1])
})

test('a row that cannot be deleted is not left in both tables', async () => {
  const database = await mariadb.create()
  await createLayout(database, 'MariaDB', layoutOf('em-tran'))
  await database.sql(`CREATE TRIGGER kept BEFORE DELETE ON em_tran FOR EACH ROW
    BEGIN IF OLD.tran_pr = 2 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept'; END IF; END`)
  const sql = await openEngine(database.address)
  onTestFinished(() => sql.close())
  for (const key of [1, 2, 3]) await insertRow(database, 'em_tran', row(key))
  const { rows, problems } = await new CustomerTable(sql, emTran, () => noon).moveFinished(100)
  expect(rows).toBe(2)
  expect(problems).toMatchObject([{ why: expect.stringMatching(/^em_log_202611 does not take 1 of the rows: .*kept$/) }])
  expect(await keysIn(database, 'em_tran')).toEqual([2])
  expect(await keysIn(database, 'em_log_202611')).toEqual([1, 3])
})

test('a table that cannot roll back is not moved from', async () => {
  const database = await mariadb.create()
  await createLayout(database, 'MariaDB', layoutOf('em-tran'))
  await database.sql('ALTER TABLE em_tran ENGINE = MyISAM')
  const sql = await openEngine(database.address)
  onTestFinished(() => sql.close())
  await insertRow(database, 'em_tran', row(1))
  const { rows, problems } = await new CustomerTable(sql, emTran, () => noon).moveFinished(100)
  expect(rows).toBe(0)
  expect(problems).toContainEqual({
    why: 'em_tran cannot roll back, so that a crash would leave rows in both tables',
    fix: 'ALTER TABLE em_tran ENGINE = InnoDB',
  })
})

test('a report that comes after the move is written into the log table', async () => {
  const { database, world, report } = await start()
  const map = { ...outbox, log: 'outbox_log_{yyyymm}', moveAfter: hourMs }
  const agent = await testAgent({ database, world, map })
  await database.sql(
    "INSERT INTO outbox (id, recipient, sender, body, type, send_at, state) VALUES (1, '01012345678', '15881234', 'x', '4', '2026-11-23 11:59:00', '1')",
  )
  await agent.drain()
  // No report came for days, and the row was given up.
  await database.sql("UPDATE outbox SET state = '7', result_at = '2026-11-23 10:00:00' WHERE id = 1")
  await agent.reporter.followUp()
  expect(agent.events).toContainEqual({ kind: 'moved', table: 'outbox', rows: 1 })
  expect(await database.sql('SELECT id FROM outbox')).toEqual([])
  await report()
  expect(await agent.reporter.read(0)).toBeUndefined()
  expect(await database.sql('SELECT state, result FROM outbox_log_202611')).toMatchObject([{ state: '4', result: 'OK' }])
})

test('the checks of a map name what keeps rows from being moved', () => {
  const column = (name: string, length: number) => ({ name, type: 'varchar', length, optional: true })
  const names = ['tran_pr', 'tran_phone', 'tran_callback', 'tran_msg', 'tran_type', 'tran_date', 'tran_status', 'tran_etc1']
  const more = ['tran_rslt', 'tran_reportdate', 'tran_rsltdate']
  const columns = [...names, ...more].map((name) => column(name, 100))
  const narrow = columns.map((one) => (one.name === 'tran_msg' ? { ...one, length: 80 } : one))
  const facts = {
    table: { columns, transactional: true },
    indexes: [['tran_status']],
    log: { name: 'em_log_202611', columns: narrow, transactional: true },
  }
  expect(findingsOf(emTran, facts)).toMatchObject([
    { level: 'note', table: 'em_log_202611', column: 'tran_msg', fix: 'make em_log_202611.tran_msg as wide as em_tran.tran_msg' },
  ])
  expect(findingsOf({ ...emTran, moveAfter: undefined }, facts)).toEqual([])
})

test('a map that moves rows names a log table', () => {
  const { moveAfter: _, ...map } = emTran
  expect(tableMap.safeParse({ ...map, log: undefined, moveAfter: '1h' }).error?.message).toContain('needs \\"log\\"')
  expect(tableMap.parse({ ...map, moveAfter: '1h' }).moveAfter).toBe(hourMs)
})
