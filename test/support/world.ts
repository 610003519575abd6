import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Charset } from '../../src/domain/euc-kr.ts'
import type { QuotaChange } from '../../src/domain/quota.ts'
import type { MasterKeys } from '../../src/domain/seal.ts'
import type { SendingSettings } from '../../src/domain/sending.ts'
import { addCustomer, type Context, type IssuedKey } from '../../src/operations/customers/index.ts'
import { openRegistry, type Registry } from '../../src/registry/index.ts'
import type { ServeLimits } from '../../src/runtime/gateway/http/node/limits.ts'
import {
  createGateway,
  discoverEndpoints,
  type Gateway,
  type Listening,
  type Observation,
  serve,
} from '../../src/runtime/gateway/index.ts'
import type { ReadRates } from '../../src/runtime/gateway/messages/read-limits.ts'
import type { Mounted } from '../../src/runtime/gateway/versions/endpoints.ts'
import type { Ledger, Media } from '../../src/runtime/ports/index.ts'
import { type Answer, type Asked, ask } from './http.ts'
import { temporaryFolder, uniqueName } from './names.ts'
import { liveQueue, openTestQueue } from './sqs.ts'

/** Noon of a day in Seoul: twelve hours of the day and seven and a half days of the month are left. */
export const noon = Date.parse('2026-11-23T12:00:00+09:00')

export interface WorldOptions {
  /** The endpoint of the queue. */
  readonly endpoint: string
  /** The address of a registry; absent: an SQLite file for this test. */
  readonly registry?: string
  /** `null`: none. */
  readonly quota?: QuotaChange | null
  /** The queue of the live route; `null`: no route. */
  readonly route?: string | null
  /** What the customer may send; absent: from any sender. */
  readonly sending?: SendingSettings
  readonly endpoints?: readonly Mounted[]
  readonly media?: Media | undefined
  readonly ledger?: Ledger | undefined
  readonly trustedProxies?: number
  readonly limits?: Partial<ServeLimits>
  /** Absent: enough reads for any test. */
  readonly readLimits?: Partial<ReadRates>
  readonly masterKeys?: MasterKeys
  readonly charset?: Charset
  readonly originCode?: string
}

/** A registry with one customer, and a gateway in front of it. */
export interface World {
  /** The clock of both registry and gateway. */
  readonly clock: { now: number }
  readonly registry: Registry
  readonly context: Context
  readonly customer: string
  readonly live: IssuedKey
  readonly test: IssuedKey
  readonly gateway: Gateway
  readonly listening: Listening
  readonly observations: Observation[]
  /** How often the gateway has called the registry so far. */
  registryCalls(): number
  /** Any call, with the live key unless the headers override it. */
  call(path: string, asked?: Asked): Promise<Answer>
  /** Sends the message, with `changes` applied. */
  post(changes?: Readonly<Record<string, unknown>>, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** Sends messages in a batch. */
  batch(messages: readonly unknown[], headers?: Readonly<Record<string, string>>, more?: object): Promise<Answer>
  /** Replaces what the customer may send. */
  setSending(sending: SendingSettings): Promise<void>
  /** The remainder of each limit. */
  left(): Promise<Record<string, number>>
}

const plentyOfReads: Partial<ReadRates> = { readsPerSecond: 1_000_000, readBurst: 1_000_000 }

/** Text that must never appear in an error. */
export const messageText = 'the password is swordfish'
export const message = { to: '010-1234-5678', from: '1588-1234', text: messageText }

export function authorization(basic: string): string {
  return `Basic ${Buffer.from(basic).toString('base64')}`
}

function keyOf(keys: readonly IssuedKey[], environment: string): IssuedKey {
  const found = keys.find((key) => key.credential.environment === environment)
  if (found === undefined) throw new Error(`no ${environment} key was issued`)
  return found
}

/** Replaces what a customer may send. */
export async function setSending(registry: Registry, customer: string, sending: SendingSettings): Promise<void> {
  const stored = await registry.profile(customer)
  if (stored === undefined) throw new Error(`there is no customer ${customer}`)
  const entry = { at: 0, who: 'tester', from: 'here', customer, what: 'sending' }
  if (await registry.save({ ...stored.profile, sending }, stored.version, entry)) return
  throw new Error('the customer was changed in between')
}

/** Adds a customer with a key for each environment. */
export async function newCustomer(
  registry: Registry,
  options: Pick<WorldOptions, 'quota' | 'route' | 'sending'> = {},
  now: () => number = Date.now,
) {
  const { quota = { day: 1000 }, route = liveQueue, sending = { from: 'any' } } = options
  const context: Context = { registry, actor: { who: 'tester', from: 'here' }, now }
  const customer = uniqueName('customer')
  const { keys } = await addCustomer(context, {
    id: customer,
    keysFor: ['live', 'test'],
    ...(quota !== null && { quota }),
    ...(route !== null && { queue: route }),
  })
  await setSending(registry, customer, sending)
  return { context, customer, live: keyOf(keys, 'live'), test: keyOf(keys, 'test') }
}

/** Starts everything, and ends it with the test. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const clock = { now: noon }
  const now = (): number => clock.now
  const address = options.registry ?? `sqlite:${join(temporaryFolder(), 'registry.db')}`
  const registry = await openRegistry(address, { now })
  const customer = await newCustomer(registry, options, now)
  const queue = openTestQueue(options.endpoint)
  const observations: Observation[] = []
  const endpoints = options.endpoints ?? (await discoverEndpoints())
  const observe = (one: Observation): void => void observations.push(one)
  const { media, ledger, masterKeys, charset, originCode, limits = {}, readLimits = plentyOfReads } = options
  let asks = 0
  const counted = new Proxy(registry, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: readonly unknown[]) => {
        asks += 1
        return value.apply(target, args)
      }
    },
  })
  const parts = { registry: counted, queue, endpoints, now, observe, media, ledger, masterKeys, readLimits, charset, originCode }
  const gateway = createGateway(parts)
  const listening = await serve(gateway, { port: 0, trustedProxies: options.trustedProxies ?? 0, limits })
  onTestFinished(async () => {
    await listening.stop(0)
    queue.close()
    await registry.close()
  })
  const signed = { authorization: authorization(customer.live.basic) }
  const call: World['call'] = (path, asked = {}) =>
    ask(`${listening.url}${path}`, { ...asked, headers: { ...signed, ...asked.headers } })
  return {
    clock,
    registry,
    ...customer,
    gateway,
    listening,
    observations,
    registryCalls: () => asks,
    call,
    post: (changes = {}, headers = {}) =>
      call('/v1.0/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: { ...message, ...changes },
      }),
    batch: (messages, headers = {}, more = {}) =>
      call('/v1.0/messages/batch', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: { messages, ...more },
      }),
    setSending: (sending) => setSending(registry, customer.customer, sending),
    left: async () => {
      const { limits } = (await call('/v1.0/quota')).body as { limits: Record<string, { remaining: number }> }
      return Object.fromEntries(Object.entries(limits).map(([name, { remaining }]) => [name, remaining]))
    },
  }
}
