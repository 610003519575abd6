import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseMs } from '../../../../src/domain/admission.ts'
import { openApi } from '../../../../src/runtime/gateway/docs/openapi.ts'
import { discoverEndpoints } from '../../../../src/runtime/gateway/versions/endpoints.ts'
import { handlerOf } from '../../../../src/runtime/worker/lambda.ts'
import { carrierA, engines } from '../../../support/databases.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import type { Answer } from '../../../support/http.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { authorization, message, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
let proxy: SqsProxy
beforeAll(async () => {
  sqs = await startSqs()
  proxy = await startSqsProxy(sqs.port)
})
afterAll(async () => {
  await proxy.close()
  await sqs.stop()
})

/** Syllables that CP949 has and KS X 1001 lacks. */
const text = '첫 샾, 둘째 똠, 셋째 힣'

/** The worker with the queued messages of one customer, as Lambda calls it. */
async function carried(world: World, create: (typeof engines)[number]['create'], column?: string) {
  const test = await create()
  const database = await test.open()
  await database.migrate([carrierA])
  if (column !== undefined) await test.sql(`ALTER TABLE carrier_a MODIFY body ${column}`)
  const handle = handlerOf({ database, carriers: [carrierA], observe: () => undefined })
  const bodies = sqs.bodies(liveQueue).filter((body) => body.includes(`"${world.customer}"`))
  const Records = bodies.map((body, at) => ({
    messageId: `m${at}`,
    receiptHandle: `r${at}`,
    body,
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: 'x', ApproximateFirstReceiveTimestamp: '0' },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:ap-northeast-2:123456789012:${liveQueue}`,
    awsRegion: 'ap-northeast-2',
  }))
  expect(await handle({ Records })).toEqual({ batchItemFailures: [] })
  return (await test.sql('SELECT body, type FROM carrier_a ORDER BY body')).map((row) => ({ ...row }))
}

describe('syllables that only CP949 has', () => {
  it('are refused with their position by default', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    const answer = await world.post({ text })
    expectProblem(answer, 'invalid-request', world)
    expect(answer.body.errors).toEqual([
      { pointer: '/text', detail: 'has the character U+C0FE at position 2, which EUC-KR cannot hold' },
    ])
    expect(sqs.messages(liveQueue, world.customer)).toEqual([])
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it.each([
    ...engines.map((one) => ({ ...one, column: undefined })),
    { engine: 'MariaDB in euckr', create: engines[1].create, column: 'TEXT CHARACTER SET euckr NOT NULL' },
  ])('are accepted with cp949, and reach the row of the carrier: $engine', async ({ create, column }) => {
    const world = await startWorld({ endpoint: sqs.endpoint, charset: 'cp949' })
    expect((await world.post({ text })).status).toBe(202)
    const batch = await world.call('/v1.0/messages/batch', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: {
        messages: [
          { ...message, text: '힣'.repeat(45) },
          { ...message, text: '힣'.repeat(46) },
          { ...message, text: '😀' },
        ],
      },
    })
    expect(batch.body).toMatchObject({ accepted: 2, rejected: 1 })
    expect(batch.text).toContain('which CP949 cannot hold')
    expect(await carried(world, create, column)).toEqual([
      { body: text, type: 'sms' },
      { body: '힣'.repeat(45), type: 'sms' },
      { body: '힣'.repeat(46), type: 'lms' },
    ])
  })

  it('are part of the API description', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, charset: 'cp949' })
    const { text: described } = await world.call('/openapi.json')
    expect(described).toContain('up to 90 bytes in CP949')
    expect(described).not.toContain('EUC-KR')
    expect(JSON.stringify(openApi(await discoverEndpoints()))).not.toContain('CP949')
  })
})

/** 샾 in separate jamo: CP949 has the syllable, EUC-KR does not. */
const jamo = '샾'.normalize('NFD')

describe('a call that is repeated after the charset was changed', () => {
  async function both(endpoint = sqs.endpoint) {
    const registry = `sqlite:${join(temporaryFolder(), 'registry.db')}`
    const before = await startWorld({ endpoint, registry, charset: 'cp949' })
    const after = await startWorld({ endpoint: sqs.endpoint, registry })
    const same = authorization(before.live.basic)
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'order-1', authorization: same }
    const single = (world: World): Promise<Answer> => world.post({ text: jamo, subject: '₩' }, headers)
    const messages = [{ ...message, text: jamo }, { ...message, text: '😀' }, message, { ...message, text: '₩' }]
    const batch = (world: World): Promise<Answer> =>
      world.call('/v1.0/messages/batch', { method: 'POST', headers, body: { messages } })
    return { before, after, single, batch }
  }

  it.each(['single', 'batch'] as const)('is answered with the charset of its first decision: %s', async (which) => {
    const { before, after, [which]: send } = await both()
    const first = await send(before)
    expect(first.status).toBe(202)
    expect(first.text).toContain('"normalized":{"text":"샾"')
    const again = await send(after)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.text).toBe(first.text)
    expect((await send(before)).text).toBe(first.text)
  })

  it('keeps that charset when it resumes a run that crashed', async () => {
    const { before, after, single } = await both(proxy.endpoint)
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const first = single(before)
    await held.arrived
    after.clock.now += leaseMs + 1000
    const second = await single(after)
    expect(second.status, second.text).toBe(202)
    expect(second.body).toMatchObject({ normalized: { text: '샾', subject: '￦' } })
    held.release()
    await first
    const sent = sqs.messages(liveQueue, before.customer)
    expect(new Set(sent.map(({ id }) => id))).toEqual(new Set([second.body.id]))
    expect(new Set(sent.map((one) => one.text))).toEqual(new Set(['샾']))
  })
})
