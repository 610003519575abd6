import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/runtime/ports/index.ts'
import { pumpOnce, ReportPump, type WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { carrierA, engines, idsIn, rowWith, type TestDatabase } from '../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { uniqueName } from '../../support/names.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

async function end(database: Database, ids: readonly string[], delivered = true): Promise<void> {
  await database.writeResults(
    carrierA,
    ids.map((id) => ({ id, delivered, code: delivered ? '' : '4410', at: Date.parse('2026-11-23T00:00:00Z') })),
  )
}

/** Rows of a single customer. */
const rowsOf = (customer: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({ ...rowWith({ ref: `r-${at}` }), customer }))

describe.each(engines)('the report pump over $engine', ({ create }) => {
  async function prepared() {
    const test: TestDatabase = await create()
    const database = await test.open()
    await database.migrate([carrierA])
    const events: WorkerEvent[] = []
    const ledger = dynamo.open()
    const observe = (event: WorkerEvent): void => void events.push(event)
    return { test, database, events, ledger, parts: { database, ledger, carriers: [carrierA], observe } }
  }
  const owner = (customer: string) => ({ customer, environment: 'live' }) as const

  it('writes each outcome once to the ledger of its customer, and moves the rows that apigw wrote', async () => {
    const { test, database, ledger, parts, events } = await prepared()
    const [one, two] = [uniqueName('one'), uniqueName('two')]
    const [mine, theirs] = [rowsOf(one, 5), rowsOf(two, 2)]
    await database.flush(carrierA, [...mine, ...theirs])
    const ids = mine.map(({ message }) => message.id)
    await end(database, ids.slice(0, 2))
    await end(database, [...ids.slice(2, 3), ...theirs.map(({ message }) => message.id)], false)
    expect(await pumpOnce(parts)).toBe(5)
    expect(await pumpOnce(parts)).toBe(0)
    const { reports } = await ledger.reports(owner(one), undefined, 100)
    expect(new Map(reports.map(({ id, status }) => [id, status]))).toEqual(
      new Map([...ids.slice(0, 2).map((id) => [id, 'delivered'] as const), [ids[2], 'failed']]),
    )
    expect(reports[0]).toMatchObject({ ref: expect.stringMatching(/^r-/), at: Date.parse('2026-11-23T00:00:00Z') })
    expect((await ledger.reports(owner(two), undefined, 100)).reports.map(({ code }) => code)).toEqual(['4410', '4410'])
    expect(await idsIn(test, 'carrier_a')).toEqual(ids.slice(3).sort())
    expect(await idsIn(test, 'carrier_a_log_202611')).toHaveLength(5)
    expect(events).toEqual([{ kind: 'reported', queue: 'carrier-a', reports: 5 }])
    // A late redelivery finds its row moved, and is recognized anyway.
    expect(await database.flush(carrierA, mine)).toBe(0)
  })

  it('repeats a report rather than losing it after a crash before the note', async () => {
    const { database, ledger, parts } = await prepared()
    const customer = uniqueName('acme')
    const rows = rowsOf(customer, 3)
    await database.flush(carrierA, rows)
    await end(
      database,
      rows.map(({ message }) => message.id),
    )
    const dying: Database = new Proxy(database, {
      get: (target, name) =>
        name === 'markReported' ? () => Promise.reject(new Error('killed')) : Reflect.get(target, name, target).bind(target),
    })
    expect(await pumpOnce({ ...parts, database: dying })).toBe(0)
    expect(await pumpOnce(parts)).toBe(3)
    const { reports } = await ledger.reports(owner(customer), undefined, 100)
    expect(reports).toHaveLength(6)
    expect(new Set(reports.map(({ id }) => id)).size).toBe(3)
  })

  it('reports a rejected row, and continues when the ledger of one customer fails', async () => {
    const { database, ledger, parts, events } = await prepared()
    const [good, bad] = [uniqueName('good'), uniqueName('bad')]
    const rejected = rowsOf(good, 1)[0] ?? rowWith()
    await database.reject(carrierA, rejected, 'its subject is too long')
    await database.reject(carrierA, rejected, 'said twice')
    const row = rowsOf(bad, 1)[0] ?? rowWith()
    await database.flush(carrierA, [row])
    await end(database, [row.message.id])
    const failing = new Proxy(ledger, {
      get: (target, name) =>
        name === 'append'
          ? async (...args: Parameters<typeof ledger.append>) => {
              if (args[0].customer === bad) throw new Error('throttled')
              return target.append(...args)
            }
          : Reflect.get(target, name, target).bind(target),
    })
    await pumpOnce({ ...parts, ledger: failing })
    expect(events.map(({ kind }) => kind).sort()).toEqual(['failed', 'reported'])
    const { reports } = await ledger.reports(owner(good), undefined, 10)
    expect(reports).toMatchObject([{ id: rejected.message.id, status: 'rejected' }])
    expect(await pumpOnce(parts)).toBe(1)
    expect((await ledger.reports(owner(bad), undefined, 10)).reports).toHaveLength(1)
  })

  it('notes the reports of all customers of a round in one transaction', async () => {
    const { database, parts } = await prepared()
    const rows = Array.from({ length: 20 }, () => rowsOf(uniqueName('acme'), 2)).flat()
    await database.flush(carrierA, rows)
    await end(
      database,
      rows.map(({ message }) => message.id),
    )
    const notes: number[] = []
    const counting: Database = new Proxy(database, {
      get: (target, name) => {
        if (name !== 'markReported') return Reflect.get(target, name, target).bind(target)
        return (ids: readonly string[]) => {
          notes.push(ids.length)
          return target.markReported(ids)
        }
      },
    })
    expect(await pumpOnce({ ...parts, database: counting })).toBe(40)
    expect(notes).toEqual([40])
  })

  it('delivers the reports of others while those of a customer that the ledger refuses fill each round', async () => {
    const { database, ledger, parts } = await prepared()
    const [good, bad] = [uniqueName('good'), uniqueName('bad')]
    const refused = rowsOf(bad, 4_100)
    await database.flush(carrierA, refused)
    await end(
      database,
      refused.map(({ message }) => message.id),
    )
    const failing = new Proxy(ledger, {
      get: (target, name) =>
        name === 'append'
          ? async (...args: Parameters<typeof ledger.append>) => {
              if (args[0].customer === bad) throw new Error('throttled')
              return target.append(...args)
            }
          : Reflect.get(target, name, target).bind(target),
    })
    const pump = new ReportPump({ ...parts, ledger: failing })
    expect([await pump.once(), await pump.once()]).toEqual([0, 0])
    // It is sent after all the others, so it is last in each index.
    const row = { ...rowWith({ acceptedAt: Date.now() + 60_000 }), customer: good }
    await database.flush(carrierA, [row])
    await end(database, [row.message.id])
    const counts: number[] = []
    for (let round = 0; round < 3 && !counts.includes(1); round++) counts.push(await pump.once())
    expect(counts).toContain(1)
    expect((await ledger.reports(owner(good), undefined, 10)).reports).toHaveLength(1)
    expect((await database.unreported()).count).toBe(4_100)
  })

  it('writes no report again in one process when only its note failed', async () => {
    const { database, ledger, parts, events } = await prepared()
    const customer = uniqueName('acme')
    const rows = rowsOf(customer, 3)
    await database.flush(carrierA, rows)
    await end(
      database,
      rows.map(({ message }) => message.id),
    )
    let away = true
    const flaky: Database = new Proxy(database, {
      get: (target, name) =>
        name === 'markReported' && away
          ? () => Promise.reject(new Error('locked'))
          : Reflect.get(target, name, target).bind(target),
    })
    const pump = new ReportPump({ ...parts, database: flaky })
    expect([await pump.once(), await pump.once()]).toEqual([0, 0])
    expect(events.map(({ kind }) => kind)).toEqual(['failed', 'failed'])
    away = false
    await pump.once()
    expect((await database.unreported()).count).toBe(0)
    expect((await ledger.reports(owner(customer), undefined, 100)).reports).toHaveLength(3)
  })

  it('reports as lag the age of what it cannot deliver, even while the database is down', async () => {
    const { database, ledger, parts, events } = await prepared()
    const rows = rowsOf(uniqueName('acme'), 2)
    await database.flush(carrierA, rows)
    await end(
      database,
      rows.map(({ message }) => message.id),
    )
    let away = true
    const failing = new Proxy(ledger, {
      get: (target, name) =>
        name === 'append' && away ? () => Promise.reject(new Error('throttled')) : Reflect.get(target, name, target).bind(target),
    })
    const silent: Database = new Proxy(database, {
      get: (target, name) =>
        name === 'unreported' && away
          ? () => Promise.reject(new Error('no answer'))
          : Reflect.get(target, name, target).bind(target),
    })
    const pump = new ReportPump({ ...parts, ledger: failing, database: silent })
    const lag = async (): Promise<Extract<WorkerEvent, { kind: 'lag' }> | undefined> => {
      await pump.tellLag()
      const last = events.at(-1)
      return last?.kind === 'lag' ? last : undefined
    }
    const started = Date.now()
    await pump.once()
    const behind = await lag()
    expect(behind?.lagMs).toBeGreaterThanOrEqual(started - Date.parse('2026-11-23T00:00:00Z'))
    expect(behind).not.toHaveProperty('open')
    away = false
    await pump.once()
    const now = await lag()
    expect(now?.lagMs).toBeLessThan(behind?.lagMs ?? 0)
    expect(now).toMatchObject({ kind: 'lag', queue: 'carrier-a', open: 0 })
  })

  it("reads a carrier's own table, with its own columns, words and months", async () => {
    const { test, database, ledger, parts } = await prepared()
    const create = (table: string) =>
      test.sql(
        `CREATE TABLE ${table} (cmid VARCHAR(26) PRIMARY KEY, dest VARCHAR(20), body VARCHAR(2000), kind INTEGER,
         send_time VARCHAR(14), status INTEGER, call_status VARCHAR(4), report_time VARCHAR(14))`,
      )
    const month = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Seoul' }).format(Date.now()).slice(0, 7).replace('-', '')
    await create('biz_msg')
    await create(`biz_log_${month}`)
    const carrier = {
      queue: 'carrier-b',
      table: 'biz_msg',
      existing: {
        columns: { id: 'cmid', recipient: 'dest', body: 'body', type: 'kind', sendAt: 'send_time' },
        constants: { status: 0 },
        types: { sms: 0, lms: 5, mms: 6 },
        phone: 'national' as const,
        time: 'compact' as const,
        result: { status: 'status', done: [2], code: 'call_status', delivered: ['4100'], at: 'report_time' },
        log: 'biz_log_{yyyymm}',
      },
    }
    const customer = uniqueName('acme')
    const [moved, here] = rowsOf(customer, 2).map((row) => ({
      ...row,
      message: { ...row.message, acceptedAt: Date.parse('2026-11-23T12:00:00+09:00') },
    }))
    if (moved === undefined || here === undefined) throw new Error('two rows were made, and fewer came')
    expect(await database.flush(carrier, [moved, here])).toBe(2)
    expect(await test.sql(`SELECT * FROM biz_msg WHERE cmid = '${here.message.id}'`)).toMatchObject([
      { dest: '01012345678', body: 'hello', kind: 0, send_time: '20261123120000', status: 0 },
    ])
    const done = (id: string, code: string) =>
      test.sql(`UPDATE biz_msg SET status = 2, call_status = '${code}', report_time = '20261123130000' WHERE cmid = '${id}'`)
    await done(moved.message.id, '4100')
    await done(here.message.id, '4410')
    await test.sql(`INSERT INTO biz_log_${month} SELECT * FROM biz_msg WHERE call_status = '4100'`)
    await test.sql("DELETE FROM biz_msg WHERE call_status = '4100'")
    expect(await pumpOnce({ ...parts, carriers: [carrier] })).toBe(2)
    expect(await pumpOnce({ ...parts, carriers: [carrier] })).toBe(0)
    const { reports } = await ledger.reports(owner(customer), undefined, 10)
    expect(reports.map(({ id, status, code }) => [id, status, code]).sort()).toEqual(
      [
        [moved.message.id, 'delivered', '4100'],
        [here.message.id, 'failed', '4410'],
      ].sort(),
    )
    expect(reports[0]?.at).toBe(Date.parse('2026-11-23T13:00:00+09:00'))
    expect(await database.flush(carrier, [moved, here])).toBe(0)
  })
})
