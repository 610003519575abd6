import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import type { Database, Ledger, Owner, Row } from '../../../src/runtime/ports/index.ts'
import type { WorkerEvent } from '../../../src/runtime/worker/events.ts'
import { Releaser, ReportPump } from '../../../src/runtime/worker/index.ts'
import { carrierA, engines, idsIn, rowWith, type TestDatabase } from '../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { uniqueName } from '../../support/names.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(async () => {
  expect([...dynamo.seen.keys()]).not.toContain('Scan')
  await dynamo.stop()
})

const [sqlite] = engines
const { table } = carrierA
const hour = 3_600_000
const seoul = (time: string): number => Date.parse(`2026-11-28T${time}+09:00`)

async function prepared(create: () => Promise<TestDatabase> = sqlite.create) {
  const test = await create()
  const database = await test.open()
  await database.migrate([carrierA])
  const owner: Owner = { customer: uniqueName('acme'), environment: 'live' }
  const events: WorkerEvent[] = []
  const observe = (event: WorkerEvent) => void events.push(event)
  const ledger = dynamo.open()
  const row = (changes: Parameters<typeof rowWith>[0] = {}): Row => ({
    ...rowWith({ sendAt: Date.now() + hour, ...changes }),
    ...owner,
  })
  const releaserOf = (more: { ledger?: Ledger; now?: () => number; database?: typeof database } = {}) =>
    new Releaser({ database, ledger, carriers: [carrierA], observe, ...more })
  const statusOf = async ({ message: { id } }: Row) => {
    const standing = (await ledger.standings(owner, [id])).get(id)
    return [standing?.status, ...(standing?.code === undefined ? [] : [standing.code])]
  }
  /** The reports of the customer, after the pump has carried what there is. */
  const reports = async () => {
    await new ReportPump({ database, ledger, carriers: [carrierA], observe }).once()
    const page = await ledger.reports(owner, undefined, 500)
    return page.reports.map(({ id, status, code }) => [id, status, ...(code === undefined ? [] : [code])])
  }
  return { test, database, ledger, owner, events, observe, row, releaserOf, statusOf, reports }
}

const comeDue = (test: TestDatabase) => test.sql('UPDATE held_messages SET due_at = 1, claimed_at = 0')
const cancel = (ledger: Ledger, owner: Owner, id: string) =>
  ledger.decisions.decide(owner, { id, until: Date.now() + hour }, { kind: 'cancelled' })

it('notes held messages, and hands them over when they are due', async () => {
  const { test, database, row, releaserOf, statusOf, ledger, owner } = await prepared()
  const [early, late] = [row({ ref: 'r-1', units: 2 }), row()]
  await database.flush(carrierA, [early, late])
  const releaser = releaserOf()
  await releaser.once()
  expect(await statusOf(early)).toEqual(['scheduled'])
  const known = (await ledger.decisions.standings(owner, [early.message.id])).get(early.message.id)
  expect(known?.held).toMatchObject({ units: 2, acceptedAt: early.message.acceptedAt })
  await test.sql('UPDATE held_messages SET due_at = 1 WHERE msg_id = ?', [early.message.id])
  await releaser.once()
  expect(await idsIn(test, table)).toEqual([early.message.id])
  expect(await statusOf(early)).toEqual(['queued'])
  expect(await statusOf(late)).toEqual(['scheduled'])
})

it.each(engines)(
  'never sends a message that was cancelled, and reports it unless a gateway did, over $engine',
  async ({ create }) => {
    const { test, database, row, releaserOf, ledger, owner, reports } = await prepared(create)
    const [open, closed] = [row(), row()]
    await database.flush(carrierA, [open, closed])
    await releaserOf().once()
    for (const { message } of [open, closed]) await cancel(ledger, owner, message.id)
    await ledger.decisions.reportCancelled(owner, { id: closed.message.id, until: 0, at: 5 })
    await comeDue(test)
    await releaserOf().once()
    expect(await idsIn(test, table)).toEqual([])
    expect((await reports()).sort()).toEqual(
      [
        [open.message.id, 'cancelled'],
        [closed.message.id, 'cancelled'],
      ].sort(),
    )
    expect((await database.unreported()).count).toBe(0)
  },
)

it.each(engines)(
  'ends what has expired, and refuses advertisements at night and to who has opted out, over $engine',
  async ({ create }) => {
    const { test, database, row, releaserOf, ledger, owner, reports } = await prepared(create)
    const night = seoul('21:00:00')
    const ad = { purpose: 'ad', sendAt: seoul('20:59:59') } as const
    const rows = {
      expired: row({ expiresAt: night }),
      optedOut: row({ ...ad, to: '+821099990000', adNight: 'consent', units: 4 }),
      refused: row({ ...ad, adNight: 'refuse' }),
      held: row({ ...ad, adNight: 'hold' }),
      consented: row({ ...ad, adNight: 'consent' }),
      normal: row({ to: '+821099990000' }),
    }
    await database.flush(carrierA, Object.values(rows))
    // After it was accepted, and before it is handed over.
    await ledger.suppress(owner, [{ number: '+821099990000', at: 1 }])
    await comeDue(test)
    await releaserOf({ now: () => night }).once()
    expect(await idsIn(test, table)).toEqual([rows.consented, rows.normal].map(({ message }) => message.id).sort())
    expect((await reports()).sort()).toEqual(
      [
        [rows.expired.message.id, 'expired'],
        [rows.optedOut.message.id, 'failed', 'recipient-suppressed'],
        [rows.refused.message.id, 'failed', 'ad-at-night'],
      ].sort(),
    )
    expect((await ledger.decisions.owed(owner)).map(({ id, units }) => [id, units]).sort()).toEqual(
      [
        [rows.optedOut.message.id, 4],
        [rows.refused.message.id, 1],
      ].sort(),
    )
    const held = await test.sql('SELECT msg_id, due_at FROM held_messages')
    expect(held.map(({ msg_id, due_at }) => [msg_id, Number(due_at)])).toEqual([
      [rows.held.message.id, seoul('08:00:00') + 24 * hour],
    ])
    await comeDue(test)
    await releaserOf({ now: () => seoul('08:00:00') + 24 * hour }).once()
    expect(await idsIn(test, table)).toContain(rows.held.message.id)
  },
)

it('releases nothing while the ledger is away, says why and how late it is, and resumes afterwards', async () => {
  const { test, database, row, releaserOf, events } = await prepared()
  await database.flush(carrierA, [row(), row({ purpose: 'ad', adNight: 'consent', sendAt: 0 })])
  await comeDue(test)
  let away = true
  const fails = () => Promise.reject(new Problem('ledger-unavailable', 'It is away.'))
  const ledger = dynamo.open()
  const decisions = new Proxy(ledger.decisions, {
    get: (target, name: keyof Ledger['decisions']) => (away ? fails : target[name].bind(target)),
  })
  const flaky = new Proxy(ledger, {
    get: (target, name: keyof Ledger) => {
      if (name === 'decisions') return decisions
      if (name === 'erasures') return target.erasures
      return away ? fails : target[name].bind(target)
    },
  })
  const releaser = releaserOf({ ledger: flaky })
  await releaser.once()
  await releaser.tellLate()
  expect(await idsIn(test, table)).toEqual([])
  expect(events.some((event) => event.kind === 'failed' && event.error instanceof Problem)).toBe(true)
  const late = events.find((event) => event.kind === 'held')
  expect(late).toMatchObject({ messages: 2 })
  expect(late?.kind === 'held' && late.lateMs > hour).toBe(true)
  away = false
  await releaser.once()
  expect(await idsIn(test, table)).toHaveLength(2)
})

it('ends what cannot be read and what the table refuses, and hands over their neighbours', async () => {
  const { test, database, row, releaserOf, reports, ledger, owner } = await prepared()
  const [unreadable, cancelled, clash, good] = [row(), row(), row(), row()]
  await database.flush(carrierA, [unreadable, cancelled, clash, good])
  await test.sql("UPDATE held_messages SET message = '{' WHERE msg_id IN (?, ?)", [unreadable.message.id, cancelled.message.id])
  await cancel(ledger, owner, cancelled.message.id)
  await test.sql(
    `INSERT INTO ${table} (id, customer, environment, recipient, sender, type, body, send_at, accepted_at)
     VALUES (?, 'a', 'live', '+82', '+82', 'sms', 'x', 1, 1)`,
    [clash.message.id],
  )
  await comeDue(test)
  await releaserOf().once()
  expect(await idsIn(test, table)).toEqual([clash, good].map(({ message }) => message.id).sort())
  expect((await reports()).sort()).toEqual(
    [
      [unreadable.message.id, 'rejected', 'invalid'],
      [clash.message.id, 'rejected', 'invalid'],
      [cancelled.message.id, 'cancelled'],
    ].sort(),
  )
  expect(await test.sql('SELECT msg_id FROM held_messages')).toEqual([])
})

it('whatever dies while customers cancel: each message is sent once or cancelled, and never both', async () => {
  const { test, database, row, releaserOf, ledger, owner } = await prepared()
  const other = await test.open()
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(19), { maxLength: 8 }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      async (chosen, at, before) => {
        const rows = Array.from({ length: 20 }, () => row())
        await database.flush(carrierA, rows)
        await comeDue(test)
        let calls = 0
        /** Dies at the n-th call of the store of held messages, before or after it is done. */
        const held = new Proxy(database.held, {
          get:
            (target, name: keyof Database['held']) =>
            async (...args: unknown[]) => {
              const call = target[name].bind(target) as (...given: unknown[]) => Promise<unknown>
              calls += 1
              if (calls === at && before) throw new Error('dead')
              const answer = await call(...args)
              if (calls === at) throw new Error('dead')
              return answer
            },
        })
        const dying = new Proxy(database, {
          get: (target, name: keyof Database) => (name === 'held' ? held : bound(target, name)),
        })
        const ids = [...new Set(chosen)].flatMap((one) => rows[one]?.message.id ?? [])
        const [verdicts] = await Promise.all([
          Promise.all(ids.map((id) => cancel(ledger, owner, id))),
          releaserOf({ database: dying }).once(),
          releaserOf({ database: other }).once(),
        ])
        const cancelled = ids.filter((_, place) => verdicts[place]?.kind === 'cancelled')
        await test.sql('UPDATE held_messages SET claimed_at = 0')
        await releaserOf().once()
        const sent = await idsIn(test, table)
        const all = rows.map(({ message }) => message.id)
        expect(sent).toEqual(all.filter((id) => !cancelled.includes(id)).sort())
        expect(await test.sql('SELECT msg_id FROM held_messages')).toEqual([])
        const ended = (await test.sql('SELECT msg_id FROM ingest_ended')).map(({ msg_id }) => String(msg_id))
        expect(ended.sort()).toEqual(cancelled.sort())
        for (const name of [table, 'ingest_ended']) await test.sql(`DELETE FROM ${name}`)
      },
    ),
    { numRuns: 15 },
  )
})

function bound<T extends object>(target: T, name: keyof T): unknown {
  const value = target[name]
  return typeof value === 'function' ? value.bind(target) : value
}
