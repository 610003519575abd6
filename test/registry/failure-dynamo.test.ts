import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { leaseMs, reconcileAfterMs } from '../../src/domain/admission.ts'
import { windowsAt } from '../../src/domain/calendar.ts'
import { hourMs } from '../../src/domain/usage.ts'
import { openCopyable, openRegistry, type Registry } from '../../src/registry/index.ts'
import { type DynamoWorld, dynamoWorld, openDynamo, patientClient, table } from './dynamo.ts'
import { type DynamoProxy, dynamoProxy, type Fate, type Passing, writesBooks } from './dynamo-proxy.ts'
import { type Admitted, type Clock, entryOf, freshId, noon, problemOf, profileOf, Tenant } from './fixtures.ts'

const claim = { key: 'order-1', fingerprint: 'body-1' }
const clock: Clock = { now: noon }
let world: DynamoWorld
let proxy: DynamoProxy
/** A gateway whose requests go through the proxy, and one whose requests do not. */
let shaky: Registry
let sound: Registry

beforeAll(async () => {
  world = await dynamoWorld()
  proxy = await dynamoProxy(world.endpoint)
})
beforeEach(async () => {
  clock.now = noon
  shaky = await openDynamo(`dynamodb:${table}?endpoint=${proxy.endpoint}`, () => clock.now)
  sound = await openDynamo(world.address, () => clock.now)
})
afterEach(async () => {
  proxy.fate = () => 'pass'
  proxy.error = 'ProvisionedThroughputExceededException'
  // What is counted later is written now, and not into the next test.
  await shaky.close()
  await sound.close()
})
afterAll(async () => {
  await proxy.close()
  await world.close()
})

/** The same customer through both gateways. */
async function tenants(...more: Parameters<typeof profileOf> extends [unknown, ...infer Rest] ? Rest : never) {
  const there = await Tenant.with(sound, ...more)
  return { here: new Tenant(shaky, there.id), there }
}

/** The first request that `is` true for has this fate; all others pass. */
function once(is: (passing: Passing) => boolean, fate: Fate, meanwhile: () => Promise<unknown> = async () => undefined): void {
  let isDone = false
  proxy.fate = async (passing) => {
    if (isDone || !is(passing)) return 'pass'
    isDone = true
    await meanwhile()
    return fate
  }
}

describe('a lost answer of a write', () => {
  test('does not count a call twice', async () => {
    const { here, there } = await tenants()
    once(writesBooks, 'lose-answer')
    const { reservation } = await here.admitted({ units: 3 })
    expect(await there.spent()).toEqual([3, 3])
    expect((await sound.open(here.id, 'live')).oldest.map(({ id }) => id)).toEqual([reservation.id])
  })

  test('does not count a call twice if others have written since', async () => {
    const { here, there } = await tenants()
    let isFirst = true
    proxy.fate = async (passing) => {
      if (!writesBooks(passing)) return 'pass'
      if (isFirst) {
        isFirst = false
        return 'lose-answer'
      }
      for (let other = 0; other < 5; other++) await there.admitted()
      return 'pass'
    }
    expect((await here.admitted({ units: 3 })).remaining.day).toBe(7)
    expect(await there.spent()).toEqual([8, 8])
  })

  test('refuses the call if too many others have written to find out', async () => {
    const { here, there } = await tenants({ quotas: { live: { day: 100 } } })
    let isFirst = true
    proxy.fate = async (passing) => {
      if (!writesBooks(passing)) return 'pass'
      if (isFirst) {
        isFirst = false
        return 'lose-answer'
      }
      for (let other = 0; other < 20; other++) await there.admitted()
      return 'pass'
    }
    const problem = await problemOf(here.admit({ units: 3 }))
    expect(problem).toMatchObject({ code: 'registry-unavailable', extensions: { reason: 'unknown' } })
    // The call stays open, and is reconciled with the ledger as after a crash.
    expect((await sound.open(here.id, 'live')).units).toBe(23)
  })

  test('of a request that never arrived counts the call once', async () => {
    const { here, there } = await tenants()
    once(writesBooks, 'lose')
    await here.admitted({ units: 3 })
    expect(await there.spent()).toEqual([3, 3])
  })

  test('returns units once, and says so', async () => {
    const { here, there } = await tenants()
    const { reservation } = await here.admitted({ units: 3, idempotency: claim })
    once(writesBooks, 'lose-answer')
    expect(await here.fail(reservation)).toBe(true)
    expect(await there.spent()).toEqual([0, 0])
  })

  test('of a nonce does not refuse the call that it belongs to', async () => {
    const { here } = await tenants()
    const nonce = { value: freshId(), rememberMs: 60_000 }
    once(({ action, body }) => action === 'PutItem' && body.includes('"nonce#'), 'lose-answer')
    await here.admitted({ nonce })
    await here.refused('nonce-reused', { nonce })
  })

  test('of an answer stores it once', async () => {
    const { here, there } = await tenants()
    const { reservation } = await here.admitted({ idempotency: claim })
    once(({ action, body }) => action === 'PutItem' && body.includes('"record#'), 'lose-answer')
    expect(await here.accept(reservation, 'first')).toBe(true)
    expect(await there.accept(reservation, 'second')).toBe(false)
    expect(await there.admit({ idempotency: claim })).toEqual({ kind: 'replay', response: 'first' })
  })
})

describe('a lost race', () => {
  test('is decided again: the last unit is sold once', async () => {
    const { here, there } = await tenants({ quotas: { live: { day: 3, month: 100 } } })
    // The first write makes the item, the second replaces it.
    once(writesBooks, 'pass', () => there.admitted())
    await here.admitted()
    once(writesBooks, 'pass', () => there.admitted())
    await here.refused('day-quota-exceeded')
    expect(await there.spent()).toEqual([3, 3])
  })

  test('sees a key that was revoked in the meantime', async () => {
    const { here, there } = await tenants()
    once(writesBooks, 'pass', async () => {
      await there.admitted()
      await there.setCustomer({ state: 'suspended' })
    })
    await here.refused('customer-suspended')
    expect(await there.spent()).toEqual([1, 1])
  })

  test('for one Idempotency-Key gives it to one call', async () => {
    const { here, there } = await tenants()
    once(writesBooks, 'pass', () => there.admitted({ idempotency: claim }))
    await here.refused('idempotency-in-progress', { idempotency: claim })
  })

  test('fifty gateways with one call each never sell more than the limit', async () => {
    const { there } = await tenants({ quotas: { live: { day: 20, month: 100 } } })
    const gateways = await Promise.all(Array.from({ length: 50 }, () => openDynamo(world.address, () => clock.now)))
    const answers = await Promise.allSettled(gateways.map((registry) => new Tenant(registry, there.id).admit()))
    const admitted = answers.filter((one) => one.status === 'fulfilled' && one.value.kind === 'admitted')
    for (const one of answers) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'registry-unavailable', retryAfterMs: 1000 })
    }
    expect(admitted.length).toBeGreaterThan(0)
    expect(admitted.length).toBeLessThanOrEqual(20)
    expect(await there.spent()).toEqual([admitted.length, admitted.length])
  })
})

describe('a table that throttles', () => {
  test('for a moment delays a call', async () => {
    const { here, there } = await tenants()
    let left = 4
    proxy.fate = () => (left-- > 0 ? 'throttle' : 'pass')
    await here.admitted({ units: 2 })
    expect(await there.spent()).toEqual([2, 2])
  })

  test.each(['PutItem', 'BatchGetItem'])('%s for longer refuses the call, which is not counted', async (refused) => {
    const { here, there } = await tenants()
    proxy.fate = ({ action }) => (action === refused ? 'throttle' : 'pass')
    const problem = await problemOf(here.admit({ units: 2 }))
    expect(problem).toMatchObject({ code: 'registry-unavailable', retryAfterMs: 1000, extensions: { reason: 'throttled' } })
    expect(await there.spent()).toEqual([0, 0])
  })

  test('that does not exist is named', async () => {
    const registry = await openDynamo(`dynamodb:another-table?endpoint=${world.endpoint}`)
    const problem = await problemOf(registry.ready())
    expect(problem).toMatchObject({ code: 'registry-unavailable', extensions: { reason: 'missing' } })
    expect(problem.message).toContain('"another-table" does not exist')
  })
})

describe('a freeze', () => {
  test('that comes between the reading and the writing of a call refuses the call', async () => {
    const { here, there } = await tenants()
    const store = await openCopyable(world.address, { now: () => clock.now })
    const freeze = { id: 'f', level: 'admissions', to: 'elsewhere', since: noon } as const
    once(writesBooks, 'pass', () => store.freeze(freeze))
    // On a slow machine the call's time is over before the freeze is complete.
    expect((await problemOf(here.admit({ units: 3 }))).code).toMatch(/^registry-(?:frozen|unavailable)$/)
    expect(await there.spent()).toEqual([0, 0])
    expect((await problemOf(there.admit())).code).toBe('registry-frozen')
    await store.thaw()
    await here.admitted({ units: 3 })
    expect(await there.spent()).toEqual([3, 3])
  })

  test('ends a call whose process ended between its answer and the books', async () => {
    const { here, there } = await tenants()
    const ids = [`${here.id}-a`, `${here.id}-b`]
    const { reservation } = await here.admitted({ units: 2, ids, idempotency: claim })
    proxy.fate = (passing) => (writesBooks(passing) ? 'lose' : 'pass')
    const accepted = { kind: 'accepted', response: 'sent', refund: 1, untaken: ids.slice(1) } as const
    expect((await problemOf(shaky.settle(reservation, accepted))).code).toBe('registry-unavailable')
    proxy.fate = () => 'pass'
    const store = await openCopyable(world.address, { now: () => clock.now })
    await store.freeze({ id: 'f', level: 'all', to: 'elsewhere', since: noon })
    expect(await there.spent()).toEqual([1, 1])
    expect((await sound.open(there.id, 'live')).count).toBe(0)
    await store.thaw()
    expect(await there.admitted({ units: 2, ids })).toMatchObject({ messages: ['known', 'new'] })
  })

  test('carries whose units were given back by a process that ended before it noted that', async () => {
    const { here, there } = await tenants()
    const ids = [`${here.id}-a`, `${here.id}-b`]
    const { admittedAt: acceptedAt } = (await here.admitted({ units: 2, ids })).reservation
    const repayment = { customer: here.id, environment: 'live', id: ids[0] ?? '', units: 1, acceptedAt } as const
    proxy.fate = ({ action }) => (action === 'BatchWriteItem' ? 'lose' : 'pass')
    expect(await shaky.giveBack(repayment)).toBe(true)
    proxy.fate = () => 'pass'
    const store = await openCopyable(world.address, { now: () => clock.now })
    await store.freeze({ id: 'f', level: 'all', to: 'elsewhere', since: noon })
    const kinds: string[] = []
    for await (const some of store.entries()) {
      kinds.push(...some.flatMap((entry) => ('id' in entry && entry.id === repayment.id ? [entry.kind] : [])))
    }
    expect(kinds.toSorted()).toEqual(['message', 'returned'])
    expect((await problemOf(sound.giveBack(repayment))).code).toBe('registry-frozen')
    await store.thaw()
    expect(await sound.giveBack(repayment)).toBe(false)
    expect(await there.spent()).toEqual([1, 1])
  })
})

test('the health of a table names its keys, its capacity and what does not protect it', async () => {
  const { aspects } = await sound.health()
  const found = new Map(aspects.map(({ about, what }) => [about, what]))
  expect(found.get('capacity')).toContain('on demand')
  expect(found.get('protection')).toContain('deletion protection is off')
  const TableName = 'wrong-keys'
  await world.client.call('DynamoDB_20120810.CreateTable', {
    TableName,
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'sk', KeyType: 'HASH' },
      { AttributeName: 'pk', KeyType: 'RANGE' },
    ],
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 7 },
  })
  const registry = await openDynamo(world.address.replace(table, TableName))
  const wrong = (await registry.health()).aspects
  expect(wrong).toContainEqual(
    expect.objectContaining({ about: 'writes', severe: true, what: expect.stringContaining('sk HASH, pk RANGE') }),
  )
  expect(wrong).toContainEqual(expect.objectContaining({ about: 'capacity', what: expect.stringContaining('7 write units') }))
})

describe.each(['ThrottlingException', 'RequestLimitExceeded', 'TransactionConflictException', 'TransactionInProgressException'])(
  '%s',
  (name) => {
    test('for a moment delays a call', async () => {
      const { here, there } = await tenants()
      let left = 2
      proxy.error = name
      proxy.fate = () => (left-- > 0 ? 'throttle' : 'pass')
      await here.admitted({ units: 2 })
      expect(await there.spent()).toEqual([2, 2])
    })
  },
)

describe('a process that ends', () => {
  test.each(['failed', 'abandoned'] as const)(
    'after the answer was stored leaves an accepted call, also if it is settled as %s',
    async (kind) => {
      const { here, there } = await tenants()
      const { reservation } = await here.admitted({ units: 5, idempotency: claim })
      proxy.fate = (passing) => (writesBooks(passing) ? 'lose' : 'pass')
      const accepted = { kind: 'accepted', response: 'sent', refund: 2 } as const
      expect((await problemOf(shaky.settle(reservation, accepted))).code).toBe('registry-unavailable')
      proxy.fate = () => 'pass'
      expect(await there.admit({ units: 5, idempotency: claim })).toEqual({ kind: 'replay', response: 'sent' })
      clock.now += reconcileAfterMs + leaseMs
      expect(await sound.settle(reservation, { kind })).toBe(false)
      expect(await there.spent()).toEqual([3, 3])
      expect((await sound.open(there.id, 'live')).count).toBe(0)
    },
  )

  test('before its messages were noted leaves them known, and the next settlement notes them', async () => {
    const { here, there } = await tenants()
    const ids = [`${here.id}-a`, `${here.id}-b`]
    const { reservation } = await here.admitted({ units: 2, ids })
    const accepted = { kind: 'accepted', refund: 1, untaken: ids.slice(1) } as const
    proxy.fate = ({ action }) => (action === 'BatchWriteItem' ? 'lose' : 'pass')
    expect(await shaky.settle(reservation, accepted)).toBe(true)
    proxy.fate = () => 'pass'
    expect(await there.admitted({ units: 2, ids })).toMatchObject({ messages: ['known', 'new'] })
    const isNoted = async () => {
      const Key = { pk: { S: `message#live#${here.id}#${ids[0]}` }, sk: { S: '-' } }
      return 'Item' in (await world.client.call('DynamoDB_20120810.GetItem', { TableName: table, Key }))
    }
    expect(await isNoted()).toBe(false)
    clock.now += 61_000
    const other = await there.admitted()
    await there.fail(other.reservation)
    expect(await isNoted()).toBe(true)
  })

  test('before a change was copied to the audit log leaves its line there, and the next change copies it', async () => {
    const { here, there } = await tenants()
    const stored = await shaky.profile(here.id)
    let isChanged = false
    // The line of the change before is copied first, and that passes.
    proxy.fate = ({ action }) => {
      isChanged ||= action === 'PutItem'
      return isChanged && action === 'BatchWriteItem' ? 'lose' : 'pass'
    }
    expect(await shaky.save(profileOf(here.id), stored?.version, entryOf(here.id, 'changed'))).toBe(true)
    const lines = async (of?: string) =>
      (await sound.history(of, 1000)).filter(({ customer }) => customer === here.id).map(({ what }) => what)
    expect(await lines(here.id)).toEqual(['changed', 'added'])
    expect(await lines()).toEqual(['changed', 'added'])
    await there.change((profile) => profile)
    expect(await lines(here.id)).toEqual(['changed', 'changed', 'added'])
    expect(await lines()).toEqual(['changed', 'changed', 'added'])
  })
})

describe('books that are almost full', () => {
  test('take no further call, say why, and can be settled', async () => {
    const { there } = await tenants({ quotas: { live: { day: 100_000 } } })
    const idsOf = (call: number) => Array.from({ length: 500 }, (_, at) => `MESSAGE-ID-OF-26-${call}-${at}`.padEnd(26, '0'))
    const admitted: Admitted[] = []
    const fill = async (): Promise<void> => {
      for (let call = 0; call < 100; call++) admitted.push(await there.admitted({ units: 500, ids: idsOf(call) }))
    }
    const problem = await problemOf(fill())
    expect(problem).toMatchObject({ code: 'registry-unavailable', extensions: { reason: 'full' } })
    expect(problem.message).toContain(`has ${admitted.length} open calls`)
    expect(await there.spent()).toEqual([500 * admitted.length, 500 * admitted.length])
    for (const { reservation } of admitted.slice(0, 1)) expect(await there.fail(reservation)).toBe(true)
    await there.admitted({ units: 500, ids: idsOf(1000) })
  })
})

test('no request scans the table', () => {
  const actions = new Set(proxy.seen.map(({ action }) => action))
  expect([...actions].sort()).toEqual(['BatchGetItem', 'BatchWriteItem', 'PutItem', 'Query'].filter((one) => actions.has(one)))
  expect(actions).toContain('PutItem')
})

test('hours that are added to their day are counted once, wherever the process ends', async () => {
  const { day } = windowsAt('Asia/Seoul', noon)
  for (let requests = 0; requests < 6; requests++) {
    clock.now = noon
    const customer = await Tenant.with(sound)
    for (const hours of [0, 1, 2]) {
      clock.now = noon + hours * hourMs
      await customer.admitted({ units: 1, kinds: ['messages|sms|82'] })
    }
    clock.now = day.end + 5 * hourMs
    await sound.fileCounts(customer.id, 'live')
    let left = requests
    const client = patientClient({ endpoint: world.endpoint })
    const call = async (target: string, body: object) => {
      if (--left < 0) throw new Error('killed')
      return client.call(target, body)
    }
    const dying = await openRegistry(`dynamodb:${table}`, { dynamodb: () => ({ call }), now: () => clock.now })
    const isWhole = await dying.rollCounts(customer.id, 'live', day).then(
      () => true,
      () => false,
    )
    expect(isWhole).toBe(requests >= 4)
    const sums = async () =>
      (await sound.counts(customer.id, 'live', day.start, day.end)).reduce(
        (sum, { counts }) => sum + (counts['a|messages|sms|82'] ?? 0),
        0,
      )
    expect(await sums()).toBe(3)
    await sound.rollCounts(customer.id, 'live', day)
    expect(await sound.counts(customer.id, 'live', day.start, day.end)).toMatchObject([{ hour: day.start }])
    expect(await sums()).toBe(3)
  }
})
