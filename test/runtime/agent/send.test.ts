import { describe, expect, test } from 'vitest'
import type { Fetch } from '../../../src/client/index.ts'
import { agentEngines } from '../../support/sql-servers/databases.ts'
import { liveQueue } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { useServices } from './stage.ts'
import { createOutbox, fill, testAgent } from './support.ts'

const services = useServices()

describe.each(agentEngines)('an agent on $engine', ({ engine, create }) => {
  async function start(options: { readonly quota?: { day?: number; rate?: number; burst?: number } } = {}) {
    const database = await create()
    await createOutbox(database)
    const ledger = services.dynamo.open(() => noon)
    const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 10_000 }, ...options })
    const states = async () =>
      Object.fromEntries(
        (await database.sql('SELECT state, count(*) AS n FROM outbox GROUP BY state ORDER BY state')).map(({ state, n }) => [
          String(state),
          Number(n),
        ]),
      )
    return { database, ledger, world, states }
  }

  test('sends each row once and writes down that it was accepted', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 1200)
    const { drain } = await testAgent({ database, world })
    await drain()
    expect(await states()).toEqual({ '3': 1200 })
    const messages = services.sqs.messages(liveQueue, world.customer)
    expect(new Set(messages.map(({ text }) => text)).size).toBe(1200)
    expect(messages).toHaveLength(1200)
    const [row] = await database.sql('SELECT message_id, claim, accepted_at FROM outbox WHERE id = 7')
    expect(row).toEqual({
      message_id: messages.find(({ text }) => text === 'hello 7')?.id,
      // Oracle has no empty text.
      claim: engine === 'Oracle' ? ' ' : '',
      accepted_at: '2026-11-23 12:00:00',
    })
  })

  test('leaves rows alone that are not due yet, so that they can be deleted', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 3, { send_at: '2026-11-23 12:00:01' })
    await fill(database, 4, 2)
    const { drain } = await testAgent({ database, world })
    await drain()
    expect(await states()).toEqual({ '1': 3, '3': 2 })
  })

  test('writes the report into the row, and into the row of its month where it was moved', async () => {
    const { database, ledger, world, states } = await start()
    await fill(database, 1, 3)
    const { outbox } = await import('./support.ts')
    const agent = await testAgent({ database, world, map: { ...outbox, log: 'outbox_{yyyymm}' } })
    await agent.drain()
    const messages = services.sqs.messages(liveQueue, world.customer)
    await database.sql('CREATE TABLE outbox_202611 AS SELECT * FROM outbox WHERE id = 3')
    await database.sql('DELETE FROM outbox WHERE id = 3')
    await ledger.append(
      { customer: world.customer, environment: 'live' },
      messages.map(({ id, ref, text }) => ({
        id,
        ...(ref !== undefined && { ref }),
        status: text === 'hello 2' ? 'failed' : 'delivered',
        code: '0000',
        at: noon + 5000,
      })),
    )
    expect(await agent.reporter.read(0)).toBeUndefined()
    expect(await states()).toEqual({ '4': 1, '5': 1 })
    expect(await database.sql('SELECT state, result, result_at FROM outbox_202611')).toEqual([
      { state: '4', result: 'OK', result_at: '2026-11-23 12:00:05' },
    ])
    expect(agent.events.at(-1)).toEqual({ kind: 'reported', reports: 3, unmatched: 0 })
  })

  test('a lost journal sends nothing twice', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 50)
    const first = await testAgent({ database, world })
    const batch = await first.sender.claim()
    const answer = await first.gateway.sendBatch(batch?.id ?? '', batch?.messages.map(({ request }) => request) ?? [])
    expect(answer.kind).toBe('answered')
    // The agent crashed here, and its disk is gone. The database's clock is a minute later.
    const second = await testAgent({ database, world, now: noon + 61_000 })
    await second.sender.adoptOrphans()
    await second.drain()
    expect(await states()).toEqual({ '3': 50 })
    expect(services.sqs.messages(liveQueue, world.customer)).toHaveLength(50)
    expect((await world.left()).day).toBe(9_950)
  })

  test('ends rows that the gateway rejects, and sends the others', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 10)
    await fill(database, 11, 1, { recipient: 'stranger' })
    await fill(database, 12, 1, { type: '9' })
    const { drain, events } = await testAgent({ database, world })
    await drain()
    expect(await states()).toEqual({ '3': 10, '5': 2 })
    expect(events.filter(({ kind }) => kind === 'failed')).toMatchObject([
      { code: 'type-unknown', rows: 1 },
      { code: 'invalid-request', rows: 1 },
    ])
  })

  test('holds rows while the quota is used up, and gives them back to the customer', async () => {
    const { database, world, states } = await start({ quota: { day: 5 } })
    await fill(database, 1, 5)
    const agent = await testAgent({ database, world })
    await agent.drain()
    await fill(database, 6, 3)
    const batch = await agent.sender.claim()
    if (batch !== undefined) await agent.sender.send(batch)
    expect(await states()).toEqual({ '1': 3, '3': 5 })
    expect(agent.sender.isHeld).toBe(true)
    expect(agent.events.at(-1)).toMatchObject({ kind: 'held', code: 'day-quota-exceeded', rows: 3 })
  })

  test('repeats a call without an answer under the same key', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 20)
    let cut = true
    const cutting: Fetch = async (...call) => {
      const response = await fetch(...call)
      if (!cut) return response
      cut = false
      await response.body?.cancel()
      throw new Error('connection cut')
    }
    const agent = await testAgent({ database, world, fetch: cutting })
    const batch = await agent.sender.claim()
    if (batch !== undefined) await agent.sender.send(batch)
    expect(await states()).toEqual({ '2': 20 })
    await expect.poll(() => agent.sender.sendOpen().then(states)).toEqual({ '3': 20 })
    expect(services.sqs.messages(liveQueue, world.customer)).toHaveLength(20)
  })

  test('ends rows that are too old as expired', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 2, { send_at: '2026-11-22 11:00:00' })
    await fill(database, 3, 1)
    const { drain, events } = await testAgent({ database, world, maxAgeMs: 86_400_000 })
    await drain()
    expect(await states()).toEqual({ '3': 1, '6': 2 })
    expect(events).toContainEqual(expect.objectContaining({ kind: 'failed', code: 'too-old', rows: 2 }))
  })

  test('a primary key that is used again is another message', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 1)
    const agent = await testAgent({ database, world })
    await agent.drain()
    await database.sql('DELETE FROM outbox WHERE id = 1')
    await fill(database, 1, 1, { body: 'another' })
    await agent.drain()
    expect(await states()).toEqual({ '3': 1 })
    expect(services.sqs.messages(liveQueue, world.customer).map(({ text }) => text)).toEqual(['hello 1', 'another'])
  })

  test('a row whose state was taken back after it was accepted is not sent again', async () => {
    const { database, world, states } = await start()
    await fill(database, 1, 4)
    const agent = await testAgent({ database, world })
    await agent.drain()
    await database.sql("UPDATE outbox SET state = '1'")
    await agent.drain()
    await agent.run()
    await expect.poll(states).toEqual({ '3': 4 })
    expect(services.sqs.messages(liveQueue, world.customer)).toHaveLength(4)
  })
})
