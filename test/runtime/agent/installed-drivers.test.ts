import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TableMap } from '../../../src/domain/table-map.ts'
import { examineAgent, previewRows } from '../../../src/operations/agent/index.ts'
import { CustomerTable, failedRows, type OpenAgent, requeue } from '../../../src/runtime/agent/index.ts'
import { temporaryFolder } from '../../support/names.ts'
import { type FakeDatabase, fakeEngines, oracle, sqlServer } from '../../support/sql-servers/databases.ts'
import { oracleError } from '../../support/sql-servers/fake-oracledb.ts'
import { liveQueue } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { useServices } from './stage.ts'
import { createOutbox, fill, outbox, testAgent } from './support.ts'

const services = useServices()

async function start(create: () => Promise<FakeDatabase>, prepare: (database: FakeDatabase) => Promise<void> = createOutbox) {
  const database = await create()
  await prepare(database)
  const ledger = services.dynamo.open(() => noon)
  const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 10_000 } })
  const sent = () => services.sqs.messages(liveQueue, world.customer)
  const rows = async (columns: string) =>
    (await database.sql(`SELECT ${columns} FROM outbox ORDER BY id`)).map((row) => Object.values(row).join(' '))
  return { database, server: database.server, world, sent, rows }
}

const lost = {
  'SQL Server': Object.assign(new Error('Connection lost.'), { code: 'ESOCKET' }),
  Oracle: oracleError('NJS-500', 'connection to the Oracle Database was broken'),
}

describe.each(fakeEngines)('an agent on $engine', ({ engine, create }) => {
  test.each([1, 2, 3, 4, 5, 6])('sends each row once where the answer to COMMIT %i is lost', async (turn) => {
    const { database, server, world, sent, rows } = await start(create)
    await fill(database, 1, 5)
    const agent = await testAgent({ database, world })
    server.faults.push({ at: /^COMMIT$/, error: lost[engine], after: true, skip: turn - 1 })
    for (let left = 3; left > 0; left--) await agent.drain().catch(() => undefined)
    expect(server.faults).toEqual([])
    expect(sent()).toHaveLength(5)
    expect(new Set(await rows('state'))).toEqual(new Set(['3']))
  })

  test('sends rows of a deadlock', async () => {
    const { database, server, world, rows, sent } = await start(create)
    await fill(database, 1, 3)
    const deadlock = {
      'SQL Server': Object.assign(new Error('deadlock'), { number: 1205 }),
      Oracle: oracleError('ORA-00060', 'deadlock'),
    }
    const agent = await testAgent({ database, world })
    server.faults.push({ at: /^UPDATE/, error: deadlock[engine] }, { at: /^UPDATE/, error: deadlock[engine] })
    await agent.drain()
    expect(server.faults).toEqual([])
    expect(await rows('state')).toEqual(['3', '3', '3'])
    expect(sent()).toHaveLength(3)
  })

  test('finds failed rows, and makes more of them ready again than a statement takes', async () => {
    const { database, server, world, rows } = await start(create)
    await fill(database, 1, 2_300, { state: '5' })
    await database.sql("UPDATE outbox SET result = 'ER'")
    const { table } = await testAgent({ database, world })
    await table.connect()
    const sql = database.openEngine()
    onTestFinished(() => sql.close())
    const failed = await failedRows(sql, table.map, { code: 'ER', limit: 10_000 })
    expect(failed).toHaveLength(2_300)
    const keys = failed.map(({ key }) => key)
    expect(await requeue(sql, table.map, { keys: keys.slice(0, 1_200), limit: 10_000 }, noon)).toBe(1_200)
    expect(await requeue(sql, table.map, { limit: 1_000 }, noon)).toBe(1_000)
    expect(await requeue(sql, table.map, { limit: 1_000 }, noon)).toBe(100)
    expect(new Set(await rows('state, send_at'))).toEqual(new Set(['1 2026-11-23 12:00:00']))
    expect(server.statements.filter((statement) => statement.startsWith('UPDATE')).length).toBeGreaterThanOrEqual(6)
  })

  test('is examined and previewed, and nothing is changed', async () => {
    const { database, server, world, rows } = await start(create)
    await fill(database, 1, 2)
    await fill(database, 3, 1, { type: '9' })
    const { table, gateway, journal } = await testAgent({ database, world })
    const sql = database.openEngine()
    onTestFinished(() => sql.close())
    const agent: OpenAgent = { engine: sql, tables: [{ table }], gateway, journal: () => journal, close: async () => undefined }
    const before = await rows('state, claim')
    const settings = {
      version: 1 as const,
      name: 'a1',
      gateway: world.listening.url,
      environment: 'live' as const,
      scheme: 'basic' as const,
      database: database.address,
      keyFile: 'agent.key',
      journal: 'journal.db',
      tables: [{ map: 'outbox' }],
    }
    const loaded = { settings, path: 'agent.yaml', maps: [], resolve: (path: string) => join(temporaryFolder(), path) }
    const checks = await examineAgent(loaded, agent, {})
    expect(checks.map(({ name, state }) => [name, state])).toEqual([
      ['gateway', 'ok'],
      ['database', 'ok'],
      ['clock', 'ok'],
      [table.name, 'warn'],
      ['journal', 'ok'],
    ])
    expect(checks[3]?.detail).toContain('has no index that begins with')
    expect((await previewRows(agent, 10)).map(({ key, type }) => [key, type])).toEqual([
      ['1', 'sms'],
      ['2', 'sms'],
      ['3', null],
    ])
    expect(await rows('state, claim')).toEqual(before)
    expect(server.statements.some((statement) => statement.includes('1 = 0'))).toBe(true)
  })
})

test('SQL Server: keys of more than 15 digits, which the driver would round, stay apart', async () => {
  const { database, world, sent } = await start(sqlServer.create, async (made) => {
    await createOutbox(made)
    await made.sql('ALTER TABLE outbox RENAME COLUMN id TO row_id')
    await made.sql('ALTER TABLE outbox ADD COLUMN id numeric(17)')
  })
  const keys = ['20261123120000001', '20261123120000002', '20261123120000003']
  for (const [at, key] of keys.entries()) {
    await database.sql(
      `INSERT INTO outbox (row_id, id, recipient, sender, body, type, send_at, state)
       VALUES (${at}, ${key}, '01012345678', '15881234', 'text ${key}', '4', '2026-11-23 11:59:00', '1')`,
    )
  }
  const agent = await testAgent({ database, world })
  await agent.drain()
  expect(
    sent()
      .map(({ text }) => text)
      .toSorted(),
  ).toEqual(keys.map((key) => `text ${key}`))
  const ids = new Map(sent().map(({ id, text }) => [text.slice(5), id]))
  const rows = await database.sql('SELECT CAST(id AS TEXT) AS id, message_id, state FROM outbox')
  expect(rows).toEqual(keys.map((key) => ({ id: key, message_id: ids.get(key), state: '3' })))
})

test('Oracle: a condition on an empty text finds NULL and blanks, and a claim column may take no NULL', async () => {
  const { database, world, sent } = await start(oracle.create, async (made) => {
    await made.sql(`CREATE TABLE outbox (
      id integer PRIMARY KEY, recipient varchar(20), sender varchar(20), body varchar(2000), type varchar(2), send_at datetime,
      state char(1) NOT NULL, claim varchar(26) DEFAULT ' ' NOT NULL, message_id varchar(26), result varchar(10),
      result_at varchar(30), accepted_at varchar(30), program char(2))`)
  })
  await fill(database, 1, 4)
  await database.sql("UPDATE outbox SET program = CASE id WHEN 1 THEN NULL WHEN 2 THEN ' ' ELSE 'X' END")
  const map: TableMap = { ...outbox, where: { program: ['', 'Y'] } }
  const agent = await testAgent({ database, world, map })
  await agent.drain()
  expect(sent()).toHaveLength(2)
  const rows = await database.sql('SELECT id, state, claim FROM outbox ORDER BY id')
  expect(rows.map(({ id, state, claim }) => [id, state, claim])).toEqual([
    [1, '3', ' '],
    [2, '3', ' '],
    [3, '1', ' '],
    [4, '1', ' '],
  ])
  expect(await agent.table.foreignClaims(10)).toBe(0)
  await database.sql("UPDATE outbox SET state = '2' WHERE id = 1")
  expect(await agent.table.foreignClaims(10)).toBe(1)
})

test.each(fakeEngines)('$engine: the time of a row is that of the clock on its wall', async ({ create }) => {
  const { database } = await start(create)
  await fill(database, 1, 1, { send_at: '2026-11-23 11:59:00' })
  const sql = database.openEngine()
  onTestFinished(() => sql.close())
  sql.now = async () => noon
  const table = new CustomerTable(sql, outbox, () => noon)
  await table.connect()
  const [row] = await table.read(['1'], ['1'])
  expect(row).toMatchObject({ key: '1', dueAt: '2026-11-23 11:59:00', dueMs: noon - 60_000, status: '1' })
})
