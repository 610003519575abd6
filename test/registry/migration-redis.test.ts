import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRegistry, type Registry } from '../../src/registry/index.ts'
import { until } from '../support/until.ts'
import { entryOf, freshId, problemOf, profileOf, Tenant } from './fixtures.ts'
import { OwnRedis } from './own-redis.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }

/** Two nodes that share the slots; those of the first half migrate to the second. */
let from: OwnRedis
let to: OwnRedis
let registry: Registry

async function node(): Promise<OwnRedis> {
  const redis = await OwnRedis.onFreePort('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
  await redis.start()
  return redis
}

beforeEach(async () => {
  from = await node()
  to = await node()
  from.cli('cluster', 'addslotsrange', '0', '8191')
  to.cli('cluster', 'addslotsrange', '8192', '16383')
  from.cli('cluster', 'meet', '127.0.0.1', String(to.port))
  const joined = (one: OwnRedis) => one.cli('cluster', 'info').includes('cluster_state:ok') && knows(one)
  const knows = (one: OwnRedis) => one.cli('cluster', 'info').includes('cluster_known_nodes:2')
  await until(() => joined(from) && joined(to))
  registry = await openRegistry(`${from.address}?cluster=true`)
})
afterEach(async () => {
  await registry.close()
  await from.remove()
  await to.remove()
})

/** A customer whose keys the first node holds. */
async function tenant(): Promise<Tenant> {
  for (;;) {
    const id = freshId()
    if (Number(from.cli('cluster', 'keyslot', id)) > 8191) continue
    await registry.save(profileOf(id), undefined, entryOf(id, 'added'))
    return new Tenant(registry, id)
  }
}

const idOf = (redis: OwnRedis): string => redis.cli('cluster', 'myid').trim()
const keysOf = (redis: OwnRedis, customer: Tenant): string[] =>
  redis
    .cli('--raw', 'keys', `apigw:{${customer.id}}:*`)
    .split('\n')
    .filter((key) => key !== '')

function beginMigration(customer: Tenant): string {
  const slot = from.cli('cluster', 'keyslot', customer.id).trim()
  to.cli('cluster', 'setslot', slot, 'importing', idOf(from))
  from.cli('cluster', 'setslot', slot, 'migrating', idOf(to))
  return slot
}

const move = (key: string): string => from.cli('migrate', '127.0.0.1', String(to.port), key, '0', '5000')

describe('a slot of a cluster that migrates', () => {
  test('serves calls without a key before its keys move and after, a new customer from its first call on', async () => {
    const [customer, other] = [await tenant(), await tenant()]
    const slot = beginMigration(customer)
    const { reservation } = await customer.admitted({ units: 2 })
    expect(await customer.fail(reservation)).toBe(true)
    await customer.admitted()
    for (const key of keysOf(from, customer)) move(key)
    await customer.admitted()
    const late = await customer.admitted({ units: 2 })
    expect(await registry.settle(late.reservation, { kind: 'accepted', refund: 1 })).toBe(true)
    await other.admitted()
    for (const redis of [to, from]) redis.cli('cluster', 'setslot', slot, 'node', idOf(to))
    await until(() => customer.admitted().then(Boolean, () => false))
    expect((await customer.spent())[0]).toBe(4)
  })

  test('answers 503 for a call between the moves of two of its keys, takes nothing, and leaves others alone', async () => {
    const [customer, other] = [await tenant(), await tenant()]
    beginMigration(customer)
    const usage = `apigw:{${customer.id}}:usage:live`
    move(usage)
    const [waiting] = await Promise.all([problemOf(customer.admit()), other.admitted()])
    expect(waiting.code).toBe('registry-unavailable')
    expect(await problemOf(customer.admit({ idempotency: claim }))).toMatchObject({ code: 'registry-unavailable' })
    for (const key of keysOf(from, customer)) move(key)
    await customer.admitted()
    expect((await customer.spent())[0]).toBe(1)
  })

  test('goes on with a call that met the move of its keys, once all have moved', async () => {
    const customer = await tenant()
    beginMigration(customer)
    move(`apigw:{${customer.id}}:usage:live`)
    const waiting = customer.admitted()
    for (const key of keysOf(from, customer)) move(key)
    await waiting
    expect((await customer.spent())[0]).toBe(1)
  })
})
