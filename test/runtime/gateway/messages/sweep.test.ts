import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { reconcileAfterMs } from '../../../../src/domain/admission.ts'
import { type SweepOptions, sweepOpenUnits } from '../../../../src/runtime/gateway/messages/sweep.ts'
import type { Ledger } from '../../../../src/runtime/ports/index.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { until } from '../../../support/until.ts'
import { startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
let proxy: SqsProxy
let dynamo: Dynamo
let ledger: Ledger
beforeAll(async () => {
  sqs = await startSqs()
  proxy = await startSqsProxy(sqs.port)
  dynamo = await startDynamo()
  ledger = dynamo.open()
  await ledger.prepare()
})
afterAll(async () => {
  ledger.close()
  await dynamo.stop()
  await proxy.close()
  await sqs.stop()
})

interface Logged {
  readonly event: string
  readonly customer?: unknown
}

/** The registry as a sweep sees it, reduced to this customer: other tests use the same Redis. */
function registryOf({ registry, customer }: World, onLook: () => void = () => undefined): SweepOptions['registry'] {
  return {
    customers: async () => (await registry.customers()).filter(({ id }) => id === customer),
    open: (id, environment) => {
      onLook()
      return registry.open(id, environment)
    },
    settle: (...args) => registry.settle(...args),
    giveBack: (repayment) => registry.giveBack(repayment),
    now: () => registry.now(),
    counts: (...args) => registry.counts(...args),
    rollCounts: (...args) => registry.rollCounts(...args),
    usage: (...args) => registry.usage(...args),
    reportsCounted: (...args) => registry.reportsCounted(...args),
    countReports: (...args) => registry.countReports(...args),
    fileCounts: (...args) => registry.fileCounts(...args),
  }
}

function startSweep(world: World): { readonly logged: Logged[] } {
  const logged: Logged[] = []
  const log = (event: string, fields: Readonly<Record<string, unknown>>) => void logged.push({ event, ...fields })
  const sweep = sweepOpenUnits({ registry: registryOf(world), ledger, everyMs: 20, log, random: () => 0 })
  onTestFinished(() => sweep.stop())
  return { logged }
}

const openCount = async ({ registry, customer }: World) => (await registry.open(customer, 'live')).count
const usageOf = async ({ registry, customer }: World) => (await registry.usage(customer, 'live')).usage

describe.each([
  ['SQLite', () => undefined],
  ['Redis', () => inject('redis')],
])('a customer that does not call again, with %s', (_, registry) => {
  const start = () => {
    const address = registry()
    return startWorld({ endpoint: proxy.endpoint, ledger, ...(address !== undefined && { registry: address }) })
  }

  it('gets the unit back for a call whose message was not sent', async () => {
    const world = await start()
    const held = proxy.hold('SendMessageBatch', 'hold')
    void world.post().catch(() => undefined)
    await held.arrived
    const { logged } = startSweep(world)
    world.clock.now = Date.now() + reconcileAfterMs
    await until(async () => (await openCount(world)) === 0)
    expect(await usageOf(world)).toMatchObject({ dayUsed: 0, dayBack: 1 })
    const line = { event: 'open-units-reconciled', customer: world.customer, environment: 'live', calls: 1, returned: 1 }
    await until(() => logged.some(({ customer }) => customer === world.customer))
    expect(logged.filter(({ customer }) => customer === world.customer)).toEqual([line])
    held.release()
  })

  it('pays for a message that was sent', async () => {
    const world = await start()
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    void world.post().catch(() => undefined)
    await held.arrived
    await until(() => sqs.messages(liveQueue, world.customer).length === 1)
    const [sent] = sqs.messages(liveQueue, world.customer)
    await ledger.queued({ customer: world.customer, environment: 'live' }, [{ id: sent?.id ?? '', at: world.clock.now }])
    startSweep(world)
    world.clock.now += reconcileAfterMs
    await until(async () => (await openCount(world)) === 0)
    expect(await usageOf(world)).toMatchObject({ dayUsed: 1, dayBack: 0 })
    held.release()
  })

  it('keeps the unit of a call that is still running', async () => {
    const world = await start()
    const held = proxy.hold('SendMessageBatch', 'hold')
    const answer = world.post()
    await held.arrived
    let looks = 0
    const sweep = sweepOpenUnits({
      registry: registryOf(world, () => {
        looks += 1
      }),
      ledger,
      everyMs: 20,
      log: () => undefined,
      random: () => 0,
    })
    await until(() => looks >= 4)
    await sweep.stop()
    expect(await openCount(world)).toBe(1)
    held.release()
    expect((await answer).status).toBe(202)
    expect(await usageOf(world)).toMatchObject({ dayUsed: 1, dayBack: 0 })
  })
})

it('continues after the ledger has failed, and logs why', async () => {
  const world = await startWorld({ endpoint: proxy.endpoint, ledger })
  const held = proxy.hold('SendMessageBatch', 'hold')
  void world.post().catch(() => undefined)
  await held.arrived
  world.clock.now = Date.now() + reconcileAfterMs
  const logged: Record<string, unknown>[] = []
  let failing = true
  const standings: Ledger['standings'] = async (...args) => {
    if (failing) throw new Error('the ledger is away')
    return ledger.standings(...args)
  }
  const sweep = sweepOpenUnits({
    registry: registryOf(world),
    ledger: { standings, decisions: ledger.decisions, ended: (...args) => ledger.ended(...args) },
    everyMs: 20,
    log: (event, fields) => void logged.push({ event, ...fields }),
    random: () => 0,
  })
  await until(() => logged.some(({ event }) => event === 'reconcile-failed'))
  expect(logged[0]).toMatchObject({ cause: 'the ledger is away' })
  failing = false
  await until(async () => (await openCount(world)) === 0)
  await sweep.stop()
  held.release()
})
