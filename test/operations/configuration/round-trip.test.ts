import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { addressRange } from '../../../src/domain/address.ts'
import { type Credential, newKeyId, schemes } from '../../../src/domain/credential.ts'
import { type Environment, environments } from '../../../src/domain/names.ts'
import { changedQuota } from '../../../src/domain/quota.ts'
import { route } from '../../../src/domain/route.ts'
import { applyPlan, exportCustomers, fileHead, planCustomers } from '../../../src/operations/configuration/index.ts'
import { openRegistry, type Profile, type Registry } from '../../../src/registry/index.ts'
import { type DynamoWorld, dynamoWorld, patientClient } from '../../registry/dynamo.ts'
import { freshId, noon } from '../../registry/fixtures.ts'

const now = () => noon
const actor = { who: 'tester', from: 'here' }
let dynamo: DynamoWorld
beforeAll(async () => {
  dynamo = await dynamoWorld()
})
afterAll(() => dynamo.close())

/** No run meets the customers of another: their ids are fresh. */
const places: readonly (readonly [string, () => string])[] = [
  ['SQLite', () => 'sqlite::memory:'],
  ['Redis', () => inject('redis')],
  ['Redis Cluster', () => inject('redisCluster')],
  ['DynamoDB', () => dynamo.address],
]

const instant = fc.integer({ min: noon - 400 * 86_400_000, max: noon })
const optional = <T>(name: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [name]: one }))
const together = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map((all) => Object.assign({}, ...all))

/** Names that YAML could read as something else. */
const name = fc.oneof(
  fc.constantFrom(
    'no',
    'on',
    '~',
    '010',
    '1e3',
    '0x1f',
    '2026-11-28',
    'null',
    '가나다 몰',
    'a: b',
    '- a',
    '#1',
    '"',
    "it's",
    '{x}',
    '*a',
    '=',
    'Ünï',
  ),
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => text.replaceAll(/[^ -~]/g, '').trim() || 'x'),
)
const limits = fc.record({
  day: fc.integer({ min: 1, max: 1e12 }),
  rate: fc.option(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { nil: null }),
})
const digest = fc.stringMatching(/^[0-9a-f]{64}$/)

function credentialOf(customer: string, environment: Environment): fc.Arbitrary<Credential> {
  return fc
    .tuple(
      fc.constantFrom(...schemes),
      digest,
      together(
        optional('expiresAt', fc.integer({ min: noon + 1, max: noon + 1e11 })),
        optional('revokedAt', instant),
        optional('allowIps', fc.constant(['10.0.0.0/8', '2001:db8::/32', '203.0.113.7'].map(addressRange))),
      ),
      instant,
      instant,
    )
    .map(([scheme, text, more, createdAt, notBefore]) => ({
      ...{ customer, environment, keyId: newKeyId(environment), createdAt, notBefore, ...more },
      ...(scheme === 'hmac' ? { scheme, sealed: `v1.${text.slice(0, 8)}.${text}` } : { scheme, digest: text }),
    }))
}

const sending = together(
  optional('from', fc.constantFrom('registered' as const, 'any' as const)),
  optional('destinations', fc.uniqueArray(fc.constantFrom('+82', '+1', '+81', '+1684'), { minLength: 1 })),
  optional('adNight', fc.constantFrom('hold' as const, 'refuse' as const, 'consent' as const)),
  optional('originCode', fc.constantFrom('012345678', '1e5', 'no')),
  optional('alimtalkProfiles', fc.constant(['@가나다몰', '0123456789'])),
  optional('prices', fc.constant({ name: 'retail', types: { mms: 6, lms: 3 }, destinations: [{ prefix: '+1', factor: 5 }] })),
  optional(
    'senders',
    fc.uniqueArray(fc.constantFrom('+8221234567', '+821012345678', '+8215881234'), { minLength: 1 }).map((numbers) =>
      numbers.map((number, at) => ({
        number,
        state: at === 0 ? ('pending' as const) : ('active' as const),
        addedAt: noon - at,
        ...(at === 1 && { document: 'no: 12', expiresAt: noon + 5 }),
      })),
    ),
  ),
)

function profileOf(id: string): fc.Arbitrary<Profile> {
  return fc
    .record({
      name,
      state: fc.constantFrom('active' as const, 'suspended' as const),
      createdAt: instant,
      quotas: fc.record({ live: limits, test: limits }, { requiredKeys: [] }),
      routed: fc.subarray([...environments]),
      keys: fc.tuple(...environments.map((environment) => fc.option(credentialOf(id, environment)))),
      sending: fc.option(sending, { nil: undefined }),
    })
    .map(({ name: text, state, createdAt, quotas, routed, keys, sending: settings }) => ({
      customer: { id, name: text, state, timeZone: 'America/New_York', createdAt },
      quotas: Object.fromEntries(Object.entries(quotas).map(([environment, quota]) => [environment, changedQuota({}, quota)])),
      routes: routed.map((environment) =>
        route('messages', environment, environment === 'live' ? ['carrier-b*3@2', 'carrier-a'] : ['sandbox']),
      ),
      credentials: keys.filter((key) => key !== null),
      ...(settings !== undefined && { sending: settings }),
    }))
}

async function exported(registry: Registry, ids: readonly string[]): Promise<string> {
  let text = fileHead
  const matches = ({ customer }: Profile) => ids.includes(customer.id)
  for await (const one of exportCustomers(registry, { revision: true, sealed: true, matches })) text += one.text
  return text
}

const attached = { stateChanging: async () => undefined, removing: async () => undefined }

async function applied(registry: Registry, text: string) {
  const plan = await planCustomers(registry, [{ path: 'c.yaml', text: text.replaceAll(/^ {4}revision: .*\n/gm, '') }])
  const outcomes = []
  for await (const { outcome } of applyPlan({ registry, actor, now }, plan, [], attached)) outcomes.push(outcome)
  return outcomes
}

test.each(places)('an export, applied to an empty registry in %s, exports the same', async (_, address) => {
  const target = await openRegistry(address(), { now, dynamodb: patientClient })
  const source = await openRegistry('sqlite::memory:', { now })
  const pairs = fc.tuple(profileOf('one'), profileOf('two'))
  try {
    await fc.assert(
      fc.asyncProperty(pairs, async (pair) => {
        const profiles = pair.map((profile) => ownedBy(profile, freshId()))
        const ids = profiles.map(({ customer }) => customer.id)
        for (const profile of profiles) await source.save(profile, undefined, { at: noon, ...actor, customer: '', what: '' })
        const text = await exported(source, ids)
        expect(await applied(target, text)).toEqual(['added', 'added'])
        expect(await exported(target, ids)).toBe(text)
        expect(await applied(target, text)).toEqual([])
      }),
      { numRuns: 10 },
    )
  } finally {
    await source.close()
    await target.close()
  }
})

/** The same profile under another id: a shrunk input must not meet what an earlier run has left. */
function ownedBy(profile: Profile, id: string): Profile {
  return {
    ...profile,
    customer: { ...profile.customer, id },
    credentials: profile.credentials.map((one) => ({ ...one, customer: id, keyId: newKeyId(one.environment) })),
  }
}
