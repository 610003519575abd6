import { hash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { contentsOf, folderHolds, json, ok, type RunOptions, registryFile, run, secretsIn, temporaryFolder } from '../cli/run.ts'

const masterKey = randomBytes(32).toString('base64')
let here: RunOptions & { readonly env: Readonly<Record<string, string>> }

beforeEach(async () => {
  here = { cwd: temporaryFolder(), env: { APIGW_MASTER_KEY: masterKey } }
  await ok(['customer', 'add', 'acme'], here)
})

const contents = (): unknown => contentsOf(registryFile(here.cwd))
const issue = async (...more: string[]): Promise<Record<string, string>> =>
  (await json(['key', 'issue', 'acme', ...more], here)) as Record<string, string>

describe('key issue', () => {
  test.each(['basic', 'hmac', 'jwt'])('--scheme %s shows its secret once and stores it nowhere in clear text', async (scheme) => {
    const key = await issue('--scheme', scheme)
    expect(key).toMatchObject({ scheme, environment: 'live', state: 'active', id: 'acme', apiKey: key.keyId })
    expect(key.basic).toBe(`acme:${key.password}:${key.keyId}`)
    expect(JSON.stringify(contents())).not.toContain(key.password)
    for (const command of [
      ['key', 'list', 'acme'],
      ['key', 'show', 'acme', key.keyId ?? ''],
      ['customer', 'show', 'acme'],
    ]) {
      const text = (await ok(command, here)) + JSON.stringify(await json(command, here))
      expect(text).toContain(key.keyId)
      expect(secretsIn(text)).toEqual([])
      expect(text).not.toMatch(/digest|sealed|v1\./)
    }
  })

  test.each(['basic', 'hmac', 'jwt'])('--scheme %s in text: one secret, which is in no file', async (scheme) => {
    const { stdout, stderr, code } = await run(['key', 'issue', 'acme', '--scheme', scheme], here)
    const [secret = '', ...more] = secretsIn(stdout)
    expect({ stderr, code, more }).toEqual({ stderr: '', code: 0, more: [] })
    expect(secret).not.toBe('')
    expect(folderHolds(here.cwd, secret)).toBe(false)
  })

  test('an hmac key needs a master key, and the error says how to get one', async () => {
    const before = contents()
    const { code, stderr, stdout } = await run(['key', 'issue', 'acme', '--scheme', 'hmac'], { cwd: here.cwd })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/no master key.*\nNext: .*APIGW_MASTER_KEY.*openssl rand -base64 32/)
    expect(contents()).toEqual(before)
  })

  test('a master key of the wrong length is refused without being shown', async () => {
    const { code, stderr } = await run(['key', 'issue', 'acme', '--scheme', 'hmac'], {
      cwd: here.cwd,
      env: { APIGW_MASTER_KEY: 'hunter2' },
    })
    expect(code).toBe(2)
    expect(stderr).toContain('32 bytes')
    expect(stderr).not.toContain('hunter2')
  })
})

describe('key rotate', () => {
  test('issues a new key and says until when the old one works', async () => {
    const old = await issue('--expires', '2h')
    const rotated = await json(['key', 'rotate', 'acme', old.keyId ?? '', '--overlap', '1h'], here)
    expect(rotated).toMatchObject({
      customer: 'acme',
      scheme: 'basic',
      expiresAt: old.expiresAt,
      replaces: { keyId: old.keyId },
      dryRun: false,
    })
    const { keys } = (await json(['key', 'list', 'acme'], here)) as { keys: { keyId: string; expiresAt: string }[] }
    const ended = keys.find((key) => key.keyId === old.keyId)
    expect(ended?.expiresAt).toBe((rotated.replaces as { expiresAt: string }).expiresAt)
    expect(Date.parse(ended?.expiresAt ?? '')).toBeLessThan(Date.parse(old.expiresAt ?? ''))
  })

  test('in text: one secret on stdout, and the end of the old key on stderr', async () => {
    const { keyId = '', password = '' } = await issue('--scheme', 'hmac')
    const { stdout, stderr, code } = await run(['key', 'rotate', 'acme', keyId], here)
    expect(code, stderr).toBe(0)
    const [secret = '', ...more] = secretsIn(stdout)
    expect(more).toEqual([])
    expect(stdout).toContain('(hmac, live)')
    expect(stderr).toMatch(new RegExp(`^${keyId} works until \\S+Z\\. To end it sooner: apigw key revoke acme ${keyId}\n$`))
    expect([secret === password, secretsIn(stderr), folderHolds(here.cwd, secret)]).toEqual([false, [], false])
  })

  test('a dry run changes nothing and shows no secret', async () => {
    const old = await issue()
    const before = contents()
    const dry = await json(['key', 'rotate', 'acme', old.keyId ?? '', '--dry-run'], here)
    expect(secretsIn(JSON.stringify(dry))).toEqual([])
    expect(contents()).toEqual(before)
  })

  test('refuses an unknown key with a suggestion, and an invalid overlap', async () => {
    const { keyId = '' } = await issue()
    const slip = `${keyId.slice(0, -1)}${keyId.endsWith('0') ? '1' : '0'}`
    expect(await run(['key', 'rotate', 'acme', slip], here)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`did you mean "${keyId}"`),
    })
    expect(await run(['key', 'rotate', 'acme', keyId, '--overlap', 'soon'], here)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('7d, 24h or 30m'),
    })
  })
})

test('key rewrap seals everything under the new master key', async () => {
  await issue('--scheme', 'hmac')
  const fresh = randomBytes(32).toString('base64')
  const both = { cwd: here.cwd, env: { APIGW_MASTER_KEY: `${fresh},${masterKey}` } }
  const before = contents()
  expect(await json(['key', 'rewrap', '--dry-run'], both)).toEqual({ customers: 1, rewrapped: 1, dryRun: true })
  expect(contents()).toEqual(before)
  expect(await ok(['key', 'rewrap'], both)).toBe('Re-encrypted 1 secret; checked 1 customer.\n')
  expect(await json(['key', 'rewrap', 'acme'], both)).toEqual({ customers: 1, rewrapped: 0, dryRun: false })
})

test('key rewrap without a master key says how to get one', async () => {
  await issue('--scheme', 'hmac')
  const { code, stderr } = await run(['key', 'rewrap'], { cwd: here.cwd })
  expect(code).toBe(1)
  expect(stderr).toMatch(/\nNext: .*APIGW_MASTER_KEY/)
})

describe('sign', () => {
  const url = 'https://api.example.com/v1.0/messages'
  const signing = (credentials = 'acme:secret:ak_live_1'): RunOptions => ({
    cwd: here.cwd,
    env: { APIGW_CREDENTIALS: credentials },
  })

  test('prints the three headers, and never the secret', async () => {
    writeFileSync(join(here.cwd, 'body.json'), '{}')
    const text = await ok(['sign', url, '--body', 'body.json'], signing())
    expect(text).toMatch(
      /^content-digest: sha-256=:.*:\nsignature-input: sig=\("@method" "@target-uri" "content-digest"\);created=\d+;.*\nsignature: sig=:.{44}:\n$/,
    )
    expect(text).toContain('keyid="acme:ak_live_1"')
    expect(text).not.toContain('secret')
    const { method, url: signed, headers } = await json(['sign', url, '--method', 'get'], signing())
    expect([method, signed, Object.keys(headers as object)]).toEqual([
      'GET',
      url,
      ['content-digest', 'signature-input', 'signature'],
    ])
  })

  test('signs the exact bytes of the body', async () => {
    const digests: string[] = []
    for (const body of ['{}', '{}\n']) {
      writeFileSync(join(here.cwd, 'body.json'), body)
      digests.push((await ok(['sign', url, '--body', 'body.json'], signing())).split('\n')[0] ?? '')
    }
    expect(new Set(digests).size).toBe(2)
  })

  test.each(['file', 'stdin'])('signs bytes that are not UTF-8 unchanged, from a %s', async (from) => {
    const body = Buffer.from([0x7b, 0xb0, 0xa1, 0x7d])
    const digest = `content-digest: sha-256=:${hash('sha256', body, 'base64')}:`
    writeFileSync(join(here.cwd, 'body.bin'), body)
    if (from === 'stdin') vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([body]) as typeof process.stdin)
    onTestFinished(() => void vi.restoreAllMocks())
    const text = await ok(['sign', url, '--body', from === 'stdin' ? '-' : 'body.bin'], signing())
    expect(text.split('\n')[0]).toBe(digest)
  })

  test.each([
    [['sign', '/v1.0/messages'], 'absolute'],
    [['sign', url, '--credentials', 'acme:secret:key'], 'Every user of this machine'],
    [['sign', url, '--body', 'missing.json'], 'missing.json'],
  ])('%j is refused', async (args, why) => {
    expect(await run(args, signing())).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(why) })
  })
})
