import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Cluster, Redis } from 'ioredis'
import { expect } from 'vitest'
import { addressKey } from '../../src/domain/address.ts'
import type { Admission, AdmitRequest, Refusal, Reservation } from '../../src/domain/admission.ts'
import type { Environment } from '../../src/domain/names.ts'
import { Problem } from '../../src/domain/problem.ts'
import { type Actor, type HistoryEntry, openRegistry, type Profile, type Registry } from '../../src/registry/index.ts'

/** A clock that advances only when a test moves it. */
export interface Clock {
  now: number
}

/** One engine under test, with functions that access the store directly. */
export interface Engine {
  open(clock?: Clock): Promise<Registry>
  /** Everything that is stored, as text. */
  dump(): Promise<string>
  /** Drops an idempotency record, as expiry or a lost store would. */
  forget(customer: string, environment: Environment, key: string): Promise<void>
  /** The actor in the audit log, for an engine that does not accept the name the caller gives. */
  actor?(): Actor
  close(): Promise<void>
}

export type Admitted = Extract<Admission, { kind: 'admitted' }>
export type Refused = Extract<Admission, { kind: 'refused' }>

export const at = (iso: string): number => Date.parse(iso)

/** Noon of a day in the middle of a month, in Seoul: no window is near its end. */
export const noon = at('2026-11-16T12:00:00+09:00')

export const freshId = (): string => `t${randomBytes(8).toString('hex')}`

export function addressOf(text: string): string {
  const key = addressKey(text)
  if (key === undefined) throw new Error(`${text} is not an address`)
  return key
}

export function sqliteEngine(): Engine {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-registry-'))
  const path = join(folder, 'registry.db')
  return {
    open: (clock) => openRegistry(`sqlite:${path}`, clock === undefined ? {} : { now: () => clock.now }),
    // The write-ahead log is read too, because the latest writes are only there.
    dump: async () => readdirSync(folder).reduce((text, file) => text + readFileSync(join(folder, file), 'latin1'), ''),
    forget: async (customer, environment, key) => {
      const db = new DatabaseSync(path)
      db.prepare('DELETE FROM idempotency WHERE customer = ? AND environment = ? AND key = ?').run(customer, environment, key)
      db.close()
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function stored(redis: Redis | Cluster, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key)
    case 'stream':
      return redis.xrange(key, '-', '+')
    case 'set':
      return redis.smembers(key)
    case 'zset':
      return redis.zrange(key, 0, -1)
    default:
      return redis.get(key)
  }
}

export function redisEngine(address: string): Engine {
  const { hostname, port, search } = new URL(address)
  const node = { host: hostname, port: Number(port) }
  const redis = search === '' ? new Redis(node) : new Cluster([node])
  return {
    open: (clock) => openRegistry(address, clock === undefined ? {} : { now: () => clock.now }),
    dump: async () => {
      const keys = await redis.keys('*')
      const values = await Promise.all(keys.map((key) => stored(redis, key)))
      return JSON.stringify([keys, values])
    },
    forget: async (customer, environment, key) => {
      await redis.del(`apigw:{${customer}}:idem:${environment}:${key}`)
    },
    close: async () => redis.disconnect(),
  }
}

/** A customer with a live key `k-live` and a test key `k-test`, without restrictions, and a quota of ten per day. */
export function profileOf(id: string, more: Partial<Profile> = {}): Profile {
  const key = (environment: Environment) =>
    ({ customer: id, keyId: `k-${environment}`, scheme: 'basic', environment, digest: '00', notBefore: 0, createdAt: 0 }) as const
  return {
    customer: { id, name: id, state: 'active', timeZone: 'Asia/Seoul', createdAt: 0 },
    quotas: { live: { day: 10, month: 100 }, test: { day: 10, month: 100 } },
    routes: [
      { api: 'messages', environment: 'live', targets: [{ queue: 'sms', weight: 1, order: 1 }] },
      { api: 'messages', environment: 'test', targets: [{ queue: 'sandbox', weight: 1, order: 1 }] },
    ],
    credentials: [key('live'), key('test')],
    ...more,
  }
}

export function entryOf(customer: string, what: string, when = noon): HistoryEntry {
  return { at: when, who: 'tester', from: 'here', customer, what }
}

/** The problem that a promise is rejected with; anything else fails the test. */
export async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const outcome = await promise.then(
    (value) => new Error(`it went well: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
  if (outcome instanceof Problem) return outcome
  throw outcome
}

/** One customer, with the operations that tests use. */
export class Tenant {
  readonly id: string
  readonly registry: Registry

  constructor(registry: Registry, id: string = freshId()) {
    this.registry = registry
    this.id = id
  }

  static async with(registry: Registry, more: Partial<Profile> = {}): Promise<Tenant> {
    const tenant = new Tenant(registry)
    expect(await registry.save(profileOf(tenant.id, more), undefined, entryOf(tenant.id, 'added'))).toBe(true)
    return tenant
  }

  request(more: Partial<AdmitRequest> = {}): AdmitRequest {
    const environment = more.environment ?? 'live'
    return {
      reservation: freshId(),
      customer: this.id,
      keyId: `k-${environment}`,
      environment,
      api: 'messages',
      units: 1,
      address: addressOf('203.0.113.7'),
      ...more,
    }
  }

  admit(more: Partial<AdmitRequest> = {}): Promise<Admission> {
    return this.registry.admit(this.request(more))
  }

  async admitted(more: Partial<AdmitRequest> = {}): Promise<Admitted> {
    const admission = await this.admit(more)
    if (admission.kind !== 'admitted') throw new Error(`not admitted: ${JSON.stringify(admission)}`)
    return admission
  }

  async refused(reason: Refusal, more: Partial<AdmitRequest> = {}): Promise<Refused> {
    const admission = await this.admit(more)
    expect(admission).toMatchObject({ kind: 'refused', reason })
    return admission as Refused
  }

  fail(reservation: Reservation): Promise<boolean> {
    return this.registry.settle(reservation, { kind: 'failed' })
  }

  accept(reservation: Reservation, response = '{"id":"first"}'): Promise<boolean> {
    return this.registry.settle(reservation, { kind: 'accepted', response })
  }

  /** The units spent, as `[day, month]`. */
  async spent(environment: Environment = 'live'): Promise<[number, number]> {
    const { usage } = await this.registry.usage(this.id, environment)
    return [usage.dayUsed, usage.monthUsed]
  }

  async change(change: (profile: Profile) => Profile): Promise<void> {
    const stored = await this.registry.profile(this.id)
    if (stored === undefined) throw new Error(`${this.id} does not exist`)
    expect(await this.registry.save(change(stored.profile), stored.version, entryOf(this.id, 'changed'))).toBe(true)
  }

  setQuota(quota: Profile['quotas']['live']): Promise<void> {
    return this.change(({ quotas, ...rest }) => ({ ...rest, quotas: { ...quotas, ...(quota !== undefined && { live: quota }) } }))
  }

  setCustomer(change: Partial<Profile['customer']>): Promise<void> {
    return this.change((profile) => ({ ...profile, customer: { ...profile.customer, ...change } }))
  }
}
