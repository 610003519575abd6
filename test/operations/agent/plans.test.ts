import { expect, onTestFinished, test } from 'vitest'
import { checkPlans } from '../../../src/operations/agent/plans.ts'
import { CustomerTable } from '../../../src/runtime/agent/index.ts'
import { openEngine, withNamesOf } from '../../../src/runtime/sql/index.ts'
import { createOutbox, fill, outbox } from '../../runtime/agent/support.ts'
import { engines, type TestDatabase } from '../../support/databases.ts'
import { fakeEngines } from '../../support/sql-servers/databases.ts'

const rows = 12_000

const now = Date.parse('2026-11-23T12:00:00+09:00')

async function tableOf(database: TestDatabase): Promise<CustomerTable> {
  const engine = await openEngine(database.address)
  onTestFinished(() => engine.close())
  return new CustomerTable(engine, await withNamesOf(engine, outbox), () => now)
}

async function checksOf(database: TestDatabase): Promise<string[]> {
  const engine = await openEngine(database.address)
  onTestFinished(() => engine.close())
  const table = new CustomerTable(engine, await withNamesOf(engine, outbox), () => now)
  const checks = await checkPlans(engine, table)
  return checks.map(({ fix }) => String(fix))
}

/** The planners decide by statistics. */
async function analyze(database: TestDatabase): Promise<void> {
  await database.sql(database.address.startsWith('mariadb') ? 'ANALYZE TABLE outbox' : 'ANALYZE outbox')
}

async function bigOutbox(create: () => Promise<TestDatabase>): Promise<TestDatabase> {
  const database = await create()
  await createOutbox(database)
  // Most rows of such a table were sent before.
  await fill(database, 1, rows - 200, { state: '4' })
  await fill(database, rows, 200)
  await analyze(database)
  return database
}

test.each(engines)('$engine: a poll that reads a big table is found, and its index ends that', async ({ create }) => {
  const database = await bigOutbox(create)
  expect(await checksOf(database)).toEqual([expect.stringContaining('CREATE INDEX outbox_due ON outbox (state, send_at)')])
  await database.sql('CREATE INDEX outbox_due ON outbox (state, send_at)')
  await analyze(database)
  expect(await checksOf(database)).toEqual([])
})

test.each(engines)('$engine: a claim that reads a big table is found', async ({ create }) => {
  const database = await bigOutbox(create)
  // A copy has no primary key.
  await database.sql('CREATE TABLE other AS SELECT * FROM outbox')
  await database.sql('DROP TABLE outbox')
  await database.sql('ALTER TABLE other RENAME TO outbox')
  await analyze(database)
  expect(await checksOf(database)).toContain('CREATE UNIQUE INDEX outbox_key ON outbox (id)')
})

test.each(engines)('$engine: a poll that sorts many due rows is found', async ({ create }) => {
  const database = await create()
  await createOutbox(database)
  await fill(database, 1, rows, { state: '4' })
  await fill(database, rows + 1, rows)
  await database.sql('CREATE INDEX outbox_state ON outbox (state)')
  await analyze(database)
  expect(await checksOf(database)).toEqual([expect.stringContaining('CREATE INDEX outbox_due ON outbox (state, send_at)')])
})

test.each(engines)('$engine: rows are counted and looked for without a claim of apigw', async ({ create }) => {
  const database = await create()
  await createOutbox(database)
  await fill(database, 1, 7)
  await fill(database, 8, 3, { state: '2' })
  const table = await tableOf(database)
  expect(await table.counts(100)).toMatchObject({ due: 7, claimed: 3 })
  expect(await table.foreignClaims(100)).toBe(3)
})

test.each(engines)('$engine: nothing is said about a small table', async ({ create }) => {
  const database = await create()
  await createOutbox(database)
  await fill(database, 1, 100)
  expect(await checksOf(database)).toEqual([])
})

test.each(fakeEngines)('$engine: nothing is explained', async ({ create }) => {
  const database = await create()
  await createOutbox(database)
  await fill(database, 1, rows)
  const engine = database.openEngine()
  onTestFinished(() => engine.close())
  const table = new CustomerTable(engine, await withNamesOf(engine, outbox), () => now)
  const before = database.server.statements.length
  expect(await checkPlans(engine, table)).toEqual([])
  expect(database.server.statements.slice(before)).toEqual([])
})
