import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { masterKeysFrom } from '../../../src/domain/seal.ts'
import { setCustomer } from '../../../src/operations/customers/index.ts'
import { Journal } from '../../../src/runtime/agent/index.ts'
import { temporaryFolder } from '../../support/names.ts'
import { until } from '../../support/until.ts'
import { noon } from '../../support/world.ts'
import { startAgentProcess } from './agent-child.ts'
import { drainFor, fakeClock, hourMs, mariadb, start, states, useServices } from './stage.ts'
import { createOutbox, fill, journalKeys, testAgent } from './support.ts'

useServices()

describe('what an agent meets', () => {
  test('a disk without room for the journal: nothing is sent, and everything after it', async () => {
    const { database, world, sent } = await start({}, mariadb.create)
    const agent = startAgentProcess({ database: database.address, world })
    await agent.logged('running')
    const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(agent.process.pid), `--fsize=${bytes}:`])
    limit('1')
    await fill(database, 1, 20)
    await until(() => agent.lines.some(({ event, what }) => event === 'unavailable' && what === 'journal'))
    expect(sent()).toHaveLength(0)
    limit('unlimited')
    await until(async () => (await states(database))['3'] === 20)
    expect(sent()).toHaveLength(20)
  })

  test('a damaged journal is not used, and without it nothing is sent twice', async () => {
    const { database, world, sent, journalPath } = await start()
    await fill(database, 1, 10)
    const agent = await testAgent({ database, world, journalPath })
    const batch = await agent.sender.claim()
    await agent.gateway.sendBatch(batch?.id ?? '', batch?.messages.map(({ request }) => request) ?? [])
    const damaged = join(temporaryFolder(), 'journal.db')
    writeFileSync(damaged, 'not a journal. '.repeat(1000))
    expect(() => new Journal(damaged, journalKeys)).toThrow(
      expect.objectContaining({ code: 'journal-unusable', next: expect.stringContaining('move it away') }),
    )
    const without = await testAgent({ database, world, now: noon + 61_000 })
    await without.sender.adoptOrphans()
    await without.drain()
    expect(await states(database)).toEqual({ '3': 10 })
    expect(sent()).toHaveLength(10)
  })

  test('a journal of another key file is refused at the start', async () => {
    const { database, world, journalPath } = await start()
    await fill(database, 1, 1)
    const agent = await testAgent({ database, world, journalPath })
    await agent.sender.claim()
    const others = masterKeysFrom(Buffer.alloc(32, 8).toString('base64'))
    expect(() => new Journal(journalPath, others)).toThrow(expect.objectContaining({ code: 'master-key-missing' }))
  })

  test("a jump of this machine's clock ends no row", async () => {
    const { database, world, journalPath } = await start()
    await fill(database, 1, 5)
    const agent = await testAgent({ database, world, journalPath })
    await agent.drain()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * 24 * hourMs })
    onTestFinished(() => void vi.useRealTimers())
    await agent.reporter.followUp()
    expect(await states(database)).toEqual({ '3': 5 })
  })

  test("a jump of this machine's clock backwards holds up no row", async () => {
    const { database, world } = await start()
    await fill(database, 1, 5)
    let calls = 0
    const agent = await testAgent({
      database,
      world,
      fetch: (...call) => (++calls === 1 ? Promise.reject(new Error('cut')) : fetch(...call)),
    })
    const batch = await agent.sender.claim()
    await agent.sender.send(batch ?? expect.fail('nothing was claimed'))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - hourMs })
    onTestFinished(() => void vi.useRealTimers())
    await expect.poll(() => agent.sender.sendOpen().then(() => states(database))).toEqual({ '3': 5 })
  })

  test('a table that is missing is waited for', async () => {
    const { database, world, sent } = await start()
    await database.sql('DROP TABLE outbox')
    const agent = await testAgent({ database, world })
    await agent.run()
    await expect
      .poll(() => agent.events)
      .toContainEqual(
        expect.objectContaining({ kind: 'unavailable', what: 'database', why: expect.stringContaining('no such table') }),
      )
    await createOutbox(database)
    await fill(database, 1, 3)
    await expect.poll(() => states(database), { timeout: 30_000 }).toEqual({ '3': 3 })
    expect(sent()).toHaveLength(3)
  })

  test('a row that the database refuses to claim holds up no other', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 50)
    await database.sql(
      "CREATE TRIGGER bad BEFORE UPDATE ON outbox WHEN NEW.id = 7 BEGIN SELECT RAISE(ABORT, 'not this row'); END",
    )
    const agent = await testAgent({ database, world })
    await agent.drain()
    expect(await states(database)).toEqual({ '1': 1, '3': 49 })
    expect(sent()).toHaveLength(49)
    expect(agent.events).toContainEqual({
      kind: 'refused',
      table: 'outbox',
      rows: 1,
      why: expect.stringContaining('not this row'),
    })
  })

  test('a report that the database refuses to write holds up no other, and is written when it can be', async () => {
    const { database, world, report } = await start()
    await fill(database, 1, 50)
    const agent = await testAgent({ database, world })
    await agent.drain()
    await database.sql(
      "CREATE TRIGGER bad BEFORE UPDATE ON outbox WHEN NEW.id = 7 AND NEW.state = '4' BEGIN SELECT RAISE(ABORT, 'not this row'); END",
    )
    await report()
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await states(database)).toEqual({ '3': 1, '4': 49 })
    expect(agent.events).toContainEqual({
      kind: 'refused',
      table: 'outbox',
      rows: 1,
      why: expect.stringContaining('not this row'),
    })
    await database.sql('DROP TRIGGER bad')
    await agent.run()
    await expect.poll(() => states(database)).toEqual({ '4': 50 })
  })

  test('a database that refuses every row is said to be unusable, and no outcome is given up', async () => {
    const { database, world, report } = await start()
    await fill(database, 1, 50)
    const agent = await testAgent({ database, world })
    await agent.drain()
    await database.sql("CREATE TRIGGER bad BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'no row'); END")
    await report()
    await expect(agent.reporter.read(0)).rejects.toThrow('no row')
    await database.sql('DROP TRIGGER bad')
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await states(database)).toEqual({ '4': 50 })
  })

  test('while the gateway is down for a day, rows stay where their owner can delete them, and then all are sent', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 1200)
    let isDown = true
    const agent = await testAgent({
      database,
      world,
      fetch: (...call) => (isDown ? Promise.reject(new Error('connect ECONNREFUSED')) : fetch(...call)),
    })
    fakeClock()
    await drainFor(agent, 24 * hourMs, 10 * 60_000)
    expect(await states(database)).toEqual({ '1': 700, '2': 500 })
    await database.sql('DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE state = ?)', ['1'])
    isDown = false
    await drainFor(agent, 10 * 60_000)
    expect(await states(database)).toEqual({ '3': 1199 })
    expect(sent()).toHaveLength(1199)
  })

  test('a message that something in between stops at holds up no other', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 40)
    await fill(database, 41, 1, { body: 'UNION SELECT' })
    const agent = await testAgent({
      database,
      world,
      fetch: async (url, init) => {
        const isStopped = Buffer.from(init.body ?? '').includes('UNION SELECT')
        return isStopped ? new Response('<h1>Forbidden</h1>', { status: 403 }) : fetch(url, init)
      },
    })
    fakeClock()
    await drainFor(agent, 10 * 60_000)
    await fill(database, 42, 5)
    await drainFor(agent, hourMs)
    expect(await states(database)).toEqual({ '3': 45, '7': 1 })
    expect(sent()).toHaveLength(45)
    expect(agent.events).toContainEqual(expect.objectContaining({ kind: 'failed', code: 'no-answer', rows: 1 }))
  })

  test('the rows of a suspended customer wait, and are sent after it', async () => {
    const { database, world, sent } = await start()
    await fill(database, 1, 5)
    await setCustomer(world.context, world.customer, { state: 'suspended' })
    const agent = await testAgent({ database, world })
    fakeClock()
    await drainFor(agent, 60_000)
    expect(await states(database)).toEqual({ '1': 5 })
    expect(agent.events.at(-1)).toMatchObject({ kind: 'held', code: 'customer-suspended', rows: 5 })
    await setCustomer(world.context, world.customer, { state: 'active' })
    await drainFor(agent, hourMs)
    expect(await states(database)).toEqual({ '3': 5 })
    expect(sent()).toHaveLength(5)
  })

  test('what is left of a daily quota is used up by smaller calls', async () => {
    const { database, world, sent } = await start({ quota: { day: 130 } })
    await fill(database, 1, 600)
    const agent = await testAgent({ database, world })
    fakeClock()
    await drainFor(agent, 20 * 60_000)
    expect(sent()).toHaveLength(130)
    expect(await states(database)).toEqual({ '1': 470, '3': 130 })
  })

  test('a cursor that the gateway does not know is forgotten', async () => {
    const { database, world, report } = await start()
    await fill(database, 1, 3)
    const agent = await testAgent({ database, world })
    await agent.drain()
    await report()
    agent.journal.setMeta('reports-cursor', 'of-another-gateway')
    expect(await agent.reporter.read(0)).toMatchObject({ why: expect.stringContaining('cursor-invalid') })
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await states(database)).toEqual({ '4': 3 })
  })
})
