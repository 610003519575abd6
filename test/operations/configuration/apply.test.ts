import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dryRun } from '../../../src/cli/dry-run.ts'
import { newKeyId } from '../../../src/domain/credential.ts'
import { masterKeysFrom } from '../../../src/domain/seal.ts'
import {
  applyPlan,
  checkApplicable,
  customersToPrune,
  exportCustomers,
  fileHead,
  planCustomers,
} from '../../../src/operations/configuration/index.ts'
import {
  addCustomer,
  type Context,
  issueKey,
  revokeKey,
  rotateKey,
  setCustomer,
  setQuota,
} from '../../../src/operations/customers/index.ts'
import { openRegistry, type Registry } from '../../../src/registry/index.ts'
import { problemOf } from '../../registry/fixtures.ts'

let registry: Registry
let context: Context
beforeEach(async () => {
  registry = await openRegistry('sqlite::memory:')
  context = { registry, actor: { who: 'tester', from: 'here' }, now: Date.now }
  for (const id of ['acme', 'shop'])
    await addCustomer(context, { id, quota: { day: 100 }, queue: 'carrier-a', keysFor: ['live'] })
})
afterEach(() => registry.close())

async function exported(options = { revision: true, sealed: false }): Promise<string> {
  let text = fileHead
  for await (const one of exportCustomers(registry, options)) text += one.text
  return text
}

const files = (text: string) => [{ path: 'c.yaml', text }]
const planOf = (text: string, options = {}) => planCustomers(registry, files(text), options)
const states: string[] = []
const attached = {
  stateChanging: async (id: string, suspended: boolean) => void states.push(`${id} ${suspended}`),
  removing: async (id: string) => void states.push(`${id} removed`),
}

async function apply(
  text: string,
  {
    prune = [],
    of = context,
    ...options
  }: { prune?: string[]; of?: Context; base?: ReturnType<typeof files>; force?: boolean } = {},
) {
  const plan = await planCustomers(of.registry, files(text), options)
  checkApplicable(plan)
  const outcomes: string[] = []
  for await (const { id, outcome } of applyPlan(of, plan, prune, attached)) outcomes.push(`${id} ${outcome}`)
  return outcomes
}

async function outcomesOf(plan: Awaited<ReturnType<typeof planOf>>) {
  const outcomes = []
  for await (const one of applyPlan(context, plan, [], attached)) outcomes.push(one)
  return outcomes
}

const raised = (text: string) => text.replaceAll('day: 100\n', 'day: 500\n')
const dayOf = async (id: string) => (await registry.profile(id))?.profile.quotas.live?.day

test('what a file changes is planned by its fields, applied in one step with one line of the audit log, and then there', async () => {
  const text = raised(await exported())
  const { planned, same, unfiled } = await planOf(text)
  expect(planned.map(({ id, action, differences }) => ({ id, action, differences }))).toEqual(
    ['acme', 'shop'].map((id) => ({
      id,
      action: 'change',
      differences: [{ path: ['quotas', 'live', 'day'], before: 100, after: 500 }],
    })),
  )
  expect({ same, unfiled }).toEqual({ same: 0, unfiled: [] })
  expect(await apply(text)).toEqual(['acme changed', 'shop changed'])
  expect((await planOf(text)).planned).toEqual([])
  expect((await registry.history('acme', 1))[0]).toMatchObject({ who: 'tester', what: 'configuration: quotas.live.day' })
})

test('a dry run shows the same and changes nothing', async () => {
  const text = raised(await exported())
  const before = (await registry.profile('acme'))?.version
  expect(await apply(text, { of: { ...context, registry: dryRun(registry) } })).toEqual(['acme changed', 'shop changed'])
  expect((await registry.profile('acme'))?.version).toBe(before)
})

test('an apply that is killed after the first customer continues with the second', async () => {
  const text = raised(await exported())
  const steps = applyPlan(context, await planOf(text), [], attached)
  expect((await steps.next()).value).toEqual({ id: 'acme', outcome: 'changed' })
  await steps.return(undefined)
  expect([await dayOf('acme'), await dayOf('shop')]).toEqual([500, 100])
  expect(await apply(text)).toEqual(['shop changed'])
})

describe('a change of others is not overwritten', () => {
  test('that came after the export', async () => {
    const text = raised(await exported())
    await setCustomer(context, 'acme', { state: 'suspended' })
    const problem = await problemOf(apply(text))
    expect(problem).toMatchObject({ code: 'customer-changed' })
    expect(problem.message).toBe('c.yaml, line 3: acme: it was changed since the export. Nothing was changed.')
    expect(await dayOf('shop')).toBe(100)
    expect(await apply(text, { force: true })).toEqual(['acme changed', 'shop changed'])
  })
  test('that came after the plan', async () => {
    const plan = await planOf(raised(await exported()))
    await setQuota(context, 'acme', 'live', { day: 7 })
    const outcomes = await outcomesOf(plan)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['failed', 'changed'])
    expect(await dayOf('acme')).toBe(7)
  })
  test('that came after the base', async () => {
    const base = files(await exported({ revision: false, sealed: false }))
    const text = raised(base[0]?.text ?? '')
    expect(await apply(text, { base })).toEqual(['acme changed', 'shop changed'])
    await setQuota(context, 'acme', 'live', { day: 7 })
    expect(await problemOf(apply(text.replaceAll('500', '900'), { base: files(text) }))).toMatchObject({
      code: 'customer-changed',
    })
  })
  test('by a customer of the same name', async () => {
    const text = `${fileHead}  fresh:\n    name: A\n`
    const plan = await planOf(text)
    await addCustomer(context, { id: 'fresh' })
    const outcomes = await outcomesOf(plan)
    expect(outcomes).toMatchObject([{ outcome: 'failed', why: '"fresh" was added in the meantime. It was left as it is.' }])
  })
})

describe('keys', () => {
  const without = (text: string) =>
    text.replace(/ {6}ak_live_.*\n(?: {8}.*\n)+/, '').replaceAll('keys:\n  shop', 'keys: {}\n  shop')

  test('that a file leaves out are revoked, and a file without the section leaves them alone', async () => {
    const text = await exported()
    expect(await apply(text.replaceAll(/ {4}keys:\n(?: {6,}.*\n)+/g, ''))).toEqual([])
    expect(await apply(without(text))).toEqual(['acme changed'])
    expect((await registry.profile('acme'))?.profile.credentials[0]?.revokedAt).toBeDefined()
  })
  test('that were revoked or rotated do not come back with an older file', async () => {
    const text = await exported({ revision: false, sealed: false })
    const [keyId = ''] = (await registry.profile('acme'))?.profile.credentials.map((one) => one.keyId) ?? []
    await rotateKey(context, 'acme', keyId, 60_000)
    expect(await problemOf(apply(text))).toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('not extend it'),
    })
    await revokeKey(context, 'acme', keyId)
    expect(await problemOf(apply(text))).toMatchObject({ message: expect.stringContaining('was revoked, which is permanent') })
  })
  test('keep their secret, and an HMAC key of another registry needs it', async () => {
    const text = await exported()
    const other = text.replaceAll(/digest: .*/g, `digest: "${'0'.repeat(64)}"`).replaceAll(/ {8}fingerprint: .*\n/g, '')
    expect((await planOf(other)).planned[0]).toMatchObject({
      action: 'refused',
      why: expect.stringContaining('keeps its secret'),
    })
    const hmac = `${fileHead}  fresh:\n    keys:\n      ${newKeyId('live')}: { scheme: hmac, environment: live }\n`
    expect((await planOf(hmac)).planned[0]).toMatchObject({ why: expect.stringContaining('does not have the HMAC key') })
  })
  test('of the scheme HMAC are exported without their secret unless it is asked for', async () => {
    const masterKeys = async () => masterKeysFrom(Buffer.alloc(32, 1).toString('base64'))
    await issueKey({ ...context, masterKeys }, 'acme', { scheme: 'hmac', environment: 'live' })
    expect(await exported()).not.toContain('sealed')
    expect(await exported({ revision: true, sealed: true })).toMatch(/sealed: "?v1\./)
    expect((await planOf(await exported())).planned).toEqual([])
  })
})

describe('customers in no file', () => {
  const one = async () => (await exported()).replace(/ {2}shop:\n(?: {4,}.*\n)+/, '')

  test('stay, unless their number is confirmed', async () => {
    const plan = await planOf(await one())
    expect(plan.unfiled).toEqual([{ id: 'shop', state: 'active', name: 'shop' }])
    expect(customersToPrune(plan, undefined)).toEqual([])
    expect(customersToPrune(plan, 1)).toEqual(['shop'])
    expect(() => customersToPrune(plan, 2)).toThrow('--prune is 2. 1 customer in no file: shop. Nothing was changed.')
    expect(() => customersToPrune({ ...plan, filed: 0 }, 1)).toThrow('name no customer at all')
  })
  test('are suspended first, and stay while calls of them are under way', async () => {
    states.length = 0
    const key = (await registry.profile('shop'))?.profile.credentials[0]?.keyId ?? ''
    const call = {
      customer: 'shop',
      keyId: key,
      environment: 'live',
      api: 'messages',
      units: 1,
      address: '0'.repeat(32),
      reservation: 'r1',
    } as const
    const admitted = await registry.admit(call)
    if (admitted.kind !== 'admitted') throw new Error(JSON.stringify(admitted))
    const text = await one()
    expect(await apply(text, { prune: ['shop'] })).toEqual(['shop suspended'])
    expect((await registry.profile('shop'))?.profile.customer.state).toBe('suspended')
    await registry.settle(admitted.reservation, { kind: 'failed' })
    expect(await apply(text, { prune: ['shop'] })).toEqual(['shop removed'])
    expect(states).toEqual(['shop true', 'shop true', 'shop removed'])
  })
})

test('a price class by its name is copied, and an unknown one is refused with the nearest', async () => {
  await registry.change({ kind: 'setPriceClass', prices: { name: 'retail', types: { lms: 3 }, destinations: [] } }, context.actor)
  const priced = (name: string) => `${fileHead}  acme:\n    sending: { prices: ${name} }\n`
  expect(await apply(priced('retail'))).toEqual(['acme changed'])
  expect((await registry.profile('acme'))?.profile.sending?.prices?.types).toEqual({ lms: 3 })
  expect((await planOf(priced('retial'))).planned[0]?.why).toContain('did you mean "retail"?')
})
