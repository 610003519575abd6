import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Carrier } from '../../../src/domain/carrier.ts'
import { readTime } from '../../../src/domain/wall-clock.ts'
import { pumpOnce, type WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { writeRows } from '../../../src/runtime/worker/isolate.ts'
import { engines, rowWith } from '../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

const existing: Carrier = {
  queue: 'carrier-b',
  table: 'BIZ_MSG',
  existing: {
    columns: { id: 'CMID', recipient: 'DEST_PHONE', body: 'MSG_BODY', sendAt: 'SEND_TIME' },
    constants: { STATUS: 0 },
    time: 'datetime',
    result: { status: 'STATUS', done: [2], code: 'CALL_STATUS', delivered: ['4100'], at: 'REPORT_TIME' },
  },
}

/** A carrier's own table, with a common default. */
const bizMsg = (time: string, preset: string) =>
  `CREATE TABLE BIZ_MSG (CMID CHAR(32) PRIMARY KEY, DEST_PHONE VARCHAR(20) NOT NULL, MSG_BODY VARCHAR(2000) NOT NULL,
     SEND_TIME ${time} NOT NULL, STATUS INT NOT NULL, CALL_STATUS VARCHAR(200), REPORT_TIME ${time} NOT NULL ${preset})`

const [sqlite, mariadb] = engines

describe('a zero date', () => {
  it('as a column default keeps no row out, and is reported', async () => {
    const test = await mariadb.create()
    await test.sql("SET SESSION sql_mode = ''")
    await test.sql(bizMsg('DATETIME', "DEFAULT '0000-00-00 00:00:00'"))
    const database = await test.open()
    await database.migrate([existing])
    expect(await database.tableFaults(existing)).toEqual([])
    const rows = Array.from({ length: 5 }, () => rowWith())
    expect(await writeRows(database, existing, rows)).toEqual({ written: 5, repeated: 0, rejected: [] })
    await test.sql("UPDATE BIZ_MSG SET STATUS = 2, CALL_STATUS = '4100'")
    await test.sql('UPDATE BIZ_MSG SET REPORT_TIME = now() LIMIT 4')
    const events: WorkerEvent[] = []
    const parts = {
      database,
      ledger: dynamo.open(),
      carriers: [existing],
      observe: (event: WorkerEvent) => void events.push(event),
    }
    expect(await pumpOnce(parts)).toBe(5)
    expect(await pumpOnce(parts)).toBe(0)
    expect(events.filter(({ kind }) => kind === 'unreadable')).toMatchObject([{ why: 'the time "0000-00-00 00:00:00"' }])
    expect(events.filter(({ kind }) => kind === 'failed')).toEqual([])
  })
})

it.each([
  ['0000-00-00 00:00:00', '4100', 'delivered', '4100'],
  ['9999-99-99 99:99:99', '4100', 'delivered', '4100'],
  ['9999-12-31 23:59:59', '4410', 'failed', '4410'],
  ['0001-01-01 00:00:00', '4410', 'failed', '4410'],
  ['soon', '4410', 'failed', '4410'],
  ['2026-11-01 00:00:00', 'x'.repeat(200), 'failed', 'x'.repeat(64)],
  ['2026-11-01 00:00:00', 'a\u0000b\u202e', 'failed', 'a\ufffdb\ufffd'],
])('a result at %s with the code %j is reported once, with the others', async (time, code, status, shown) => {
  const test = await sqlite.create()
  await test.sql(bizMsg('TEXT', "DEFAULT ''"))
  const database = await test.open()
  await database.migrate([existing])
  const rows = [rowWith(), rowWith(), rowWith()]
  await database.flush(existing, rows)
  await test.sql("UPDATE BIZ_MSG SET STATUS = 2, CALL_STATUS = '4100', REPORT_TIME = '2026-11-02 00:00:00'")
  const id = rows[1]?.message.id ?? ''
  await test.sql('UPDATE BIZ_MSG SET CALL_STATUS = ?, REPORT_TIME = ? WHERE CMID = ?', [code, time, id])
  const events: WorkerEvent[] = []
  const ledger = dynamo.open()
  const parts = { database, ledger, carriers: [existing], observe: (event: WorkerEvent) => void events.push(event) }
  expect(await pumpOnce(parts)).toBe(3)
  expect(await pumpOnce(parts)).toBe(0)
  expect(events.filter(({ kind }) => kind === 'unreadable')).toMatchObject([{ id }])
  const owner = { customer: 'acme', environment: 'live' } as const
  const found = (await ledger.standings(owner, [id])).get(id)
  expect(found).toMatchObject({ status, code: shown })
})

it('readTime gives no time for a value that Date cannot represent', () => {
  for (const value of ['0000-00-00 00:00:00', '2026-13-45 00:00:00', '99991231 256199']) {
    expect(readTime(value, 'datetime', 'Asia/Seoul')).toBeUndefined()
  }
  expect(readTime('9223372036854775807', 'epoch-ms', 'Asia/Seoul')).toBeUndefined()
})
