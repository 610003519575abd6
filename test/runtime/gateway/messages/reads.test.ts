import { createServer } from 'node:http'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { randomId } from '../../../../src/domain/ids.ts'
import type { Report } from '../../../../src/domain/report.ts'
import { masterKeysFrom } from '../../../../src/domain/seal.ts'
import { ReadLimits, type ReadRates } from '../../../../src/runtime/gateway/messages/read-limits.ts'
import { handlerOf } from '../../../../src/runtime/gateway/on-lambda.ts'
import { type Ledger, openLedger } from '../../../../src/runtime/ports/index.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { exchange } from '../../../support/http.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { type Sqs, startSqs } from '../../../support/sqs.ts'
import { until } from '../../../support/until.ts'
import { authorization, noon, startWorld } from '../../../support/world.ts'

let sqs: Sqs
let dynamo: Dynamo
beforeAll(async () => {
  sqs = await startSqs()
  dynamo = await startDynamo()
})
afterAll(async () => {
  await sqs.stop()
  await dynamo.stop()
})

const key = (fill: number) => Buffer.alloc(32, fill).toString('base64')
const day = 86_400_000
/** The read limit of one call, and the maximum for one look at reports: each kept day, the head twice, and one more. */
const maxReads = 64
const maxReadsOfALook = 12

interface Options {
  keys?: string
  registry?: string
  ledger?: Ledger
  readLimits?: Partial<ReadRates>
}
const start = ({ keys, ...more }: Options = {}) =>
  startWorld({
    endpoint: sqs.endpoint,
    ledger: dynamo.open(() => noon),
    ...more,
    ...(keys && { masterKeys: masterKeysFrom(keys) }),
  })
type World = Awaited<ReturnType<typeof start>>
const owner = ({ customer }: World) => ({ customer, environment: 'live' }) as const
const report = (): Report => ({ id: randomId(), status: 'delivered', at: 1_000 })
const reads = () => [...dynamo.seen.values()].reduce((sum, count) => sum + count, 0)
const plain = (text: string) => Buffer.from(text).toString('base64url')

/** Reports on several days, where the pages of each day end with a link to the next. */
async function written(world: World, days: readonly number[]): Promise<Report[]> {
  const all: Report[] = []
  for (const ago of days) {
    const one = report()
    await dynamo.open(() => noon - ago * day).append(owner(world), [one])
    all.push(one)
  }
  return all
}

async function costOf(world: World, path: string): Promise<{ status: number; count: number }> {
  const before = reads()
  const { status } = await world.call(path)
  return { status, count: reads() - before }
}

describe('a cursor', () => {
  it.each(['0001-01-01', '0000-01-01', '1970-01-01', '2026-11-01', '2026-11-16', '2026-11-23', '2027-01-01', '9999-12-31'])(
    'forged for %s is as cheap as any other',
    async (date) => {
      const world = await start()
      await written(world, [6, 3, 0])
      for (const sequence of [0, 1, 2, 9_999_999_999]) {
        const { status, count } = await costOf(world, `/v1.0/reports?limit=1&cursor=${plain(`1.${date}.${sequence}.0`)}`)
        expect(status).toBe(200)
        expect(count).toBeLessThanOrEqual(maxReadsOfALook)
      }
    },
  )

  it('with any other format is refused without a read', async () => {
    const world = await start({ keys: key(1) })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), async (text) => {
        expect(await costOf(world, `/v1.0/reports?cursor=${encodeURIComponent(text)}`)).toEqual({ status: 400, count: 0 })
      }),
      { numRuns: 100 },
    )
  })

  it('is valid only for its customer, its environment and the exact value that was issued', async () => {
    const [world, other] = [await start({ keys: key(1) }), await start({ keys: key(1) })]
    const [first, second] = await written(world, [3, 0])
    const page = (await world.call('/v1.0/reports?limit=1')).body
    expect(page).toMatchObject({ reports: [{ id: first?.id }], more: true })
    const cursor = String(page.cursor)
    expect((await world.call(`/v1.0/reports?cursor=${cursor}`)).body).toMatchObject({ reports: [{ id: second?.id }] })
    expectProblem(await other.call(`/v1.0/reports?cursor=${cursor}`), 'cursor-invalid', other)
    const inTest = { headers: { authorization: authorization(world.test.basic) } }
    expectProblem(await world.call(`/test/v1.0/reports?cursor=${cursor}`, inTest), 'cursor-invalid', world)
    const [made = '', mac = ''] = cursor.split('.')
    for (const forged of [`${plain('1.2026-11-01.0.0')}.${mac}`, `${made}.`, `${made}.AAAA`, `${cursor}.x`]) {
      expectProblem(await world.call(`/v1.0/reports?cursor=${forged}`), 'cursor-invalid', world)
    }
  })

  it('remains valid after a rotation of the master key', async () => {
    const registry = `sqlite:${join(temporaryFolder(), 'registry.db')}`
    const older = await start({ keys: key(1), registry })
    const [, second] = await written(older, [3, 0])
    const { cursor } = (await older.call('/v1.0/reports?limit=1')).body
    const newer = await start({ keys: `${key(2)},${key(1)}`, registry })
    const headers = { authorization: authorization(older.live.basic) }
    const page = (await newer.call(`/v1.0/reports?cursor=${cursor}`, { headers })).body
    expect(page).toMatchObject({ reports: [{ id: second?.id }] })
    const forgotten = await start({ keys: key(3), registry })
    expectProblem(await forgotten.call(`/v1.0/reports?cursor=${cursor}`, { headers }), 'cursor-invalid', forgotten)
  })

  it('without a MAC is refused by a gateway with a master key, and the operator can still read with it', async () => {
    const world = await start({ keys: key(1) })
    await written(world, [3, 0])
    const ledger = dynamo.open(() => noon)
    const bare = (await ledger.reports(owner(world), undefined, 1)).cursor
    expectProblem(await world.call(`/v1.0/reports?cursor=${bare}`), 'cursor-invalid', world)
    const { cursor } = (await world.call('/v1.0/reports')).body
    expect((await ledger.reports(owner(world), String(cursor), 1)).reports).toEqual([])
  })
})

describe('one call', () => {
  it('reads a limited number of pages, and the next call resumes where it ended', async () => {
    const world = await start()
    const ledger = dynamo.open(() => noon)
    const all: Report[] = []
    // Pages of one report each: the most expensive reports to read.
    for (let page = 0; page < 700; page++) {
      const one = report()
      all.push(one)
      await ledger.append(owner(world), [one])
    }
    const found: string[] = []
    let cursor = ''
    for (let more = true; more; ) {
      const before = reads()
      const { body } = await world.call(`/v1.0/reports?limit=500${cursor}`)
      expect(reads() - before).toBeLessThanOrEqual(maxReads)
      found.push(...(body.reports as Report[]).map(({ id }) => id))
      cursor = `&cursor=${body.cursor}`
      more = body.more === true
    }
    expect(found).toEqual(all.map(({ id }) => id))
  })

  it('ends when its client disconnects', async () => {
    const world = await start()
    await written(world, [0])
    const { cursor } = (await world.call('/v1.0/reports')).body
    const leaving = new AbortController()
    const before = reads()
    const left = world.call(`/v1.0/reports?wait=20&cursor=${cursor}`, { signal: leaving.signal })
    await until(() => reads() > before)
    leaving.abort()
    await expect(left).rejects.toThrow()
    // It does not wait for the 20 seconds to pass: the outcome is visible now, and nothing is waiting.
    await until(() => world.observations.at(-1)?.code === 'client-closed')
    expect(world.observations.at(-1)?.status).toBe(499)
    expect(reads() - before).toBeLessThanOrEqual(maxReads)
  })

  it('ends in time when the front waits for less than the client asks for', async () => {
    const world = await start()
    const handle = handlerOf(world.gateway, { trustedProxies: 0 })
    const event = {
      httpMethod: 'GET',
      path: '/v1.0/reports',
      headers: { host: 'a', authorization: authorization(world.live.basic) },
      multiValueQueryStringParameters: { wait: ['20'] },
      requestContext: { identity: { sourceIp: '203.0.113.7' } },
    }
    const before = reads()
    const answer = await handle(event, { getRemainingTimeInMillis: () => 1_500 })
    expect([answer.statusCode, JSON.parse(answer.body).reports]).toEqual([200, []])
    // A second allows three looks of two reads; twenty seconds allow about fourteen.
    expect(reads() - before).toBeLessThanOrEqual(maxReadsOfALook)
  })

  it('ends when a ledger does not answer in time', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    onTestFinished(() => {
      silent.closeAllConnections()
      silent.close()
    })
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const ledger = openLedger({ endpoint: `http://127.0.0.1:${port}`, region: 'ap-northeast-2' })
    if (ledger === undefined) throw new Error('there is no ledger')
    const world = await start({ ledger })
    expectProblem(await world.call('/v1.0/reports'), 'ledger-unavailable', world)
  })
})

describe('the rate at which a customer reads', () => {
  it('is limited before the registry is asked, and other customers are not affected', async () => {
    const readLimits = { readsPerSecond: 1, readBurst: 3, uploadsPerSecond: 1, uploadBurst: 1 }
    const world = await start({ readLimits })
    for (let call = 0; call < 3; call++) expect((await world.call('/v1.0/quota')).status).toBe(200)
    const answer = await world.call(`/v1.0/messages/${randomId()}`)
    expectProblem(answer, 'read-rate-exceeded', world)
    expect(Number(answer.headers.get('retry-after'))).toBe(1)
    expect(world.observations.at(-1)?.admitMs).toBeUndefined()
    // Sending has its own rate, and so has the other environment.
    expect((await world.post()).status).toBe(202)
    const inTest = { headers: { authorization: authorization(world.test.basic) } }
    expect((await world.call('/test/v1.0/quota', inTest)).status).toBe(200)
    const upload = () => world.call('/v1.0/media', { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: 'x' })
    expectProblem(await upload(), 'media-invalid', world)
    expectProblem(await upload(), 'read-rate-exceeded', world)
  })

  it('allows what the rate and the burst permit, for any sequence of calls', () => {
    const rates = { readsPerSecond: 7, readBurst: 13 }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 }), (pauses) => {
        let now = 0
        const limits = new ReadLimits(rates, () => now)
        let passed = 0
        for (const pause of pauses) {
          now += pause
          try {
            limits.take('read', { customer: 'acme', environment: 'live' })
            passed += 1
          } catch {
            // Refused.
          }
          expect(passed).toBeLessThanOrEqual(13 + (now * 7) / 1000)
        }
      }),
    )
  })

  it('limits the concurrent long polls, also when they arrive in one piece', async () => {
    const world = await start({ readLimits: { longPolls: 2, readsPerSecond: 1000, readBurst: 1000 } })
    const poll = `GET /v1.0/reports?wait=1 HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization(world.live.basic)}\r\n`
    const polls = `${`${poll}\r\n`.repeat(4)}${poll}Connection: close\r\n\r\n`
    const text = await exchange(world.listening.port, polls, 30_000)
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1])
    expect(statuses.toSorted()).toEqual(['200', '200', '429', '429', '429'])
    expect((await world.call('/v1.0/reports?wait=1')).status).toBe(200)
  })
})
