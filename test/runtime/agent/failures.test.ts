import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Fetch } from '../../../src/client/index.ts'
import { type Engine, unavailable } from '../../../src/runtime/sql/index.ts'
import { noon } from '../../support/world.ts'
import { startAgentProcess } from './agent-child.ts'
import { hurtMariadb } from './hurt.ts'
import { hourMs, mariadb, postgres, problem, start, states, useServices, withLostCommits } from './stage.ts'
import { createOutbox, fill, outbox, testAgent } from './support.ts'

/*
 * Failures that users of such programs reported; each number is that of the failure in the list. Those about one database
 * engine's statements are tested where the engine is.
 */

useServices()

describe('never twice', () => {
  test('1: a row whose outcome cannot be written is not sent again', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 20)
    let isAway = false
    const agent = await testAgent({
      database,
      world,
      wrap: (engine) =>
        new Proxy(engine, {
          get: (target, name) => {
            if (name === 'transaction' && isAway) return () => Promise.reject(unavailable('the database', new Error('gone')))
            const value: unknown = Reflect.get(target, name, target)
            return typeof value === 'function' ? value.bind(target) : value
          },
        }),
    })
    const batch = await agent.sender.claim()
    isAway = true
    await expect(agent.sender.send(batch ?? expect.fail('nothing was claimed'))).rejects.toMatchObject({
      code: 'database-unavailable',
    })
    expect(await states(database)).toEqual({ '2': 20 })
    isAway = false
    await agent.run()
    await expect.poll(() => states(database)).toEqual({ '3': 20 })
    expect(sent()).toHaveLength(20)
  })

  test('2: the report of a row does not reach another row that has its primary key by now', async () => {
    const { database, world, report, journalPath } = await start()
    await fill(database, 1, 1)
    const agent = await testAgent({ database, world, journalPath })
    await agent.drain()
    await report()
    await database.sql('DELETE FROM outbox')
    await fill(database, 1, 1, { body: 'another' })
    const withoutJournal = await testAgent({ database, world, name: 'a2' })
    for (const one of [agent, withoutJournal]) await one.reporter.read(0)
    expect(await states(database)).toEqual({ '1': 1 })
    await agent.drain()
    expect(await states(database)).toEqual({ '3': 1 })
  })

  test('3: a claim of a crashed agent is continued by itself at once, and by others after a lease', async () => {
    const { database, world, sent, journalPath } = await start()
    await fill(database, 1, 30)
    const crashed = await testAgent({ database, world, journalPath })
    await crashed.sender.claim()
    const other = await testAgent({ database, world, name: 'a2' })
    expect(await other.sender.adoptOrphans()).toBe(0)
    const again = await testAgent({ database, world, journalPath })
    await again.drain()
    expect(await states(database)).toEqual({ '3': 30 })
    expect(sent()).toHaveLength(30)
  })

  test('4: whichever agent is left sends everything, with what a crashed one had claimed within a minute', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 30)
    const crashed = await testAgent({ database, world })
    await crashed.sender.claim()
    await fill(database, 31, 10)
    const other = await testAgent({ database, world, name: 'a2', now: noon + 50_000 })
    expect(await other.sender.adoptOrphans()).toBe(30)
    await other.drain()
    expect(await states(database)).toEqual({ '3': 40 })
    expect(sent()).toHaveLength(40)
  })

  test('10: a claim whose COMMIT had no answer is read again', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 10)
    const { wrap, lose } = withLostCommits()
    const agent = await testAgent({ database, world, wrap })
    const claim = vi.spyOn(agent.table, 'claim')
    claim.mockImplementationOnce(async (...args) => {
      lose(1)
      return agent.table.claim(...args)
    })
    await expect(agent.sender.claim()).rejects.toMatchObject({ code: 'database-unavailable' })
    expect(await states(database)).toEqual({ '2': 10 })
    await agent.drain()
    expect(await states(database)).toEqual({ '3': 10 })
    expect(sent()).toHaveLength(10)
  })

  test('20: two agents share a table, and no row is sent by both', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 2000)
    const agents = await Promise.all(['a1', 'a2'].map((name) => testAgent({ database, world, name })))
    await Promise.all(agents.map((agent) => agent.drain()))
    expect(await states(database)).toEqual({ '3': 2000 })
    expect(sent()).toHaveLength(2000)
  })

  test('24: a second process with the same journal does not start', async () => {
    const { database, world, journalPath } = await start()
    await createOutbox(database, 'other')
    const agent = await testAgent({ database, world, journalPath })
    await agent.run()
    const second = await testAgent({ database, world, journalPath })
    await expect(second.run()).rejects.toMatchObject({ code: 'data-in-use' })
    agent.journal.close()
    await second.run()
  })

  test('24: the kernel ends the lock with the process, however that ends', async () => {
    const { database, world, journalPath: journal } = await start({}, mariadb.create)
    const first = startAgentProcess({ database: database.address, world, journal })
    await first.logged('running')
    const second = startAgentProcess({ database: database.address, world, journal })
    expect(await second.ended).toBe(1)
    expect(JSON.stringify(second.lines)).toContain('data-in-use')
    first.process.kill('SIGKILL')
    await first.ended
    await startAgentProcess({ database: database.address, world, journal }).logged('running')
  })

  test('a suspended agent changes no row that another one has sent meanwhile', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 10)
    const suspended = await testAgent({ database, world, fetch: async () => problem(429, 'day-quota-exceeded') })
    const batch = await suspended.sender.claim()
    const other = await testAgent({ database, world, name: 'a2', now: noon + 61_000 })
    await other.sender.adoptOrphans()
    await suspended.sender.send(batch ?? expect.fail('nothing was claimed'))
    // The customer may delete a row that is ready again, and this one is being sent.
    expect(await states(database)).toEqual({ '2': 10 })
    await other.drain()
    expect(await states(database)).toEqual({ '3': 10 })
    expect(sent()).toHaveLength(10)
  })
})

describe('never too late, and never lost', () => {
  test('5: rows that were due before the maximum age expire at a restart, and none is sent', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 200, { send_at: '2026-11-23 08:00:00' })
    const agent = await testAgent({ database, world, maxAgeMs: hourMs })
    await agent.drain()
    expect(await states(database)).toEqual({ '6': 200 })
    expect(sent()).toHaveLength(0)
  })

  test('6: what expires is said, with how many rows and for how long they were due', async () => {
    const { database, world } = await start()
    await fill(database, 1, 7, { send_at: '2026-11-23 09:00:00' })
    const agent = await testAgent({ database, world, maxAgeMs: hourMs })
    await agent.drain()
    expect(agent.events).toEqual([{ kind: 'failed', table: 'outbox', code: 'too-old', rows: 7, detail: 'was due 180 min ago' }])
  })

  test("12: the database's clock decides what is due", async () => {
    const { database, world } = await start()
    await fill(database, 1, 1, { send_at: '2026-11-23 11:59:59' })
    await fill(database, 2, 1, { send_at: '2026-11-23 12:00:01' })
    const wrap = (engine: Engine): Engine =>
      new Proxy(engine, {
        get: (target, name) => {
          const value: unknown = name === 'now' ? async () => noon : Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const agent = await testAgent({ database, world, now: noon - 9 * hourMs, wrap })
    await agent.table.connect()
    await agent.drain()
    expect(await database.sql('SELECT id, state, accepted_at FROM outbox ORDER BY id')).toEqual([
      { id: 1, state: '3', accepted_at: '2026-11-23 12:00:00' },
      { id: 2, state: '1', accepted_at: null },
    ])
  })

  test('16: a row of an unknown type fails, and says so', async () => {
    const { database, world } = await start()
    await fill(database, 1, 1, { type: '9' })
    const agent = await testAgent({ database, world })
    await agent.drain()
    expect(await states(database)).toEqual({ '5': 1 })
    expect(agent.events).toMatchObject([
      { kind: 'failed', code: 'type-unknown', detail: 'type holds "9", which the map does not list' },
    ])
  })

  test('18: a report finds its row in the table of last month, on any day', async () => {
    const { database, world, report, journalPath } = await start()
    await fill(database, 1, 2)
    const map = { ...outbox, log: 'outbox_{yyyymm}' }
    const agent = await testAgent({ database, world, map, journalPath })
    await agent.drain()
    await database.sql('CREATE TABLE outbox_202611 AS SELECT * FROM outbox')
    await database.sql('DELETE FROM outbox')
    await report()
    const later = await testAgent({ database, world, map, journalPath, now: Date.parse('2026-12-20T12:00:00+09:00') })
    await later.reporter.read(0)
    expect(await database.sql('SELECT id, state FROM outbox_202611 ORDER BY id')).toEqual([
      { id: 1, state: '4' },
      { id: 2, state: '4' },
    ])
  })

  test('19: a result that the map does not list is written with the default, and said', async () => {
    const { database, world, report } = await start()
    await fill(database, 1, 1)
    const map = { ...outbox, result: { ...outbox.result, codes: { '4000': 'PWR' } } }
    const agent = await testAgent({ database, world, map })
    await agent.drain()
    await report({ status: 'failed', code: '4410' })
    await agent.reporter.read(0)
    expect(await database.sql('SELECT state, result FROM outbox')).toEqual([{ state: '5', result: 'ER' }])
    expect(agent.events).toContainEqual({ kind: 'unmapped', table: 'outbox', code: '4410' })
  })

  test('21: a new row goes out with the first call before a backlog of 20,000', async () => {
    const { database, world } = await start()
    await fill(database, 1, 20_000, { send_at: '2026-11-23 11:00:00' })
    await fill(database, 20_001, 1, { body: 'one-time password' })
    const agent = await testAgent({ database, world })
    const batch = await agent.sender.claim()
    expect(batch?.messages.map(({ request }) => request.text)).toContain('one-time password')
  })

  test('22: a row without a report for 96 hours is looked up, and ends', async () => {
    const { database, world, sent, report, journalPath } = await start()
    await fill(database, 1, 150)
    const agent = await testAgent({ database, world, journalPath })
    await agent.drain()
    await agent.reporter.followUp()
    expect(await states(database)).toEqual({ '3': 150 })
    const later = await testAgent({ database, world, journalPath, now: noon + 97 * hourMs })
    await later.reporter.followUp()
    expect(await states(database)).toEqual({ '7': 150 })
    // A report that comes even then is written.
    await report()
    await later.reporter.read(0)
    expect(await states(database)).toEqual({ '4': 150 })
    expect(sent()).toHaveLength(150)
  })

  test('26: a row that is committed late, with a lower key, is sent', async () => {
    const { database, world, sent } = await start({}, postgres.create)
    const late = new pg.Client(database.address)
    await late.connect()
    onTestFinished(() => late.end())
    await late.query('BEGIN')
    await late.query(
      `INSERT INTO outbox (id, recipient, sender, body, type, send_at, state)
       VALUES (1, '010-1234-5678', '1588-1234', 'late', '4', '2026-11-23 11:00:00', '1')`,
    )
    await fill(database, 2, 1)
    const agent = await testAgent({ database, world })
    await agent.drain()
    expect(sent().map(({ text }) => text)).toEqual(['hello 2'])
    await late.query('COMMIT')
    await agent.drain()
    expect(sent().map(({ text }) => text)).toEqual(['hello 2', 'late'])
  })
})

describe('a database that fails over', () => {
  test('9: a connection to a server that became read-only is left, and 10: one that was cut while idle is too', {
    timeout: 120_000,
  }, async () => {
    const { database, world, sent } = await start({}, hurtMariadb)
    if (!('agentAddress' in database)) return expect.fail('the wrong database')
    await database.sql("CREATE USER agent@'127.0.0.1'")
    await database.sql("GRANT SELECT, UPDATE ON chaos.outbox TO agent@'127.0.0.1'")
    const agent = await testAgent({ database: { ...database, address: String(database.agentAddress) }, world })
    const connections = async () =>
      (await database.sql("SELECT id FROM information_schema.processlist WHERE user = 'agent'")).map(({ id }) => Number(id))
    await fill(database, 1, 10)
    await agent.table.dueKeys(1, 0)
    const before = await connections()
    await database.sql('SET GLOBAL read_only = 1')
    await expect(agent.sender.claim()).rejects.toMatchObject({ code: 'database-unavailable' })
    await database.sql('SET GLOBAL read_only = 0')
    await agent.drain()
    expect((await connections()).some((id) => before.includes(id))).toBe(false)

    for (const id of await connections()) await database.sql(`KILL ${id}`)
    await fill(database, 11, 10)
    await agent.run()
    await expect.poll(() => states(database)).toEqual({ '3': 20 })
    expect(sent()).toHaveLength(20)
  })
})

test('a used-up quota costs a few calls, however many rows wait', async () => {
  const { database, world } = await start({ quota: { day: 1 } })
  await fill(database, 1, 2_000)
  let calls = 0
  const counting: Fetch = (url, request) => {
    if (request.method === 'POST') calls += 1
    return fetch(url, request)
  }
  const agent = await testAgent({ database, world, fetch: counting })
  await agent.run()
  // Until midnight, of which ten minutes are waited at once.
  const isHeldForLong = () => agent.events.some((event) => event.kind === 'held' && event.retryMs === 600_000)
  await expect.poll(isHeldForLong, { timeout: 20_000 }).toBe(true)
  // 500, 250, 125 … 1, from each of two calls under way.
  expect(calls).toBeLessThanOrEqual(25)
  // The other call may still be writing.
  await expect.poll(() => states(database)).toEqual({ '1': 1_999, '3': 1 })
})
