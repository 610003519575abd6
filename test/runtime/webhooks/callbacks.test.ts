import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { eventId, type Webhook } from '../../../src/domain/webhook.ts'
import { readsAnEndpoint, readsAStart } from '../../../src/operations/stacks/cost/webhooks.ts'
import { type Owner, openWebhooks, type Progress, type Reported, Table, text } from '../../../src/runtime/ports/index.ts'
import { createSender, type Resolve, WebhookScheduler, type WebhookWorkerEvent } from '../../../src/runtime/webhooks/index.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { uniqueName } from '../../support/names.ts'
import { endpointOf, masterKeys, startCheckingReceiver, startReceiver } from './receiver.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

const owner = (): Owner => ({ customer: uniqueName('acme'), environment: 'live' })
const started = Date.parse('2026-11-23T12:00:00Z')

function newWorld({ at = started, timeoutMs = 15_000, resolve }: { at?: number; timeoutMs?: number; resolve?: Resolve } = {}) {
  const clock = { at }
  const now = (): number => clock.at
  const ledger = dynamo.open(now)
  const webhooks = openWebhooks({ endpoint: dynamo.endpoint, region: 'ap-northeast-2', now })
  if (webhooks === undefined) throw new Error('an endpoint is there')
  const mine = new Set<string>()
  const visible = new Proxy(webhooks, {
    get: (target, name: keyof typeof webhooks) => {
      if (name === 'all') return async () => (await target.all()).filter(({ value }) => mine.has(value.customer))
      return target[name].bind(target)
    },
  })
  const events: WebhookWorkerEvent[] = []
  const once = async (): Promise<number> => {
    const sender = createSender({ local: resolve === undefined, timeoutMs, ...(resolve !== undefined && { resolve }) })
    onTestFinished(() => sender.close())
    const observe = (event: WebhookWorkerEvent): void => void events.push(event)
    const parts = { webhooks: visible, ledger, send: sender.send, masterKeys, holder: 'one', observe, now, random: () => 0.5 }
    return new WebhookScheduler(parts).once(new AbortController().signal)
  }
  const add = async (whose: Owner, url: string, more: Partial<Webhook> = {}) => {
    mine.add(whose.customer)
    const made = endpointOf(whose, url, { createdAt: clock.at, ...more })
    const progress: Progress = { cursor: await ledger.cursorAt(whose, 'end'), pending: [], done: [], failures: 0 }
    await webhooks.saveProgress(made.webhook, progress)
    await webhooks.save(made.webhook)
    return made
  }
  const report = (id: string, callback?: string): Reported => ({
    id,
    status: 'delivered',
    at: clock.at,
    ...(callback !== undefined && { callback }),
  })
  const attempts = async (webhook: Webhook) => (await webhooks.attempts(webhook, undefined)).attempts
  return { clock, ledger, webhooks, events, once, add, report, attempts, progressOf: (key: Webhook) => webhooks.progress(key) }
}

const forCallbacks = { name: 'callbacks', callbacks: true } as const

describe('the callback of a message', () => {
  it('gets its event with the same id as the webhooks, signed with the secret of its host', async () => {
    const world = newWorld({ at: Date.now() })
    const acme = owner()
    const secrets: string[] = []
    const [main, host] = [await startReceiver(), await startCheckingReceiver(secrets)]
    await world.add(acme, main.url)
    const { webhook, secret } = await world.add(acme, host.url, forCallbacks)
    secrets.push(secret)
    const url = `http://localhost:${host.port}/sent?b=2&a=1`
    await world.ledger.append(acme, [world.report('m1', url), world.report('m2')])
    expect(await world.once()).toBe(3)
    const id = eventId(acme.customer, 'live', 'message.delivered', 'm1')
    expect(host.ids()).toEqual([id])
    expect(main.ids()).toContain(id)
    expect(await world.attempts(webhook)).toMatchObject([
      { id, message: 'm1', to: `http://localhost:${host.port}/sent?…`, result: 'delivered', why: '200' },
    ])
    // The body is the one that the webhooks get: where it is sent is not in it.
    expect(host.got[0]?.body).toBe(main.got.find((one) => one.id === id)?.body)
  })

  it('is sent to no host but the one that was allowed, and an event for all webhooks is not sent there', async () => {
    const world = newWorld()
    const acme = owner()
    const [host, other] = [await startReceiver(), await startReceiver()]
    await world.add(acme, host.url, forCallbacks)
    await world.ledger.append(acme, [world.report('m1', other.url), world.report('m2', 'not a URL')])
    const event = { id: 'evt_1', type: 'quota.threshold', at: started, data: {} }
    await world.webhooks.addSideEvent(acme, { key: 'quota#1', event }, 3)
    expect(await world.once()).toBe(0)
    expect([host.got, other.got]).toEqual([[], []])
  })

  it('that answers 410 ends by itself: its host gets the events of other messages', async () => {
    const world = newWorld()
    const acme = owner()
    const host = await startReceiver((response, _got, { url }) => response.writeHead(url === '/gone' ? 410 : 204).end())
    const { webhook } = await world.add(acme, host.url, forCallbacks)
    const at = (path: string): string => `http://localhost:${host.port}${path}`
    await world.ledger.append(acme, [world.report('m1', at('/gone')), world.report('m2', at('/ok'))])
    await world.once()
    expect((await world.attempts(webhook)).map(({ message, result }) => `${message} ${result}`).sort()).toEqual([
      'm1 given up',
      'm2 delivered',
    ])
    expect(await world.webhooks.find(webhook)).not.toHaveProperty('value.disabled')
    // Only URLs that are gone say nothing against their host.
    await world.ledger.append(acme, [world.report('m3', at('/gone'))])
    await world.once()
    expect(await world.progressOf(webhook)).toMatchObject({ value: { failures: 0, pending: [] } })
  })

  it('that fails is tried again at its own URL, and a dead host delays neither other hosts nor other customers', async () => {
    const world = newWorld({ timeoutMs: 300 })
    const [acme, beta] = [owner(), owner()]
    const state = { works: false }
    const paths: (string | undefined)[] = []
    const dead = await startReceiver((response, _got, { url }) => {
      paths.push(url)
      if (state.works) response.writeHead(204).end()
    })
    const [alive, others] = [await startReceiver(), await startReceiver()]
    const { webhook } = await world.add(acme, dead.url, forCallbacks)
    await world.add(acme, alive.url, { name: 'alive', callbacks: true })
    await world.add(beta, others.url, forCallbacks)
    await world.ledger.append(acme, [world.report('m1', `http://localhost:${dead.port}/a?x=1`), world.report('m2', alive.url)])
    await world.ledger.append(beta, [world.report('m3', others.url)])
    await world.once()
    expect([alive.got.length, others.got.length]).toEqual([1, 1])
    expect(await world.progressOf(webhook)).toMatchObject({ value: { pending: [{ to: `http://localhost:${dead.port}/a?x=1` }] } })
    state.works = true
    world.clock.at += 3_600_000
    await world.once()
    expect(paths).toEqual(['/a?x=1', '/a?x=1'])
    expect(dead.ids()[0]).toBe(dead.ids()[1])
    expect(await world.progressOf(webhook)).toMatchObject({ value: { pending: [], failures: 0 } })
  })

  it('that redirects, answers gigabytes or turns to a private address fails or ends like a webhook', async () => {
    const world = newWorld()
    const acme = owner()
    const elsewhere = await startReceiver()
    const host = await startReceiver((response, _got, { url }) => {
      if (url === '/moved') return response.writeHead(307, { location: elsewhere.url }).end()
      response.writeHead(200)
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more)
      }
      return more()
    })
    const { webhook } = await world.add(acme, host.url, forCallbacks)
    const at = (path: string): string => `http://localhost:${host.port}${path}`
    await world.ledger.append(acme, [world.report('m1', at('/moved')), world.report('m2', at('/big'))])
    await world.once()
    expect((await world.attempts(webhook)).map(({ message, why }) => `${message} ${why}`).sort()).toEqual(['m1 307', 'm2 200'])
    expect(elsewhere.got).toEqual([])

    const looked: string[] = []
    const rebound = newWorld({ resolve: async (name) => (looked.push(name) === 1 ? [] : ['10.0.0.7']) })
    const beta = owner()
    const url = 'https://hooks.beta.kr:8443/sent'
    const { webhook: private_ } = await rebound.add(beta, url, forCallbacks)
    await rebound.ledger.append(beta, [rebound.report('m3', url)])
    for (let turn = 0; turn < 2; turn++) {
      await rebound.once()
      rebound.clock.at += 600_000
    }
    expect((await rebound.attempts(private_)).map(({ why }) => why.split(':', 1)[0])).toEqual(['address-not-allowed', 'dns'])
  })
})

describe('what older versions read', () => {
  it('has no endpoint for callbacks in it, and reports as before', async () => {
    const world = newWorld()
    const acme = owner()
    await world.add(acme, 'https://hooks.acme.kr/', forCallbacks)
    const page = Array.from({ length: 300 }, (_, at) =>
      world.report(`m${at}`, `https://hooks.acme.kr/${'x'.repeat(470)}?m=${at}`),
    )
    await world.ledger.append(acme, page)
    const table = new Table({ endpoint: dynamo.endpoint, region: 'ap-northeast-2', table: 'apigw-ledger' })
    const older = await table.query('w', acme.customer, 100)
    expect(older.filter((item) => text(item, 'sk')?.startsWith(acme.customer))).toEqual([])
    const pages = await table.query(`r#${acme.customer}#live#2026-11-23`, '0', 10)
    expect(pages.map((one) => text(one, 'reports')).join('')).not.toContain('hooks.acme.kr')
    expect(pages.length).toBe(2)
    // DynamoDB takes 400 KB an item.
    for (const one of pages) expect(JSON.stringify(one).length).toBeLessThan(400_000)
    const read = await world.ledger.reports(acme, undefined, 1_000)
    expect(read.reports).toEqual(page)
    expect(await world.ledger.callbackOrigins(acme)).toEqual(new Set(['https://hooks.acme.kr']))
    expect(await world.ledger.callbackOrigins({ ...acme, environment: 'test' })).toEqual(new Set())
  })
})

it('costs as many reads while nothing happens as the cost of a stage counts', async () => {
  const reads = async (work: () => Promise<unknown>): Promise<number> => {
    const count = (): number => (dynamo.seen.get('Query') ?? 0) + (dynamo.seen.get('BatchGetItem') ?? 0)
    const before = count()
    await work()
    return count() - before
  }
  const world = newWorld()
  expect(await reads(world.once)).toBe(readsAStart)
  await world.add(owner(), 'https://hooks.acme.kr/')
  expect(await reads(world.once)).toBeLessThanOrEqual(readsAStart + readsAnEndpoint)
  await world.add(owner(), 'https://hooks.acme.kr/', forCallbacks)
  expect(await reads(world.once)).toBeLessThanOrEqual(readsAStart + 2 * readsAnEndpoint)
})
