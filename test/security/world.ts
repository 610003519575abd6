import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Scheme } from '../../src/domain/credential.ts'
import type { Environment } from '../../src/domain/names.ts'
import { type MasterKeys, masterKeysFrom } from '../../src/domain/seal.ts'
import { type SignInput, signedHeaders } from '../../src/domain/signature.ts'
import { addCustomer, type Context, type IssuedKey, issueKey } from '../../src/operations/customers/index.ts'
import { openRegistry, type Registry } from '../../src/registry/index.ts'
import {
  createGateway,
  discoverEndpoints,
  type Gateway,
  type Listening,
  type Observation,
  serve,
} from '../../src/runtime/gateway/index.ts'
import type { Queue } from '../../src/runtime/ports/index.ts'
import { type Answer, ask } from '../support/http.ts'
import { temporaryFolder, uniqueName } from '../support/names.ts'

/** Noon of a day in Seoul. */
export const noon = Date.parse('2026-11-23T12:00:00+09:00')

export function newMasterKeys(...older: string[]): { text: string; keys: MasterKeys } {
  const text = [randomBytes(32).toString('base64'), ...older].join(',')
  return { text, keys: masterKeysFrom(text) }
}

/** A queue that confirms at once: the delivery of messages is tested elsewhere. */
function confirming(): { queue: Queue; sent: string[] } {
  const sent: string[] = []
  const queue: Queue = {
    sendBatch: async (_queue, bodies) => {
      sent.push(...bodies)
      return bodies.map(() => true as const)
    },
    receive: async () => [],
    delete: async () => [],
    extend: async () => [],
    state: async () => ({ visible: sent.length, inFlight: 0, delayed: 0, visibilitySeconds: 30 }),
    names: async () => [],
    purge: async () => undefined,
    close: () => undefined,
  }
  return { queue, sent }
}

export interface SecuredOptions {
  readonly registry?: string
  readonly masterKeys?: MasterKeys | undefined
  readonly publicOrigin?: string
  readonly trustedProxies?: number
  /** The offset of the gateway's own clock from the registry's, in milliseconds. */
  readonly clockOff?: number | (() => number)
  /** A second gateway of the same customer. */
  readonly beside?: Secured
}

/** A gateway with master keys, and a customer with a key of each scheme. */
export interface Secured {
  readonly clock: { now: number }
  readonly address: string
  readonly registry: Registry
  readonly context: Context
  readonly customer: string
  readonly gateway: Gateway
  readonly listening: Listening
  readonly sent: string[]
  readonly observations: Observation[]
  key(scheme: Scheme, environment?: Environment): IssuedKey
  /** Issues another key. */
  issue(scheme: Scheme, environment?: Environment, more?: { expiresAt?: number; notBefore?: number }): Promise<IssuedKey>
}

const wanted = ['basic', 'hmac', 'jwt'] as const

async function newTenant(context: Context) {
  const customer = uniqueName('customer')
  await addCustomer(context, { id: customer, quota: { day: 100_000 }, queue: 'carrier-a', senders: ['1588-1234'] })
  const keys: IssuedKey[] = []
  for (const scheme of wanted) {
    for (const environment of ['live', 'test'] as const) keys.push(await issueKey(context, customer, { scheme, environment }))
  }
  return { customer, keys }
}

export async function startSecured(options: SecuredOptions = {}): Promise<Secured> {
  const { beside } = options
  const clock = beside?.clock ?? { now: noon }
  const now = (): number => clock.now
  const masterKeys = 'masterKeys' in options ? options.masterKeys : newMasterKeys().keys
  const address = options.registry ?? beside?.address ?? `sqlite:${join(temporaryFolder(), 'registry.db')}`
  const registry = await openRegistry(address, { now })
  const context: Context = { registry, actor: { who: 'tester', from: 'here' }, now, masterKeys: async () => masterKeys }
  const issuing = masterKeys === undefined ? { ...context, masterKeys: async () => newMasterKeys().keys } : context
  const tenant = beside === undefined ? await newTenant(issuing) : { customer: beside.customer, keys: [] }
  const { queue, sent } = confirming()
  const observations: Observation[] = []
  const { clockOff = 0 } = options
  const off = typeof clockOff === 'function' ? clockOff : () => clockOff
  const gateway = createGateway({
    registry,
    queue,
    masterKeys,
    publicOrigin: options.publicOrigin,
    endpoints: await discoverEndpoints(),
    observe: (one) => void observations.push(one),
    now: () => now() + off(),
  })
  const listening = await serve(gateway, { port: 0, trustedProxies: options.trustedProxies ?? 0 })
  onTestFinished(async () => {
    await listening.stop(0)
    await registry.close()
  })
  const key: Secured['key'] = (scheme, environment = 'live') => {
    const found = tenant.keys.find(({ credential }) => credential.scheme === scheme && credential.environment === environment)
    if (found === undefined) throw new Error(`no ${scheme} key for ${environment}`)
    return found
  }
  const issue: Secured['issue'] = (scheme, environment = 'live', more = {}) =>
    issueKey(issuing, tenant.customer, { scheme, environment, ...more })
  return { clock, address, registry, context, customer: tenant.customer, gateway, listening, sent, observations, key, issue }
}

export const messageBody = JSON.stringify({ to: '010-1234-5678', from: '1588-1234', text: 'Hello' })

export function basicHeader(basic: string): string {
  return `Basic ${Buffer.from(basic).toString('base64')}`
}

/** Changes that a test makes to a signed call. */
export interface SignedCall {
  readonly path?: string
  readonly method?: string
  readonly body?: string
  readonly key?: IssuedKey
  /** What is signed, when it differs from what is sent. */
  readonly sign?: Partial<SignInput>
  /** Headers that are set after signing; `null` removes one. */
  readonly headers?: Readonly<Record<string, string | null>>
}

export function newNonce(): string {
  return randomBytes(16).toString('hex')
}

/** Signs a call as a customer does, and sends it. */
export function signedCall(world: Secured, call: SignedCall = {}): Promise<Answer> {
  const { path = '/v1.0/messages', method = 'POST', key = world.key('hmac'), sign = {} } = call
  const body = call.body ?? (method === 'GET' ? '' : messageBody)
  const url = `${world.listening.url}${path}`
  const headers: Record<string, string> = {
    ...(method !== 'GET' && { 'content-type': 'application/json' }),
    ...signedHeaders({
      method,
      targetUri: url,
      body: Buffer.from(body),
      keyId: `${key.credential.customer}:${key.credential.keyId}`,
      secret: key.secret,
      created: Math.floor(world.clock.now / 1000),
      nonce: newNonce(),
      ...sign,
    }),
  }
  for (const [name, value] of Object.entries(call.headers ?? {})) {
    if (value === null) delete headers[name]
    else headers[name] = value
  }
  return ask(url, { method, headers, ...(method !== 'GET' && { body }) })
}
