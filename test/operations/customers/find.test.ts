import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  addCustomer,
  type Context,
  customerValue,
  explainCustomer,
  findHistory,
  matching,
  nextOf,
  setCustomer,
  sortedBy,
} from '../../../src/operations/customers/index.ts'
import { openRegistry, type Registry } from '../../../src/registry/index.ts'
import { addressOf } from '../../registry/fixtures.ts'

let registry: Registry
let context: Context
beforeEach(async () => {
  registry = await openRegistry('sqlite::memory:')
  context = { registry, actor: { who: 'kim', from: 'here' }, now: Date.now }
  await addCustomer(context, {
    id: 'acme',
    name: 'Acme Ltd',
    quota: { day: 100 },
    queue: 'carrier-a',
    senders: ['1588-1234'],
    keysFor: ['live'],
  })
  await addCustomer(context, { id: 'shop', quota: { day: 1_000 }, queue: 'carrier-b' })
  await addCustomer(context, { id: 'new' })
})
afterEach(() => registry.close())

async function found(...conditions: string[]): Promise<string[]> {
  const { profiles } = await registry.profiles(undefined, 10)
  return profiles
    .map(({ profile }) => profile)
    .filter((one) => matching(conditions)(one, Date.now()))
    .map(({ customer }) => customer.id)
}

test('customers are found by what is known of them', async () => {
  await setCustomer(context, 'shop', { state: 'suspended' })
  expect(await found()).toEqual(['acme', 'new', 'shop'])
  expect(await found('state=suspended')).toEqual(['shop'])
  expect(await found('day>=100', 'day<1_000')).toEqual(['acme'])
  expect(await found('name~LTD')).toEqual(['acme'])
  expect(await found('day=')).toEqual(['new'])
  expect(await found('queue!=carrier-b')).toEqual(['acme', 'new'])
  expect(await found('senders=15881234')).toEqual(['acme'])
  expect(() => matching(['dya=5'])).toThrow('"dya" is not a field of customers; did you mean "day"?')
  expect(() => matching(['day'])).toThrow('"day" is not a condition.')
})

test('customers are sorted by a field, those without it last', async () => {
  const profiles = (await registry.profiles(undefined, 10)).profiles.map(({ profile }) => profile)
  const ids = (by: string) => sortedBy(by, profiles, 0).map((one) => customerValue('customer', one, 0))
  expect([ids('day'), ids('-day')]).toEqual([
    ['acme', 'shop', 'new'],
    ['shop', 'acme', 'new'],
  ])
})

test('pages of customers end where they say, and leave no customer out', async () => {
  const first = await registry.profiles(undefined, 2)
  const second = await registry.profiles(first.next, 2)
  expect([...first.profiles, ...second.profiles].map(({ profile }) => profile.customer.id)).toEqual(['acme', 'new', 'shop'])
  expect(second.next).toBeUndefined()
})

test('the audit log is found by who, what and when', async () => {
  await setCustomer({ ...context, actor: { who: 'lee', from: 'there' } }, 'acme', { state: 'suspended' })
  const of = async (filter: object) =>
    (await findHistory(registry, { limit: 10, ...filter })).entries.map(({ customer, what }) => `${customer}: ${what}`)
  expect(await of({ who: 'LE' })).toEqual(['acme: customer: state suspended'])
  expect(await of({ customer: 'shop' })).toEqual(['shop: customer added'])
  expect(await of({ what: 'suspended', limit: 1 })).toHaveLength(1)
  expect(await of({ until: Date.now() - 60_000 })).toEqual([])
  expect(await of({ since: Date.now() - 60_000 })).toHaveLength(4)
})

test('a call is explained: what it would fail by, and why the last ones failed', async () => {
  const live = await explainCustomer(registry, 'acme', 'live')
  expect(live.checks.map(({ about, passes }) => [about, passes])).toEqual([
    ['state', true],
    ['keys', true],
    ['route', true],
    ['day', true],
    ['senders', true],
  ])
  expect(nextOf(live)).toBeUndefined()
  const [key] = (await registry.profile('acme'))?.profile.credentials ?? []
  const call = {
    customer: 'acme',
    keyId: key?.keyId ?? '',
    environment: 'live',
    api: 'messages',
    address: addressOf('203.0.113.7'),
  } as const
  await registry.admit({ ...call, units: 100, reservation: 'r1' })
  await registry.admit({ ...call, units: 1, reservation: 'r2' })
  const after = await explainCustomer(registry, 'acme', 'live')
  expect(after.checks.find(({ about }) => about === 'day')).toMatchObject({
    passes: false,
    what: expect.stringContaining('0 units left of 100'),
  })
  expect(after.refused).toMatchObject([{ reason: 'day-quota-exceeded', calls: 1, meaning: 'The daily quota is used up' }])
  const fresh = await explainCustomer(registry, 'new', 'live')
  expect(fresh.checks.filter(({ passes }) => !passes).map(({ about }) => about)).toEqual(['keys', 'route', 'day', 'senders'])
})
