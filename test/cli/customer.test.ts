import { join } from 'node:path'
import { beforeEach, describe, expect, inject, test } from 'vitest'
import { uniqueName } from '../support/names.ts'
import {
  contentsOf,
  folderHolds,
  json,
  keyIdPattern,
  ok,
  type RunOptions,
  registryFile,
  run,
  secretsIn,
  temporaryFolder,
} from './run.ts'

const acme = [
  'customer',
  'add',
  'acme',
  '--name',
  'Acme Ltd',
  '--day',
  '1000',
  '--month',
  '20_000',
  '--queue',
  'carrier-a',
  '--sender',
  '1588-1234',
] as const
const sending = {
  senders: 'registered',
  destinations: ['+82'],
  adNight: 'hold',
  originCode: null,
  alimtalkProfiles: [],
  priceClass: null,
}
const instant = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]{12}Z$/)
const keyFields = ['keyId', 'scheme', 'environment', 'state', 'createdAt', 'notBefore', 'expiresAt', 'revokedAt', 'allowIps']
const profileFields = ['id', 'name', 'state', 'timeZone', 'createdAt', 'quotas', 'routes', 'sending', 'keys']

let here: RunOptions
beforeEach(() => {
  here = { cwd: temporaryFolder() }
})
const contents = (): unknown => contentsOf(registryFile(here.cwd))

describe('customer add', () => {
  test('shows the customer, and each key with its secret once', async () => {
    const { stdout, stderr, code } = await run([...acme, '--key', 'live', '--key', 'test'], here)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('customer      acme  Acme Ltd')
    expect(lines).toContain('senders       15881234')
    expect(stdout).toMatch(/^live +1,000 per day · 20,000 per month {2}→ queue carrier-a$/m)
    expect(stdout).toMatch(/^test +1,000 per day · 10 per second \(burst 50\) {2}→ queue sandbox$/m)
    const secrets = secretsIn(stdout)
    expect(secrets).toHaveLength(2)
    expect(new Set(secrets).size).toBe(2)
    expect(lines.filter((line) => line.includes('cannot be shown again'))).toHaveLength(2)
    for (const secret of secrets) expect(lines).toContain(`  PW       ${secret}`)
    for (const keyId of stdout.match(keyIdPattern) ?? []) expect(lines).toContain(`  API_KEY  ${keyId}`)
  })

  test('prints JSON', async () => {
    const added = await json([...acme, '--key', 'live'], here)
    expect(Object.keys(added)).toEqual([...profileFields, 'dryRun'])
    const { keys, ...rest } = added as { keys: Record<string, string>[] }
    expect(rest).toEqual({
      id: 'acme',
      name: 'Acme Ltd',
      state: 'active',
      timeZone: 'Asia/Seoul',
      createdAt: instant,
      quotas: { live: { day: 1000, month: 20000 }, test: { rate: 10, burst: 50, day: 1000 } },
      routes: [
        { api: 'messages', environment: 'test', targets: [{ queue: 'sandbox', weight: 1, order: 1 }] },
        { api: 'messages', environment: 'live', targets: [{ queue: 'carrier-a', weight: 1, order: 1 }] },
      ],
      sending,
      dryRun: false,
    })
    expect(keys).toHaveLength(1)
    const [key = {}] = keys
    expect(Object.keys(key)).toEqual([...keyFields, 'id', 'password', 'apiKey', 'basic'])
    expect(key.basic).toBe(`acme:${key.password}:${key.keyId}`)
    expect(key).toMatchObject({
      id: 'acme',
      apiKey: key.keyId,
      scheme: 'basic',
      environment: 'live',
      state: 'active',
      expiresAt: null,
      allowIps: [],
    })
  })

  test('a secret appears only in the output of the command that issued it', async () => {
    const secrets = secretsIn(await ok([...acme, '--key', 'live', '--key', 'test'], here))
    expect(secrets).toHaveLength(2)
    for (const secret of secrets) expect(folderHolds(here.cwd, secret)).toBe(false)
    const readers = [
      ['customer', 'list'],
      ['customer', 'show', 'acme'],
      ['key', 'list', 'acme'],
      ['quota', 'show', 'acme'],
      ['route', 'list', 'acme'],
      ['doctor'],
    ]
    for (const args of readers) {
      for (const more of [[], ['--json']]) {
        const { stdout, stderr } = await run([...args, ...more], here)
        expect(secretsIn(stdout + stderr), args.join(' ')).toEqual([])
      }
    }
  })

  test('with only an id: test is ready, live is closed, and the next command is printed', async () => {
    const { stdout, stderr, code } = await run(['customer', 'add', 'acme'], here)
    expect({ stderr, code }).toEqual({ stderr: 'Next: apigw key issue acme --env test\n', code: 0 })
    expect(stdout).toMatch(/^live +no quota: every call is refused {2}no own route$/m)
    expect(stdout).toContain('No keys.')
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({ name: 'acme', quotas: { live: null }, keys: [] })
  })

  test('a dry run shows the result without a secret, and writes nothing', async () => {
    await ok(['customer', 'add', 'other'], here)
    const before = contents()
    const dry = await run([...acme, '--key', 'live', '--dry-run'], here)
    expect(dry).toMatchObject({ code: 0, stderr: 'Dry run: nothing was changed.\n' })
    expect(dry.stdout).toContain('Would issue a basic key for live.')
    expect(secretsIn(dry.stdout)).toEqual([])
    const dryJson = await json([...acme, '--key', 'live', '--dry-run'], here)
    expect(dryJson).toMatchObject({ id: 'acme', dryRun: true })
    expect(Object.keys((dryJson.keys as object[])[0] ?? {})).toEqual(keyFields)
    expect(JSON.stringify(dryJson)).not.toMatch(/password|apigw_live/)
    expect(contents()).toEqual(before)
  })

  test('a dry run fails where the real run would', async () => {
    await ok(['customer', 'add', 'acme'], here)
    expect(await run(['customer', 'add', 'acme', '--dry-run'], here)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"acme" already'),
    })
    expect(await run(['customer', 'add', 'beta', '--day', '0', '--dry-run'], here)).toMatchObject({ code: 2 })
  })

  test('a Korean name keeps the columns of the list aligned', async () => {
    await ok(['customer', 'add', 'hanguk', '--name', '한국 상사', '--time-zone', 'Asia/Seoul'], here)
    await ok(['customer', 'add', 'nyc', '--name', 'New York', '--time-zone', 'America/New_York'], here)
    expect(await ok(['customer', 'list'], here)).toBe(
      [
        'CUSTOMER  STATE   TIME ZONE         NAME',
        'hanguk    active  Asia/Seoul        한국 상사',
        'nyc       active  America/New_York  New York',
        '',
      ].join('\n'),
    )
  })
})

describe('customer list and show', () => {
  test('an empty registry is not an error, and prints nothing to stdout', async () => {
    expect(await run(['customer', 'list'], here)).toEqual({
      stdout: '',
      stderr: 'No customers. Next: apigw customer add\n',
      code: 0,
    })
    expect(await json(['customer', 'list'], here)).toEqual({ customers: [], found: 0 })
  })
  test('list prints JSON, sorted by id', async () => {
    for (const id of ['beta', 'acme']) await ok(['customer', 'add', id], here)
    const customer = { state: 'active', timeZone: 'Asia/Seoul', createdAt: instant }
    expect(await json(['customer', 'list'], here)).toEqual({
      customers: [
        { id: 'acme', name: 'acme', ...customer },
        { id: 'beta', name: 'beta', ...customer },
      ],
      found: 2,
    })
  })
  test('show lists the latest changes and who made them, newest first', async () => {
    await ok(acme, here)
    await ok(['quota', 'set', 'acme', '--day', '5'], { ...here, env: { APIGW_ACTOR: 'kim' } })
    const shown = await json(['customer', 'show', 'acme'], here)
    expect(Object.keys(shown)).toEqual([...profileFields, 'originCode', 'history'])
    expect(shown.history).toEqual([
      { at: instant, who: 'kim', from: expect.any(String), customer: 'acme', what: 'quota live: day 5' },
      { at: instant, who: 'tester', from: expect.any(String), customer: 'acme', what: 'customer added' },
    ])
    const text = await ok(['customer', 'show', 'acme'], here)
    expect(text).toMatch(/RECENT CHANGES\n\S+ \S+ Asia\/Seoul {2}kim@\S+ {2}quota live: day 5\n.*tester@\S+ {2}customer added\n$/)
  })
})

describe('customer set, suspend, resume and remove', () => {
  beforeEach(() => ok([...acme, '--key', 'live'], here))

  const changed = { id: 'acme', createdAt: instant, sending }
  const cases = [
    {
      args: ['set', 'acme', '--name', 'Acme Holdings'],
      text: 'acme: Acme Holdings, Asia/Seoul\n',
      shape: { ...changed, name: 'Acme Holdings', state: 'active', timeZone: 'Asia/Seoul' },
    },
    {
      args: ['set', 'acme', '--time-zone', 'UTC'],
      text: 'acme: Acme Ltd, UTC\n',
      shape: { ...changed, name: 'Acme Ltd', state: 'active', timeZone: 'UTC' },
    },
    { args: ['suspend', 'acme'], text: 'acme is suspended.\n', shape: { id: 'acme', state: 'suspended' } },
    { args: ['resume', 'acme'], text: 'acme is active.\n', shape: { id: 'acme', state: 'active' } },
    {
      args: ['remove', 'acme', '--yes'],
      text: 'Removed acme and its 1 key.\n',
      shape: { id: 'acme', removed: true, keys: 1 },
    },
  ]
  test.each(cases)('$args', async ({ args, text, shape }) => {
    const before = contents()
    expect(await run(['customer', ...args, '--dry-run'], here)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Dry run: nothing was changed.'),
    })
    const dry = await json(['customer', ...args, '--dry-run'], here)
    expect(dry).toEqual({ ...shape, ...('removed' in shape && { removed: false }), dryRun: true })
    expect(contents()).toEqual(before)
    expect(await ok(['customer', ...args], here)).toBe(text)
    expect(contents()).not.toEqual(before)
    if (args[0] !== 'remove') return expect(await json(['customer', ...args], here)).toEqual({ ...shape, dryRun: false })
    await ok([...acme.map((word) => (word === 'acme' ? 'other' : word)), '--key', 'live'], here)
    expect(await json(['customer', ...args.with(1, 'other')], here)).toEqual({ ...shape, id: 'other', dryRun: false })
  })

  test('what was set is shown', async () => {
    await ok(['customer', 'set', 'acme', '--name', 'New', '--time-zone', 'Europe/Berlin'], here)
    await ok(['customer', 'suspend', 'acme'], here)
    expect(await json(['customer', 'show', 'acme'], here)).toMatchObject({
      name: 'New',
      timeZone: 'Europe/Berlin',
      state: 'suspended',
    })
    expect(await ok(['customer', 'list'], here)).toContain('suspended')
  })
  test('the id of a removed customer is refused, with the day on which it becomes available and a next step', async () => {
    await ok(['customer', 'remove', 'acme', '--yes'], here)
    const { error } = JSON.parse((await run([...acme, '--json'], here)).stdout)
    expect(error).toMatchObject({ code: 'customer-id-retired', next: expect.stringContaining('customer add') })
    expect(error.message).toMatch(/cannot be used again before \d{4}-\d\d-\d\d/)
    expect(await json(['customer', 'list'], here)).toEqual({ customers: [], found: 0 })
  })
  test('a removed customer is gone, but its audit log is kept', async () => {
    await ok(['customer', 'remove', 'acme', '--yes'], here)
    expect(await json(['customer', 'list'], here)).toEqual({ customers: [], found: 0 })
    expect(contentsOf(registryFile(here.cwd)).history).toMatchObject([{ what: 'customer added' }, { what: 'customer removed' }])
  })
})

test('works the same on Redis', async () => {
  const id = uniqueName('acme')
  const redis = ['--registry', `${inject('redis')}/9`]
  const out = await ok(['customer', 'add', id, '--day', '7', '--queue', 'carrier-a', '--key', 'live', ...redis], here)
  const [secret = 'none'] = secretsIn(out)
  expect(secretsIn(out)).toHaveLength(1)
  expect(await run(['customer', 'suspend', id, '--dry-run', ...redis], here)).toMatchObject({ code: 0 })
  const shown = await json(['customer', 'show', id, ...redis], here)
  expect(shown).toMatchObject({
    id,
    state: 'active',
    quotas: { live: { day: 7 } },
    keys: [{ environment: 'live' }],
    history: [{ what: 'customer added' }],
  })
  expect(JSON.stringify(shown)).not.toContain(secret)
  expect(await ok(['customer', 'list', ...redis], here)).toContain(id)
  await ok(['customer', 'suspend', id, ...redis], here)
  expect(await json(['customer', 'show', id, ...redis], here)).toMatchObject({ state: 'suspended' })
  await ok(['customer', 'remove', id, '--yes', ...redis], here)
  expect(await run(['customer', 'show', id, ...redis], here)).toMatchObject({ code: 2, stdout: '' })
  expect(folderHolds(join(here.cwd), secret)).toBe(false)
})
