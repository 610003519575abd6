import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiError, Client, type Scheme } from '../../clients/typescript/src/index.ts'
import { type Local, startLocal } from '../../src/dev/local/index.ts'
import { addCustomer, issueKey } from '../../src/operations/customers/index.ts'
import { programPath } from '../support/programs.ts'
import { startFlaky } from './flaky.ts'

const schemes: readonly Scheme[] = ['basic', 'hmac', 'jwt']
const folder = mkdtempSync(join(tmpdir(), 'apigw-clients-'))
const keys: Record<string, string> = {}
const message = { to: '010-1234-5678', from: '1588-1234', text: '안녕하세요' }
let local: Local
let flaky: Awaited<ReturnType<typeof startFlaky>>

beforeAll(async () => {
  const onFault = (what: string, error: unknown): void => void process.stderr.write(`${what}: ${String(error)}\n`)
  local = await startLocal({ folder, port: 0, sqsPort: 0, actor: { who: 'test', from: 'test' }, onFault })
  await addCustomer(local.context, { id: 'acme', quota: { day: 1000 }, queue: 'carrier-a' })
  for (const scheme of schemes) {
    keys[scheme] = (await issueKey(local.context, 'acme', { scheme, environment: 'test' })).basic
  }
  flaky = await startFlaky()
})

afterAll(async () => {
  flaky.stop()
  await local.stop()
  rmSync(folder, { recursive: true, force: true })
})

const client = (scheme: Scheme, url = local.gateway): Client => new Client({ url, credentials: keys[scheme] ?? '', scheme })

describe('the TypeScript client', () => {
  it.each(schemes)('signs in by %s, and sends a repeated call once', async (scheme) => {
    const one = client(scheme)
    const first = await one.sendMessage(message, { idempotencyKey: `ts-${scheme}` })
    expect(await one.sendMessage(message, { idempotencyKey: `ts-${scheme}` })).toEqual(first)
    expect((await one.sendMessage(message)).id).not.toBe(first.id)
    expect(await one.getQuota()).toMatchObject({ customer: 'acme', environment: 'test' })
    expect(await one.sendBatch({ messages: [message, { ...message, to: '1' }] })).toMatchObject({ accepted: 1, rejected: 1 })
  })

  it('throws what the API says, with the field', async () => {
    const error: ApiError = await client('basic')
      .sendMessage({ ...message, to: '1' })
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ name: 'ApiError', status: 400, code: 'invalid-request', retryable: false })
    expect(error.errors[0]?.pointer).toBe('/to')
    expect(error.requestId).toBeDefined()
    expect(JSON.stringify(error) + String(error)).not.toContain(keys.basic?.split(':')[1])
  })

  it('iterates over reports, page by page', async () => {
    const { id } = await client('basic').sendMessage(message)
    const seen = new Set<string>()
    while (!seen.has(id)) {
      for await (const { reports } of client('basic').reportPages({ limit: 2 })) for (const report of reports) seen.add(report.id)
    }
    for await (const { reports, cursor } of client('hmac').reportPages({ follow: true })) {
      expect(reports.length).toBeGreaterThan(0)
      expect(cursor).not.toBe('')
      break
    }
  })

  it('repeats with the same Idempotency-Key and a new signature', async () => {
    const { attempts, keys: names, nonces } = Object(await client('hmac', flaky.url).sendMessage(message))
    expect(attempts).toBe(3)
    expect(new Set(names).size).toBe(1)
    expect(new Set(nonces).size).toBe(3)
  })

  it('follows no redirect, and does not wait for hours', async () => {
    await expect(client('basic', flaky.url).getMessage('moved')).rejects.toMatchObject({ status: 302, code: 'unknown' })
    await expect(client('basic', flaky.url).getMessage('later')).rejects.toMatchObject({ retryAfterMs: 3_600_000 })
  })

  it('ends when it is asked to', async () => {
    const signal = AbortSignal.abort()
    await expect(client('basic').getQuota({ signal })).rejects.toThrow('no answer')
    expect(() => new Client({ url: local.gateway, credentials: 'acme:secret' })).toThrow(/^(?!.*secret)/)
  })
})

it('the Python client does the same', async ({ skip }) => {
  if (programPath('python3') === undefined) return skip('python3 is not installed')
  const env = {
    ...process.env,
    APIGW_URL: local.gateway,
    FLAKY_URL: flaky.url,
    KEYS: JSON.stringify(keys),
    CLIENT_FOLDER: join(import.meta.dirname, '../../clients/python'),
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const program = join(import.meta.dirname, 'client_test.py')
  const { stdout } = await promisify(execFile)('python3', [program], { env, timeout: 55_000 })
  expect(stdout.trim()).toBe('basic hmac jwt problem reports repeats webhook')
})
