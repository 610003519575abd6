import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { seal } from '../../../src/domain/seal.ts'
import { eventId, type Webhook, webhookOwner } from '../../../src/domain/webhook.ts'
import { newWebhookSecret } from '../../../src/domain/webhook-signature.ts'
import { type Attempt, type Owner, openWebhooks, type Progress } from '../../../src/runtime/ports/index.ts'
import {
  createSender,
  type SchedulerLimits,
  WebhookScheduler,
  type WebhookWorkerEvent,
} from '../../../src/runtime/webhooks/index.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { uniqueName } from '../../support/names.ts'
import { gate, until } from '../../support/until.ts'
import { endpointOf, masterKeys, startCheckingReceiver, startReceiver } from './receiver.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(async () => {
  expect([...dynamo.seen.keys()]).not.toContain('Scan')
  await dynamo.stop()
})

const hour = 3_600_000
const newOwner = (): Owner => ({ customer: uniqueName('acme'), environment: 'live' })

interface WorldOptions {
  readonly timeoutMs?: number
  /** Whether its clock runs. */
  readonly live?: boolean
  readonly limits?: Partial<SchedulerLimits>
}

/** A world with a clock of its own, and workers that share what is stored. The endpoints of a test are the only ones that it sees. */
function newWorld({ timeoutMs = 15_000, live = false, limits = {} }: WorldOptions = {}) {
  const clock = { at: live ? Date.now() : Date.parse('2026-11-23T12:00:00Z') }
  const now = (): number => (live ? Date.now() : clock.at)
  const webhooks = openWebhooks({ endpoint: dynamo.endpoint, region: 'ap-northeast-2', now })
  if (webhooks === undefined) throw new Error('an endpoint is there')
  const mine: string[] = []
  const only = { all: async () => (await webhooks.all()).filter(({ value }) => mine.includes(value.customer)) }
  const visible = Object.assign(Object.create(webhooks), only, bound(webhooks)) as typeof webhooks
  const ledger = dynamo.open(now)
  const events: WebhookWorkerEvent[] = []
  const worker = (holder = uniqueName('worker')) => {
    const sender = createSender({ local: true, timeoutMs })
    onTestFinished(() => sender.close())
    const observe = (event: WebhookWorkerEvent): void => void events.push(event)
    const parts = { webhooks: visible, ledger, send: sender.send, masterKeys, holder, observe, now, random: () => 0.5 }
    return new WebhookScheduler(parts, limits)
  }
  const once = async (one = worker()): Promise<number> => one.once(new AbortController().signal)
  const add = async (owner: Owner, url: string, more: Partial<Webhook> = {}) => {
    mine.push(owner.customer)
    const made = endpointOf(owner, url, { createdAt: clock.at, ...more })
    const progress: Progress = { cursor: await ledger.cursorAt(owner, 'end'), pending: [], done: [], failures: 0 }
    await webhooks.saveProgress(made.webhook, progress)
    await webhooks.save(made.webhook)
    return made
  }
  const progressOf = async (key: Webhook) => (await webhooks.progress(key))?.value
  const attemptsOf = async (key: Webhook): Promise<Attempt[]> => {
    const found: Attempt[] = []
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await webhooks.attempts(key, cursor)
      found.push(...page.attempts)
      cursor = page.cursor
    }
    return found
  }
  const append = async (owner: Owner, count: number, prefix = 'm') => {
    const reports = Array.from(
      { length: count },
      (_, at) => ({ id: `${prefix}${at}`, status: 'delivered', at: clock.at }) as const,
    )
    await ledger.append(owner, reports)
    return reports.map(({ id }) => eventId(owner.customer, owner.environment, 'message.delivered', id))
  }
  return { clock, webhooks, ledger, events, worker, once, add, append, progressOf, attemptsOf }
}

/** The methods of a store, which keeps private fields, for an object in front of it. */
function bound(store: NonNullable<ReturnType<typeof openWebhooks>>) {
  return {
    progress: store.progress.bind(store),
    save: store.save.bind(store),
    saveProgress: store.saveProgress.bind(store),
    sideEvents: store.sideEvents.bind(store),
    removeSideEvents: store.removeSideEvents.bind(store),
    record: store.record.bind(store),
  }
}

const sorted = (ids: readonly string[]): string[] => [...ids].sort()

describe('events', () => {
  it('arrive once each, in pages, from the end on that there was when the endpoint was added', async () => {
    const world = newWorld()
    const owner = newOwner()
    await world.append(owner, 3, 'before')
    const receiver = await startReceiver()
    const { webhook } = await world.add(owner, receiver.url)
    const ids = await world.append(owner, 230)
    expect(await world.once()).toBe(230)
    expect(sorted(receiver.ids())).toEqual(sorted(ids))
    expect(await world.once()).toBe(0)
    expect((await world.attemptsOf(webhook)).map(({ result }) => result)).toEqual(Array(230).fill('delivered'))
  })

  it('are accepted by the library of Standard Webhooks with the new and the old secret', async () => {
    const world = newWorld()
    world.clock.at = Date.now()
    const owner = newOwner()
    const [older, newer] = [newWebhookSecret(), newWebhookSecret()]
    const receiver = await startCheckingReceiver([older, newer])
    const sealed = (secret: string) => seal(secret, webhookOwner({ ...owner, name: 'main' }), masterKeys)
    const secrets = [
      { sealed: sealed(newer), createdAt: 2 },
      { sealed: sealed(older), createdAt: 1, endsAt: world.clock.at + 1 },
    ]
    const { webhook } = await world.add(owner, receiver.url, { secrets })
    await world.append(owner, 1)
    await world.once()
    expect(await world.attemptsOf(webhook)).toMatchObject([{ result: 'delivered', why: '200' }])
    // The old one has ended.
    world.clock.at += 2
    await world.append(owner, 1, 'later')
    await world.once()
    expect(await world.attemptsOf(webhook)).toMatchObject([{ result: 'failed', why: '400' }, { result: 'delivered' }])
  })

  it('are those that the endpoint takes, and the others are passed', async () => {
    const world = newWorld()
    const owner = newOwner()
    const receiver = await startReceiver()
    await world.add(owner, receiver.url, { events: ['message.failed'] })
    await world.append(owner, 5)
    await world.ledger.append(owner, [{ id: 'bad', status: 'failed', code: '4410', at: world.clock.at }])
    expect(await world.once()).toBe(1)
    expect(JSON.parse(receiver.got[0]?.body ?? '')).toMatchObject({ type: 'message.failed', data: { id: 'bad', code: '4410' } })
  })

  it('beside the reports arrive once at each endpoint, or at the one that they name', async () => {
    const world = newWorld()
    const owner = newOwner()
    const [first, second] = [await startReceiver(), await startReceiver()]
    await world.add(owner, first.url)
    await world.add(owner, second.url, { name: 'second' })
    const event = (id: string) => ({ id, type: 'quota.threshold', at: world.clock.at, data: { percent: 80 } })
    expect(await world.webhooks.addSideEvent(owner, { key: 'day', event: event('evt_all') }, 3)).toBe(true)
    expect(await world.webhooks.addSideEvent(owner, { key: 'day', event: event('evt_all') }, 3)).toBe(false)
    await world.webhooks.addSideEvent(owner, { key: 'test', event: event('evt_one'), only: 'second' }, 3)
    await world.once()
    await world.once()
    expect(first.ids()).toEqual(['evt_all'])
    expect(sorted(second.ids())).toEqual(['evt_all', 'evt_one'])
  })
})

describe('an endpoint that fails', () => {
  it('with 500 for a day gets everything when it is back, with the ids and new timestamps', async () => {
    const world = newWorld()
    const owner = newOwner()
    let status = 500
    const receiver = await startReceiver((response) => response.writeHead(status).end())
    const { webhook } = await world.add(owner, receiver.url)
    const ids = await world.append(owner, 300)
    const worker = world.worker()
    for (const end = world.clock.at + 24 * hour; world.clock.at < end; world.clock.at += hour / 2) await world.once(worker)
    const tried = receiver.got.length
    // It is probed with two events; it does not get 300 events nine times.
    expect(tried).toBeGreaterThan(48)
    expect(tried).toBeLessThan(150)
    expect((await world.attemptsOf(webhook)).map(({ result }) => result)).not.toContain('given up')
    status = 200
    receiver.got.length = 0
    world.clock.at += 2 * hour
    await world.once(worker)
    expect(sorted(receiver.ids())).toEqual(sorted(ids))
    expect(Math.min(...receiver.got.map(({ timestamp }) => timestamp))).toBe(world.clock.at / 1000)
    expect(await world.progressOf(webhook)).toMatchObject({ pending: [], failures: 0 })
  })

  it('for five days is disabled, keeps its place, and continues from there when it is enabled', async () => {
    const world = newWorld()
    const owner = newOwner()
    let status = 503
    const receiver = await startReceiver((response) => response.writeHead(status).end())
    const { webhook } = await world.add(owner, receiver.url)
    const ids = await world.append(owner, 2)
    const worker = world.worker()
    for (let turns = 0; turns < 26; turns++, world.clock.at += 5 * hour) await world.once(worker)
    const stored = await world.webhooks.find(webhook)
    expect(stored?.value.disabled?.why).toBe('failing')
    const tried = receiver.got.length
    await world.once(worker)
    expect(receiver.got).toHaveLength(tried)
    status = 200
    receiver.got.length = 0
    await world.webhooks.save(webhook, stored?.revision)
    world.clock.at += 2 * hour
    await world.once(worker)
    expect(sorted(receiver.ids())).toEqual(sorted(ids))
  })

  it('with one event gives up on it after nine attempts, and the others arrive', async () => {
    const world = newWorld()
    const owner = newOwner()
    const bad = eventId(owner.customer, owner.environment, 'message.delivered', 'bad0')
    const receiver = await startReceiver((response, { id }) => response.writeHead(id === bad ? 500 : 200).end())
    const { webhook } = await world.add(owner, receiver.url)
    await world.append(owner, 1, 'bad')
    const worker = world.worker()
    for (let turns = 0; turns < 18; turns++, world.clock.at += 2 * hour) {
      await world.append(owner, 1, `h${turns}-`)
      await world.once(worker)
    }
    expect(receiver.ids().filter((id) => id === bad)).toHaveLength(9)
    expect(new Set(receiver.ids()).size).toBe(19)
    expect((await world.progressOf(webhook))?.pending).toEqual([])
    expect((await world.attemptsOf(webhook)).filter(({ id }) => id === bad)[0]?.result).toBe('given up')
  })

  it('with 410 is disabled at once, and loses nothing', async () => {
    const world = newWorld()
    const owner = newOwner()
    const receiver = await startReceiver((response) => response.writeHead(410).end())
    const { webhook } = await world.add(owner, receiver.url)
    await world.append(owner, 50)
    await world.once()
    expect(receiver.got.length).toBeLessThanOrEqual(8)
    expect((await world.webhooks.find(webhook))?.value.disabled?.why).toBe('gone')
    expect(world.events).toContainEqual({ kind: 'webhook-disabled', ...owner, name: 'main', why: 'gone' })
    const { cursor, pending = [] } = (await world.progressOf(webhook)) ?? {}
    const left = await world.ledger.reports(owner, cursor, 100)
    expect(pending.length + left.reports.length).toBe(50)
  })

  it('with 429 and Retry-After is left alone for that long', async () => {
    const world = newWorld()
    const owner = newOwner()
    let isBusy = true
    const receiver = await startReceiver((response) =>
      isBusy ? response.writeHead(429, { 'retry-after': '600' }).end() : response.writeHead(200).end(),
    )
    await world.add(owner, receiver.url)
    const ids = await world.append(owner, 40)
    const worker = world.worker()
    await world.once(worker)
    const tried = receiver.got.length
    expect(tried).toBeLessThanOrEqual(8)
    isBusy = false
    receiver.got.length = 0
    world.clock.at += 590_000
    expect(await world.once(worker)).toBe(0)
    world.clock.at += 11_000
    await world.once(worker)
    expect(sorted(receiver.ids())).toEqual(sorted(ids))
  })
})

describe('workers', () => {
  it('do not deliver for an endpoint at the same time, and one that died holds it for a while only', async () => {
    const world = newWorld()
    const owner = newOwner()
    const held = gate()
    const receiver = await startReceiver(async (response) => {
      await held.opened
      response.writeHead(200).end()
    })
    const { webhook } = await world.add(owner, receiver.url)
    await world.append(owner, 3)
    const first = world.once()
    await until(() => receiver.got.length === 3)
    expect(await world.once()).toBe(0)
    expect((await world.progressOf(webhook))?.lease).toBeDefined()
    // As if the first had died: its lease ends, and what it writes later changes nothing.
    world.clock.at += 91_000
    const second = world.once()
    await until(() => receiver.got.length === 6)
    held.open()
    await Promise.all([first, second])
    expect(new Set(receiver.ids()).size).toBe(3)
    expect(await world.once()).toBe(0)
  })

  it('serve others while more receivers hang than there is room for', async () => {
    const world = newWorld({ timeoutMs: 60_000, live: true, limits: { fast: 2, slow: 2, slowAfterMs: 20 } })
    const hanging = await startReceiver(() => undefined)
    for (let count = 0; count < 9; count++) {
      const owner = newOwner()
      await world.add(owner, hanging.url)
      await world.append(owner, 20)
    }
    const owner = newOwner()
    const receiver = await startReceiver()
    await world.add(owner, receiver.url)
    const ids = await world.append(owner, 300)
    const stopping = new AbortController()
    const sender = world.worker()
    void sender.run(stopping.signal)
    await until(() => hanging.got.length > 0)
    await until(() => receiver.got.length === 300)
    expect(sorted(receiver.ids())).toEqual(sorted(ids))
    stopping.abort()
  })
})
