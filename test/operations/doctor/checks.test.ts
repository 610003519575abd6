import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nextText } from '../../../src/domain/next-step.ts'
import type { Route } from '../../../src/domain/route.ts'
import { type Check, limited } from '../../../src/operations/doctor/check.ts'
import { certificateResult, checkCertificate } from '../../../src/operations/doctor/checks/certificate.ts'
import { clockCheck, clockResult } from '../../../src/operations/doctor/checks/clock.ts'
import { checkQueues } from '../../../src/operations/doctor/checks/queues.ts'
import { checkReports, lagResult } from '../../../src/operations/doctor/checks/reports.ts'
import { healthFrom } from '../../../src/registry/redis/health.ts'
import { openDatabase } from '../../../src/runtime/ports/index.ts'
import { temporaryFolder } from '../../cli/run.ts'
import { rowWith } from '../../support/databases.ts'

const now = Date.parse('2026-11-23T00:00:00Z')
const days = (count: number): number => now + count * 86_400_000
const never = new AbortController().signal

/** A check with its fix as text. */
function withFixAsText({ fix, ...check }: Check) {
  return { ...check, ...(fix !== undefined && { fix: nextText(fix) }) }
}

describe('a certificate', () => {
  test.each([
    ['long before its end', { validTo: days(90) }, 'ok', /90 days/],
    ['that is not renewed yet', { validTo: days(29) }, 'warn', /29 days.*not renewed/],
    ['that has expired', { validTo: days(-1), fault: 'CERT_HAS_EXPIRED' }, 'fail', /expired on 2026-11-22/],
    [
      'of another name',
      { validTo: days(90), fault: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      'fail',
      /not trusted: ERR_TLS_CERT_ALTNAME/,
    ],
  ] as const)('%s', (_, seen, state, detail) => {
    const check = certificateResult('api.example.com', seen, now)
    expect(check).toMatchObject({ name: 'certificate', state, detail: expect.stringMatching(detail) })
    expect(check.fix === undefined).toBe(state === 'ok')
  })

  /** A real server with a self-signed certificate. */
  async function server(name: string, validDays: number): Promise<{ url: string; ca: string }> {
    const folder = temporaryFolder()
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const files = ['-keyout', key, '-out', cert, '-days', String(validDays), '-subj', `/CN=${name}`]
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...files]
    execFileSync('openssl', [...args, '-addext', `subjectAltName=DNS:${name}`], { stdio: 'ignore' })
    const started = createServer({ key: readFileSync(key), cert: readFileSync(cert) })
    started.listen(0, '127.0.0.1')
    await once(started, 'listening')
    onTestFinished(() => void started.close())
    const address = started.address()
    return { url: `https://localhost:${typeof address === 'object' ? address?.port : ''}`, ca: readFileSync(cert, 'utf8') }
  }
  test('is read from the server that shows it', async () => {
    const { url, ca } = await server('localhost', 200)
    expect(await checkCertificate(url, never, ca)).toMatchObject([
      { state: 'ok', detail: expect.stringMatching(/of localhost, until .+ \((?:199|200) days\)/) },
    ])
  })
  test('that is not trusted is reported', async () => {
    const { url } = await server('localhost', 200)
    expect(await checkCertificate(url, never)).toMatchObject([
      { state: 'fail', detail: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') },
    ])
  })
  test('of another name', async () => {
    const { url, ca } = await server('api.example.com', 200)
    expect(await checkCertificate(url, never, ca)).toMatchObject([{ state: 'fail', detail: expect.stringContaining('ALTNAME') }])
  })
  test('a gateway without TLS has none, and an unreachable one is a failure', async () => {
    expect(await checkCertificate('http://127.0.0.1:1', never)).toEqual([])
    expect(await checkCertificate('https://localhost:1', never)).toMatchObject([
      { state: 'fail', detail: expect.stringContaining('ECONNREFUSED') },
    ])
  })
})

describe('a clock', () => {
  test.each([
    [0, 'ok'],
    [29_999, 'ok'],
    [-30_000, 'warn'],
    [299_999, 'warn'],
    [300_000, 'fail'],
    [-3_600_000, 'fail'],
  ])('%d ms off is %s', (ahead, state) => {
    expect(clockResult('clock', "AWS's", ahead).state).toBe(state)
  })
  test('the duration of the request does not count', async () => {
    const ask = async (): Promise<number> => {
      const theirs = Date.now() + 100
      await new Promise((resolve) => setTimeout(resolve, 200))
      return theirs
    }
    expect((await clockCheck('clock', "AWS's", ask)).detail).toBe("within 1 s of AWS's clock")
  })
})

describe('the configuration of Redis', () => {
  const info = (lines: Readonly<Record<string, string>>): string =>
    `# Server\r\n${Object.entries(lines)
      .map(([name, value]) => `${name}:${value}`)
      .join('\r\n')}\r\n`
  const elastiCache = { redis_version: '7.2.4', valkey_version: '8.0.1', os: 'Amazon ElastiCache', aof_enabled: '0' }
  const faultsOf = (lines: Readonly<Record<string, string>>): string[] =>
    healthFrom(info(lines)).aspects.flatMap(({ about, fix }) => (fix === undefined ? [] : [`${about}: ${fix}`]))

  test('ElastiCache keeps its memory in a replica, not in a file', () => {
    const lines = { ...elastiCache, role: 'master', connected_slaves: '1', maxmemory_policy: 'noeviction' }
    expect(healthFrom(info(lines))).toMatchObject({ engine: 'valkey', version: '8.0.1' })
    expect(faultsOf(lines)).toEqual([])
    expect(faultsOf({ ...lines, role: 'slave', connected_slaves: '0' })).toEqual([])
  })
  test('its policy is in a parameter group, and without a replica it forgets', () => {
    expect(faultsOf({ ...elastiCache, role: 'master', connected_slaves: '0', maxmemory_policy: 'volatile-lru' })).toEqual([
      expect.stringMatching(/^eviction: .*parameter group/),
      expect.stringMatching(/^persistence: set RegistryReplicas/),
    ])
  })
  test('one that is too old', () => {
    expect(faultsOf({ redis_version: '6.0.16', maxmemory_policy: 'noeviction', aof_enabled: '1' })).toEqual([
      'version: upgrade Redis',
    ])
  })
})

describe('queues', () => {
  const routes: Route[] = [{ api: 'messages', environment: 'live', targets: [{ queue: 'carrier-a', weight: 1, order: 1 }] }]

  /** SQS with queues of these attributes. */
  async function sqs(queues: Readonly<Record<string, object>>, status = 200): Promise<string> {
    const server = createHttp(async (request, response) => {
      let text = ''
      for await (const chunk of request.setEncoding('utf8')) text += chunk
      const { QueueName, QueueUrl = '' } = JSON.parse(text)
      const name = QueueName ?? String(QueueUrl).split('/').at(-1)
      const said = QueueName === undefined ? { Attributes: queues[name] } : { QueueUrl: `http://localhost/1/${name}` }
      const message =
        'User: arn:aws:iam::123456789012:user/kim is not authorized to perform: sqs:getqueueattributes on resource: x'
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(status === 200 ? said : { __type: 'com.amazon.coral.service#AccessDenied', message }))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const address = server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }
  const counts = (visible: number) => ({
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: '0',
    ApproximateNumberOfMessagesDelayed: '0',
    VisibilityTimeout: '30',
  })
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: 'arn:aws:sqs:ap-northeast-2:1:carrier-a-dlq',
    maxReceiveCount: 1000,
  })
  const look = async (queues: Readonly<Record<string, object>>, status?: number) => {
    const places = {
      registry: '',
      registryPassword: undefined,
      gateway: '',
      region: undefined,
      configPath: undefined,
      stage: undefined,
      stageRegion: undefined,
    }
    const [check] = await checkQueues({ ...places, sqsEndpoint: await sqs(queues, status) }, routes, undefined)
    return check === undefined ? undefined : withFixAsText(check)
  }

  test('with a redrive policy and no dead letters are ok', async () => {
    const check = await look({ 'carrier-a': { ...counts(3), RedrivePolicy }, 'carrier-a-dlq': counts(0) })
    expect(check).toEqual({ name: 'queue carrier-a', state: 'ok', detail: '3 waiting, 0 in flight' })
  })
  test('without one, failed messages are retried', async () => {
    expect(await look({ 'carrier-a': counts(0) })).toMatchObject({
      state: 'warn',
      detail: expect.stringContaining('no redrive policy'),
      fix: expect.stringContaining('apigw deploy data'),
    })
  })
  test.each([
    [5, 'warn'],
    [99, 'warn'],
    [100, 'ok'],
  ])('with maxReceiveCount %d: %s', async (maxReceiveCount, state) => {
    const low = JSON.stringify({ deadLetterTargetArn: 'arn:aws:sqs:ap-northeast-2:1:carrier-a-dlq', maxReceiveCount })
    const check = await look({ 'carrier-a': { ...counts(3), RedrivePolicy: low }, 'carrier-a-dlq': counts(0) })
    expect(check?.state).toBe(state)
    if (state === 'ok') return
    expect(check?.detail).toContain(`maxReceiveCount is ${maxReceiveCount}`)
    expect(check?.fix).toContain('set it to 1000')
  })
  test('dead letters are reported, with the command that shows them', async () => {
    expect(await look({ 'carrier-a': { ...counts(0), RedrivePolicy }, 'carrier-a-dlq': counts(7) })).toMatchObject({
      state: 'warn',
      detail: expect.stringContaining('7 in carrier-a-dlq'),
      fix: expect.stringMatching(/apigw queue peek carrier-a-dlq.*apigw queue redrive carrier-a/),
    })
  })
  test('a missing permission is named, and skips the check', async () => {
    expect(await look({}, 403)).toMatchObject({ state: 'skipped', detail: expect.stringContaining('sqs:getqueueattributes') })
  })
})

test('a check that hangs times out', async () => {
  const hangs = limited('waf', 'run it again', () => new Promise(() => undefined), 50)
  expect(await hangs).toEqual([{ name: 'waf', state: 'fail', detail: 'no answer within 0.05 seconds', fix: 'run it again' }])
})

describe('reports', () => {
  test('without outcomes, with young ones, with old ones', () => {
    expect(lagResult({ queue: 'carrier-a', outcomes: 0 }, now)).toMatchObject({ state: 'ok' })
    expect(lagResult({ queue: 'carrier-a', outcomes: 1, oldestAt: now - 2_000 }, now)).toEqual({
      name: 'reports',
      state: 'ok',
      detail: 'carrier-a: 1 outcome without a report, the oldest 2 s old',
    })
    expect(withFixAsText(lagResult({ queue: 'carrier-a', outcomes: 1_000, oldestAt: now - 601_000 }, now))).toMatchObject({
      state: 'warn',
      detail: 'carrier-a: 1000 or more outcomes without a report, the oldest 601 s old',
      fix: expect.stringContaining('apigw logs worker'),
    })
  })

  test('are counted in the database', async () => {
    const carrier = { queue: 'carrier-a', table: 'carrier_a' }
    const address = `sqlite:${join(temporaryFolder(), 'm.db')}`
    const database = await openDatabase(address)
    onTestFinished(() => database.close())
    await database.migrate([carrier])
    const places = {
      registry: '',
      registryPassword: undefined,
      gateway: '',
      sqsEndpoint: undefined,
      region: undefined,
      configPath: undefined,
      stage: undefined,
      stageRegion: undefined,
      database: { address },
      carriers: [carrier],
    }
    expect(await checkReports(places, now)).toMatchObject([{ state: 'ok', detail: 'carrier-a: each outcome has its report' }])
    const row = rowWith()
    await database.flush(carrier, [row, rowWith()])
    await database.writeResults(carrier, [{ id: row.message.id, delivered: true, code: '', at: now - 700_000 }])
    expect(await checkReports(places, now)).toMatchObject([
      { state: 'warn', detail: 'carrier-a: 1 outcome without a report, the oldest 700 s old' },
    ])
    expect(await checkReports({ ...places, carriers: [{ queue: 'b', table: 'missing' }] }, now)).toMatchObject([
      { state: 'fail' },
    ])
  })
})
