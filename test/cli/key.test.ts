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

const instant = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]{12}Z$/)
const keyFields = ['keyId', 'scheme', 'environment', 'state', 'createdAt', 'notBefore', 'expiresAt', 'revokedAt', 'allowIps']

let here: RunOptions
beforeEach(async () => {
  here = { cwd: temporaryFolder() }
  await ok(['customer', 'add', 'acme'], here)
})
const contents = (): unknown => contentsOf(registryFile(here.cwd))

async function issued(...more: string[]): Promise<Record<string, string>> {
  return (await json(['key', 'issue', 'acme', ...more], here)) as Record<string, string>
}

describe('key issue', () => {
  test('shows the three parts of the credential, and the secret once', async () => {
    const { stdout, stderr, code } = await run(['key', 'issue', 'acme', '--env', 'test'], here)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const [keyId] = stdout.match(keyIdPattern) ?? []
    const [secret, ...more] = secretsIn(stdout)
    expect(more).toEqual([])
    expect(stdout).toBe(
      [
        `Key ${keyId} (basic, test)`,
        '  ID       acme',
        `  PW       ${secret}`,
        `  API_KEY  ${keyId}`,
        'Save the secret now. It cannot be shown again.',
        '',
      ].join('\n'),
    )
    expect(folderHolds(here.cwd, String(secret))).toBe(false)
    expect(folderHolds(here.cwd, String(keyId))).toBe(true)
  })

  test('prints JSON, for the live environment by default', async () => {
    const key = await issued()
    expect(Object.keys(key)).toEqual(['customer', ...keyFields, 'id', 'password', 'apiKey', 'basic', 'dryRun'])
    expect(key).toMatchObject({
      customer: 'acme',
      id: 'acme',
      environment: 'live',
      state: 'active',
      apiKey: key.keyId,
      notBefore: key.createdAt,
      expiresAt: null,
    })
    expect(key.keyId).toMatch(/^ak_live_/)
    expect(key.password).toMatch(/^apigw_live_/)
    expect(key.basic).toBe(`acme:${key.password}:${key.keyId}`)
    expect(folderHolds(here.cwd, String(key.password))).toBe(false)
  })

  test.each([
    ['90d', 90 * 86_400_000],
    ['12h', 12 * 3_600_000],
    ['30m', 30 * 60_000],
  ])('accepts an expiry in %s', async (span, milliseconds) => {
    const asked = Date.now()
    const { expiresAt = '' } = await issued('--expires', span)
    const late = Date.parse(expiresAt) - asked - milliseconds
    expect(late).toBeGreaterThanOrEqual(0)
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + milliseconds)
  })
  test('accepts an expiry time with any offset', async () => {
    expect(await issued('--expires', '2099-01-31T09:00:00+09:00')).toMatchObject({ expiresAt: '2099-01-31T00:00:00.000Z' })
  })
  test('accepts addresses and ranges, and shows them as entered', async () => {
    expect(await issued('--allow-ip', '203.0.113.0/24', '--allow-ip', '2001:db8::1')).toMatchObject({
      allowIps: ['203.0.113.0/24', '2001:db8::1'],
    })
    expect(await ok(['key', 'list', 'acme'], here)).toContain('203.0.113.0/24, 2001:db8::1')
  })

  test('a dry run creates no key, shows no secret, and writes nothing', async () => {
    const before = contents()
    const dry = await run(['key', 'issue', 'acme', '--dry-run'], here)
    expect(dry).toEqual({ stdout: 'Would issue a basic key for live.\n', stderr: 'Dry run: nothing was changed.\n', code: 0 })
    const key = await issued('--dry-run')
    expect(Object.keys(key)).toEqual(['customer', ...keyFields, 'dryRun'])
    expect(secretsIn(JSON.stringify(key))).toEqual([])
    expect(contents()).toEqual(before)
  })

  test('the audit log entry names the key and never contains the secret', async () => {
    const { keyId, password } = await issued()
    const { history } = (await json(['customer', 'show', 'acme'], here)) as { history: object[] }
    expect(history[0]).toMatchObject({ what: `key ${keyId} issued (basic, live)` })
    expect(JSON.stringify(history)).not.toContain(password)
  })
})

describe('key list', () => {
  test('without keys', async () => {
    expect(await run(['key', 'list', 'acme'], here)).toEqual({
      stdout: '',
      stderr: 'No keys. Next: apigw key issue acme\n',
      code: 0,
    })
    expect(await json(['key', 'list', 'acme'], here)).toEqual({ customer: 'acme', keys: [] })
  })
  test('shows every state, in columns and as JSON', async () => {
    const live = await issued()
    const test = await issued('--env', 'test', '--expires', '2099-01-31T00:00:00Z', '--allow-ip', '10.0.0.0/8')
    await ok(['key', 'revoke', 'acme', String(live.keyId)], here)
    expect(await ok(['key', 'list', 'acme'], here)).toBe(
      [
        'KEY                           SCHEME  ENV   STATE    EXPIRES                   FROM',
        `${live.keyId}  basic   live  revoked  never                     anywhere`,
        `${test.keyId}  basic   test  active   2099-01-31T00:00:00.000Z  10.0.0.0/8`,
        '',
      ].join('\n'),
    )
    const listed = (await json(['key', 'list', 'acme'], here)) as { keys: object[] }
    expect(Object.keys(listed)).toEqual(['customer', 'keys'])
    for (const key of listed.keys) expect(Object.keys(key)).toEqual(keyFields)
    expect(listed.keys).toMatchObject([
      { keyId: live.keyId, state: 'revoked', revokedAt: instant },
      { keyId: test.keyId, state: 'active', revokedAt: null },
    ])
    for (const { password } of [live, test]) expect(JSON.stringify(listed)).not.toContain(password)
  })
})

describe('key revoke', () => {
  test('is reported and permanent, and revoking again keeps the original time', async () => {
    const { keyId = '' } = await issued()
    const before = contents()
    expect(await run(['key', 'revoke', 'acme', keyId, '--dry-run'], here)).toMatchObject({
      code: 0,
      stderr: 'Dry run: nothing was changed.\n',
    })
    expect(await json(['key', 'revoke', 'acme', keyId, '--dry-run'], here)).toEqual({
      customer: 'acme',
      keyId,
      revokedAt: instant,
      dryRun: true,
    })
    expect(contents()).toEqual(before)

    expect(await ok(['key', 'revoke', 'acme', keyId], here)).toBe(`${keyId} is revoked.\n`)
    const first = await json(['key', 'list', 'acme'], here)
    expect(first).toMatchObject({ keys: [{ state: 'revoked' }] })
    const again = await json(['key', 'revoke', 'acme', keyId], here)
    expect(again).toEqual({ customer: 'acme', keyId, revokedAt: instant, dryRun: false })
    expect(await json(['key', 'list', 'acme'], here)).toEqual(first)
  })
  test('leaves other keys unchanged, and suggests the closest id after a typo', async () => {
    const first = await issued()
    const second = await issued()
    await ok(['key', 'revoke', 'acme', String(first.keyId)], here)
    expect(await json(['key', 'list', 'acme'], here)).toMatchObject({
      keys: [{ state: 'revoked' }, { keyId: second.keyId, state: 'active' }],
    })
    const slip = await run(['key', 'revoke', 'acme', `${String(second.keyId).slice(0, -1)}`], here)
    expect(slip).toMatchObject({ code: 2, stderr: expect.stringContaining(`did you mean "${second.keyId}"?`) })
  })
})

test('works the same on Redis', async () => {
  const id = uniqueName('acme')
  const redis = ['--registry', `${inject('redis')}/9`]
  await ok(['customer', 'add', id, ...redis], here)
  await ok(['key', 'issue', id, '--dry-run', ...redis], here)
  expect(await json(['key', 'list', id, ...redis], here)).toEqual({ customer: id, keys: [] })
  const { keyId, password } = (await json(
    ['key', 'issue', id, '--expires', '1d', '--allow-ip', '10.0.0.1', ...redis],
    here,
  )) as Record<string, string>
  await ok(['key', 'revoke', id, String(keyId), ...redis], here)
  const listed = await json(['key', 'list', id, ...redis], here)
  expect(listed).toMatchObject({ keys: [{ keyId, state: 'revoked', allowIps: ['10.0.0.1'] }] })
  expect(JSON.stringify(listed)).not.toContain(password)
})
