import { describe, expect, test } from 'vitest'
import { rowsFrom } from '../../../src/runtime/agent/rows.ts'
import { engines, type TestDatabase } from '../../support/databases.ts'
import { agentEngines, sqlServer } from '../../support/sql-servers/databases.ts'
import { liveQueue } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { createLayout, insertRow, layoutOf } from './layouts.ts'
import { shippedMap } from './shipped-maps.ts'
import { problem, useServices } from './stage.ts'
import { testAgent } from './support.ts'

const services = useServices()
const map = shippedMap('sdk-sms-send')

function sms(key: number, destinations: string, changes = {}) {
  const due = { NOW_DATE: '20261123115900', SEND_DATE: '20261123115900' }
  return {
    MSG_ID: key,
    USER_ID: 'shop',
    ...due,
    CALLBACK: '15881234',
    DEST_INFO: destinations,
    SMS_MSG: `text ${key}`,
    ...changes,
  }
}

async function detailsOf(database: TestDatabase, key: number) {
  const rows = await database.sql(
    'SELECT SUBJOB_ID AS p, DEST_NAME AS n, PHONE_NUMBER AS t, RESULT AS r, TCS_RESULT AS c, REPORT_RES_DATE AS d FROM SDK_SMS_REPORT_DETAIL WHERE MSG_ID = ? ORDER BY 1',
    [key],
  )
  // An empty text is a blank in Oracle.
  return rows.map(({ p, n, t, r, c, d }) => [Number(p), String(n).trimEnd(), t, Number(r), c === null ? null : Number(c), d])
}

const stateOf = async (database: TestDatabase, key: number) =>
  Number((await database.sql('SELECT SEND_STATUS AS s FROM SDK_SMS_SEND WHERE MSG_ID = ?', [key]))[0]?.s)
const summaryOf = async (database: TestDatabase, key: number) =>
  (await database.sql('SELECT SUCC_COUNT AS a, FAIL_COUNT AS f, SMS_MSG AS t FROM SDK_SMS_REPORT WHERE MSG_ID = ?', [key])).map(
    ({ a, f, t }) => [Number(a), Number(f), t],
  )

describe.each(agentEngines)('a row with many recipients on $engine', ({ engine, create }) => {
  async function start() {
    const database = await create()
    await createLayout(database, engine, layoutOf('sdk-sms-send'))
    const ledger = services.dynamo.open(() => noon)
    const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 100_000 } })
    const sent = () => services.sqs.messages(liveQueue, world.customer)
    const report = (codes: Readonly<Record<string, string>>) =>
      ledger.append(
        { customer: world.customer, environment: 'live' },
        sent()
          .filter(({ to }) => to in codes)
          .map(({ id, ref, to }) => ({
            id,
            ...(ref !== undefined && { ref }),
            status: codes[to] === '0' ? ('delivered' as const) : ('failed' as const),
            code: codes[to] ?? '',
            at: noon + 5000,
          })),
      )
    return { database, world, sent, report }
  }

  test('is a message for each, and each has its own result', async () => {
    const { database, world, sent, report } = await start()
    await insertRow(database, 'SDK_SMS_SEND', sms(1, '홍길동^01012345678|^01087654321|김^철수^010-1111-2222|수신자^123'))
    const agent = await testAgent({ database, world, map })
    await agent.drain()
    expect(
      sent()
        .map(({ to }) => to)
        .toSorted(),
    ).toEqual(['+821011112222', '+821012345678', '+821087654321'])
    expect(await stateOf(database, 1)).toBe(2)
    expect(await detailsOf(database, 1)).toEqual([
      [1, '홍길동', '01012345678', 0, null, null],
      [2, '', '01087654321', 0, null, null],
      [3, '김^철수', '010-1111-2222', 0, null, null],
      [4, '수신자', '123', 4, 91, '20261123120000'],
    ])
    expect(await summaryOf(database, 1)).toEqual([[3, 1, 'text 1']])

    await report({ '+821012345678': '0', '+821011112222': 'F9' })
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await stateOf(database, 1)).toBe(2)
    expect((await detailsOf(database, 1)).map(([, , , result, code, at]) => [result, code, at])).toEqual([
      [2, 0, '20261123120005'],
      [0, null, null],
      [4, 1, '20261123120005'],
      [4, 91, '20261123120000'],
    ])
    await report({ '+821087654321': '0' })
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await stateOf(database, 1)).toBe(3)
  })

  test('has a message for each of two recipients with the same number', async () => {
    const { database, world, sent } = await start()
    await insertRow(database, 'SDK_SMS_SEND', sms(1, 'a^01012345678|b^01012345678'))
    const agent = await testAgent({ database, world, map })
    await agent.drain()
    expect(sent()).toHaveLength(2)
    expect(await detailsOf(database, 1)).toHaveLength(2)
  })
})

test('SQL Server: rows whose keys have more than 15 digits, which the driver would round, stay apart', async () => {
  const database = await sqlServer.create()
  await createLayout(database, 'SQL Server', layoutOf('sdk-sms-send'))
  const ledger = services.dynamo.open(() => noon)
  const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 100 } })
  const keys = ['20261123120000001', '20261123120000002']
  for (const key of keys) {
    await insertRow(database, 'SDK_SMS_SEND', sms(0, 'a^01012345678|b^01087654321', { MSG_ID: key }))
  }
  const agent = await testAgent({ database, world, map })
  await agent.drain()
  const rows = await database.sql(
    'SELECT CAST(MSG_ID AS TEXT) AS k, count(*) AS n FROM SDK_SMS_REPORT_DETAIL GROUP BY 1 ORDER BY 1',
  )
  expect(rows).toEqual(keys.map((k) => ({ k, n: 2 })))
})

const [sqlite] = engines

async function onSqlite() {
  const database = await sqlite.create()
  await createLayout(database, 'SQLite', layoutOf('sdk-sms-send'))
  const ledger = services.dynamo.open(() => noon)
  const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 100_000 } })
  const sent = () => services.sqs.messages(liveQueue, world.customer)
  return { database, world, sent }
}

const numbers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `n^010${String(10_000_000 + from + at)}`).join('|')

test('rows of more recipients than a call takes are sent in several calls, each message once', async () => {
  const { database, world, sent } = await onSqlite()
  for (let key = 1; key <= 12; key++) await insertRow(database, 'SDK_SMS_SEND', sms(key, numbers(100, key * 100)))
  const agent = await testAgent({ database, world, map })
  await agent.drain()
  expect(new Set(sent().map(({ to }) => to)).size).toBe(1200)
  expect(sent()).toHaveLength(1200)
  expect(await database.sql('SELECT SEND_STATUS AS s, count(*) AS n FROM SDK_SMS_SEND GROUP BY SEND_STATUS')).toEqual([
    { s: 2, n: 12 },
  ])
  expect(await database.sql('SELECT count(*) AS n FROM SDK_SMS_REPORT_DETAIL')).toEqual([{ n: 1200 }])
})

test('recipients of a refused call are sent again, and the others are not', async () => {
  const { database, world, sent } = await onSqlite()
  await insertRow(database, 'SDK_SMS_SEND', sms(1, numbers(700)))
  let calls = 0
  const agent = await testAgent({
    database,
    world,
    map,
    fetch: async (input, init) => {
      // The second call, with the last 200 recipients.
      if (init?.method === 'POST' && ++calls === 2) return problem(403, 'customer-suspended')
      return fetch(input, init)
    },
  })
  const batch = await agent.sender.claim()
  if (batch === undefined) throw new Error('nothing was claimed')
  await agent.sender.send(batch)
  expect(await stateOf(database, 1)).toBe(1)
  await agent.sender.sendOpen()
  expect(await stateOf(database, 1)).toBe(0)
  expect(sent()).toHaveLength(500)
  const other = await testAgent({ database, world, map, name: 'a2' })
  await other.drain()
  expect(await stateOf(database, 1)).toBe(2)
  expect(sent()).toHaveLength(700)
  expect(await detailsOf(database, 1)).toHaveLength(700)
  expect(await summaryOf(database, 1)).toEqual([[700, 0, 'text 1']])
})

test('the rows of an agent that is gone are taken over, and no recipient gets two messages', async () => {
  const { database, world, sent } = await onSqlite()
  await insertRow(database, 'SDK_SMS_SEND', sms(1, numbers(600)))
  const first = await testAgent({ database, world, map })
  const batch = await first.sender.claim()
  if (batch === undefined) throw new Error('nothing was claimed')
  // Its answer and its journal are lost.
  await first.gateway.sendBatch(
    batch.id,
    batch.messages.map(({ request }) => request),
  )
  const second = await testAgent({ database, world, map, name: 'a2', leaseMs: 0 })
  expect(await second.sender.adoptOrphans()).toBe(600)
  await second.drain()
  expect(sent()).toHaveLength(600)
  expect(await stateOf(database, 1)).toBe(2)
})

test.each([
  ['no recipient', '', 91],
  ['more than 1,000', numbers(1001), 90],
])('a row with %s fails', async (_, destinations, code) => {
  const { database, world, sent } = await onSqlite()
  await insertRow(database, 'SDK_SMS_SEND', sms(1, destinations))
  const agent = await testAgent({ database, world, map })
  await agent.drain()
  expect(sent()).toEqual([])
  expect(await stateOf(database, 1)).toBe(-1)
  expect((await detailsOf(database, 1)).map(([part, , , result, tcs]) => [part, result, tcs])).toEqual([[1, 4, code]])
})

test('recipients are read whatever surrounds them', () => {
  const read = (to: string) =>
    rowsFrom({ f_key: 1, f_to: to, f_status: 0 }, map).map(({ to: number, name, part }) => [name, number, part])
  expect(read(' a^ 010 | |b^011|')).toEqual([
    ['a', '010', 1],
    ['b', '011', 2],
  ])
  expect(read('01012345678')).toEqual([['', '01012345678', 1]])
  expect(read('')).toEqual([['', '', 1]])
})
