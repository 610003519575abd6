import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ledger } from '../../../../src/runtime/ports/index.ts'
import { openWebhooks } from '../../../../src/runtime/ports/index.ts'
import { parcelFrom } from '../../../../src/runtime/worker/open-envelope.ts'
import { pumpOnce } from '../../../../src/runtime/worker/reports.ts'
import { carrierA, engines } from '../../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { message, startWorld, type World } from '../../../support/world.ts'
import { endpointOf } from '../../webhooks/receiver.ts'

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

const callback = 'https://hooks.acme.kr/sent?order=17'

function counted(ledger: Ledger) {
  const state = { reads: 0, away: false }
  const counting: Ledger = Object.assign(Object.create(ledger), {
    callbackOrigins: (...asked: Parameters<Ledger['callbackOrigins']>) => {
      state.reads += 1
      return state.away ? Promise.reject(new Error('away')) : ledger.callbackOrigins(...asked)
    },
  })
  return { ledger: counting, state }
}

async function start(url?: string) {
  const real = dynamo.open()
  const { ledger, state } = counted(
    new Proxy(real, {
      get: (target, name: keyof Ledger) => {
        const member = target[name]
        return typeof member === 'function' ? member.bind(target) : member
      },
    }),
  )
  const world = await startWorld({ endpoint: sqs.endpoint, ledger })
  const owner = { customer: world.customer, environment: 'live' } as const
  const webhooks = openWebhooks({ endpoint: dynamo.endpoint, region: 'ap-northeast-2' })
  if (webhooks === undefined) throw new Error('an endpoint is there')
  const allow = async (of: string) => {
    const { webhook } = endpointOf(owner, of, { name: 'callbacks', callbacks: true })
    await webhooks.save(webhook)
    return () => webhooks.remove(webhook)
  }
  const forbid = url === undefined ? undefined : await allow(url)
  return { world, ledger: real, state, owner, allow, forbid: forbid ?? (async () => undefined) }
}

const unitsOf = async ({ registry, customer }: World) => (await registry.usage(customer, 'live')).usage.dayUsed

it('comes from the call through queue, database and report pump into the ledger, and its customer reads it', async () => {
  const { world, ledger, owner } = await start('https://hooks.acme.kr/')
  const { body, status } = await world.post({ callback })
  expect(status).toBe(202)
  const test = await engines[0].create()
  const database = await test.open()
  await database.migrate([carrierA])
  const messages = sqs.messages(liveQueue, world.customer)
  expect(messages).toMatchObject([{ id: body.id, callback }])
  const envelope = JSON.stringify({ v: 1, ...owner, route: liveQueue, messages })
  const parcel = parcelFrom({ id: 'q', body: envelope, receipt: 'r', receiveCount: 1, sentAt: 0 }, liveQueue)
  if (typeof parcel === 'string') throw new Error(parcel)
  await database.flush(carrierA, parcel.rows)
  const [row] = await database.waitingRows(carrierA, 10)
  await database.writeResults(carrierA, [{ id: row?.id ?? '', delivered: true, code: '', at: Date.now() }])
  await pumpOnce({ database, ledger, carriers: [carrierA], observe: () => undefined })
  expect((await ledger.reports(owner, undefined, 10)).reports).toMatchObject([{ id: body.id, status: 'delivered', callback }])
  expect((await world.call(`/v1.0/messages/${body.id}`)).body).toMatchObject({ status: 'delivered', callback })
  expect((await world.call('/v1.0/reports')).text).not.toContain('hooks.acme.kr')
})

it('is refused at any host that was not allowed, with its place, before a unit is taken', async () => {
  const { world, state } = await start('https://hooks.acme.kr/')
  const foreign = [
    'https://evil.example.com/',
    'https://hooks.acme.kr:8443/',
    'https://hooks.acme.kr.evil.com/',
    'http://localhost/',
  ]
  for (const url of foreign) expectProblem(await world.post({ callback: url }), 'callback-not-allowed', world)
  const wrong = [
    'http://hooks.acme.kr/',
    'https://10.0.0.1/',
    'https://0xa.1/',
    'https://a:b@hooks.acme.kr/',
    '//x',
    '',
    'https://hooks.acme.kr/#x',
  ]
  for (const url of [...wrong, 7, `https://hooks.acme.kr/${'x'.repeat(500)}`]) {
    const answer = await world.post({ callback: url })
    expectProblem(answer, 'invalid-request', world)
    expect(answer.body.errors).toMatchObject([{ pointer: '/callback' }])
  }
  expect(await unitsOf(world)).toBe(0)
  // What is not known is asked about once a second, however many calls there are.
  expect(state.reads).toBe(1)
  const batch = await world.batch([{ ...message, callback }, { ...message, callback: foreign[0] }, message])
  expect(batch.body).toMatchObject({
    accepted: 2,
    results: [
      { status: 'accepted' },
      { index: 1, problem: { code: 'callback-not-allowed', errors: [{ pointer: '/callback' }] } },
      {},
    ],
  })
  const defaults = await world.batch([message, message], {}, { defaults: { callback } })
  expect(defaults.body).toMatchObject({ accepted: 2 })
})

it('costs no read without one, and holds while the ledger is away and for a repeated call after its host was removed', async () => {
  const { world, state, forbid } = await start('https://hooks.acme.kr/')
  await world.post()
  expect(state.reads).toBe(0)
  const key = { 'idempotency-key': '"k-1"' }
  const first = await world.post({ callback }, key)
  expect(first.status).toBe(202)
  expect((await world.post({ callback })).status).toBe(202)
  expect(state.reads).toBe(1)
  state.away = true
  world.clock.now += 60_000
  expect((await world.post({ callback })).status).toBe(202)
  state.away = false
  await forbid()
  world.clock.now += 60_000
  expectProblem(await world.post({ callback }), 'callback-not-allowed', world)
  const again = await world.post({ callback }, key)
  expect([again.status, again.body]).toEqual([202, first.body])
  expectProblem(await world.post({ callback: `${callback}8` }, key), 'idempotency-key-reused', world)
})
