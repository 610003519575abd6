import { describe, expect, test, vi } from 'vitest'
import type { Fetch } from '../../../src/client/index.ts'
import { engines } from '../../support/databases.ts'
import { liveQueue } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { useServices } from './stage.ts'
import { createOutbox, fill, testAgent } from './support.ts'

const services = useServices()

const [sqlite] = engines

/** A network that loses every answer, or every request too. */
function losing() {
  const state = { lost: 'answers' as 'answers' | 'requests' | 'nothing' }
  const lossy: Fetch = async (url, request) => {
    if (state.lost === 'requests') throw new Error('no route')
    const response = await fetch(url, request)
    if (state.lost === 'nothing') return response
    await response.body?.cancel()
    throw new Error('connection cut')
  }
  return { state, lossy }
}

describe('a call without an answer', () => {
  async function start(maxAgeMs: number) {
    const database = await sqlite.create()
    await createOutbox(database)
    const ledger = services.dynamo.open(() => noon)
    const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 100 } })
    await fill(database, 1, 2)
    const { state, lossy } = losing()
    const agent = await testAgent({ database, world, fetch: lossy, maxAgeMs })
    const states = async () => (await database.sql('SELECT state FROM outbox ORDER BY id')).map((row) => row.state)
    const batch = await agent.sender.claim()
    if (batch === undefined) throw new Error('nothing was claimed')
    return { database, ledger, world, state, agent, states, batch }
  }

  /** Moves the wall clock on by two hours. */
  function twoHoursLater(): void {
    vi.useFakeTimers({ now: Date.now() + 2 * 3_600_000, toFake: ['Date'] })
  }

  test('is not repeated when its messages are too old to be sent: the gateway says what it has', async () => {
    const { ledger, world, state, agent, states, batch } = await start(3_600_000)
    await agent.sender.send(batch)
    expect(await states()).toEqual(['2', '2'])
    const [first] = services.sqs.messages(liveQueue, world.customer)
    if (first === undefined) throw new Error('nothing was sent')
    await ledger.queued({ customer: world.customer, environment: 'live' }, [{ id: first.id, at: noon }])
    state.lost = 'nothing'
    twoHoursLater()
    await agent.sender.send(agent.journal.call(batch.id) ?? batch)
    vi.useRealTimers()
    // The worker has written one of them; the other may be on its way.
    expect((await states()).toSorted()).toEqual(['3', '7'])
    expect(services.sqs.messages(liveQueue, world.customer)).toHaveLength(2)
    expect(agent.events.at(-1)).toMatchObject({ kind: 'failed', code: 'no-answer', rows: 1 })
  })

  test('stays open while the gateway does not say what it has', async () => {
    const { state, agent, states, batch } = await start(3_600_000)
    await agent.sender.send(batch)
    state.lost = 'requests'
    twoHoursLater()
    await agent.sender.send(agent.journal.call(batch.id) ?? batch)
    vi.useRealTimers()
    expect(await states()).toEqual(['2', '2'])
    expect(agent.journal.openCalls(agent.table.target)).toHaveLength(1)
  })

  test('that was never made puts its rows back, and their age ends them', async () => {
    const { world, state, agent, states, batch } = await start(3_600_000)
    state.lost = 'nothing'
    twoHoursLater()
    await agent.sender.send(agent.journal.call(batch.id) ?? batch)
    vi.useRealTimers()
    expect(await states()).toEqual(['1', '1'])
    expect(services.sqs.messages(liveQueue, world.customer)).toHaveLength(0)
  })
})

test('rows of an agent that is gone are not sent again when they are too old', async () => {
  const database = await sqlite.create()
  await createOutbox(database)
  const ledger = services.dynamo.open(() => noon)
  const world = await startWorld({ endpoint: services.sqs.endpoint, ledger, quota: { day: 100 } })
  await fill(database, 1, 2)
  const gone = await testAgent({ database, world, maxAgeMs: 3_600_000 })
  const batch = await gone.sender.claim()
  if (batch === undefined) throw new Error('nothing was claimed')
  await gone.gateway.sendBatch(
    batch.id,
    batch.messages.map(({ request }) => request),
  )
  const [first] = services.sqs.messages(liveQueue, world.customer)
  if (first === undefined) throw new Error('nothing was sent')
  await ledger.queued({ customer: world.customer, environment: 'live' }, [{ id: first.id, at: noon }])
  const heir = await testAgent({ database, world, name: 'heir', maxAgeMs: 3_600_000, now: noon + 7_200_000 })
  expect(await heir.sender.adoptOrphans()).toBe(2)
  expect((await database.sql('SELECT state FROM outbox ORDER BY state')).map(({ state }) => state)).toEqual(['3', '7'])
  expect(services.sqs.messages(liveQueue, world.customer)).toHaveLength(2)
})
