import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { leaseMs } from '../../../../src/domain/admission.ts'
import { Problem } from '../../../../src/domain/problem.ts'
import { recipientHash, recipientKeys } from '../../../../src/domain/recipient-hash.ts'
import { masterKeysFrom } from '../../../../src/domain/seal.ts'
import type { SendingSettings } from '../../../../src/domain/sending.ts'
import { absentLedger } from '../../../../src/runtime/gateway/messages/absent.ts'
import type { Ledger } from '../../../../src/runtime/ports/index.ts'
import type { Answer } from '../../../support/http.ts'
import { liveQueue, type Sqs, startSqs, testQueue } from '../../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { until } from '../../../support/until.ts'
import { authorization, message, noon, startWorld, type World } from '../../../support/world.ts'

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

const sender = (number: string, more: object = {}) => ({ number, state: 'active' as const, addedAt: 0, ...more })
const registered: SendingSettings = { senders: [sender('+8215881234')] }
const adText = '(광고)가나다몰 반값\n무료거부 080-123-4567'
const seoul = (time: string) => Date.parse(`${time}+09:00`)
const start = (sending: SendingSettings = registered, more: object = {}) =>
  startWorld({ endpoint: sqs.endpoint, sending, ...more })
const sent = (world: World) => sqs.messages(liveQueue, world.customer)

/** A ledger that knows who opted out, and nothing else. */
function opted(...numbers: string[]): Ledger {
  return { ...absentLedger, suppressed: async (_, asked) => new Set(asked.filter((one) => numbers.includes(one))) }
}

/** The code and the first place of a problem, or the status. */
function said({ status, body }: Answer): string {
  const [error] = Object(body).errors ?? []
  return status === 202 ? '202' : `${status} ${Object(body).code} ${error?.pointer} ${error?.detail}`
}

/** Of each row of a batch: its status, or its code and place. */
function rowsOf({ body }: Answer): string[] {
  return Object(body).results.map((row: { status: string; problem?: { code: string; errors?: { pointer: string }[] } }) =>
    row.problem === undefined ? row.status : `${row.problem.code} ${row.problem.errors?.[0]?.pointer}`,
  )
}

describe('a sender', () => {
  it('has to be registered, in whatever spelling, and nothing is taken otherwise', async () => {
    const world = await start()
    expect((await world.post({ from: '+82 1588-1234' })).status).toBe(202)
    expect(said(await world.post({ from: '02-123-4567' }))).toBe(
      '403 sender-not-registered /from +8221234567 is not among your registered senders: register it with your provider',
    )
    expect(await world.left()).toEqual({ day: 999 })
    expect(sent(world)).toHaveLength(1)
  })

  it('is refused row by row in a batch, and by its code where no row has a registered one', async () => {
    const world = await start()
    const other = { ...message, from: '02-123-4567' }
    expect(rowsOf(await world.batch([message, other, { ...message, text: '' }]))).toEqual([
      'accepted',
      'sender-not-registered /from',
      'invalid-request /text',
    ])
    expect(said(await world.batch([other, other]))).toMatch(/^403 sender-not-registered \/messages\/0\/from /)
    expect(said(await world.batch([other, { ...message, text: '' }]))).toMatch(/^400 invalid-request \/messages\/0\/from /)
    expect(await world.left()).toEqual({ day: 999 })
  })

  it('is refused from its end on, which the problem names, also where the message is for later', async () => {
    const end = noon + 3_600_000
    const world = await start({ senders: [sender('+8215881234', { expiresAt: end })] })
    const at = (instant: number) => ({ sendAt: new Date(instant).toISOString() })
    expect(said(await world.post(at(end - 1)))).toBe('202')
    const refused = `403 sender-not-registered /from the registration of +8215881234 ends at ${new Date(end).toISOString()}: renew it with your provider`
    expect(said(await world.post(at(end)))).toBe(refused)
    world.clock.now = end
    expect(said(await world.post())).toBe(refused)
    // Held until the morning, the message would be sent after the end.
    await world.setSending({ senders: [sender('+8215881234', { expiresAt: seoul('2026-11-24T07:00') })] })
    world.clock.now = seoul('2026-11-23T22:00')
    expect(said(await world.post())).toBe('202')
  })

  it.each(['SQLite', 'Redis'])('that expires has no power over what was accepted before, with %s', async (engine) => {
    const later = { sendAt: new Date(noon + 86_400_000).toISOString() }
    const key = { 'idempotency-key': 'before' }
    const world = await start(registered, engine === 'Redis' ? { registry: inject('redis') } : {})
    const first = await world.post(later, key)
    await world.setSending({ senders: [sender('+8215881234', { expiresAt: noon + 3_600_000 })] })
    // What is scheduled stays, and a replay says so; what is scheduled now is refused.
    expect((await world.post(later, key)).body).toEqual(first.body)
    expect(said(await world.post(later))).toMatch(/^403 sender-not-registered \/from the registration .* ends at/)
    expect(await world.left()).toEqual({ day: 999 })
    expect(sent(world)).toHaveLength(1)
  })

  it('that is pending is none, and with "any" each is one', async () => {
    const world = await start({ senders: [{ ...sender('+8215881234'), state: 'pending' }] })
    expect(said(await world.post())).toMatch(/^403 sender-not-registered/)
    await world.setSending({ from: 'any' })
    expect(said(await world.post({ from: '02-123-4567' }))).toBe('202')
  })

  it('needs no registration in the test environment, where every other rule holds', async () => {
    const world = await start({})
    const post = (more: object) =>
      world.call('/test/v1.0/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: authorization(world.test.basic) },
        body: { ...message, ...more },
      })
    expect(said(await post({}))).toBe('202')
    expect(said(await post({ to: '+12025550123' }))).toMatch(/^403 destination-not-allowed \/to /)
    expect(sqs.messages(testQueue, world.customer)).toHaveLength(1)
  })
})

describe('a destination', () => {
  it('is in the home country unless others are allowed', async () => {
    const world = await start()
    const detail = 'is outside the destinations that you may send to (+82): ask your provider to allow it'
    expect(said(await world.post({ to: '+12025550123' }))).toBe(`403 destination-not-allowed /to ${detail}`)
    expect(said(await world.post({ to: '+82 00 1 202 555 0123' }))).toMatch(/^400 invalid-request \/to /)
    await world.setSending({ ...registered, destinations: ['+82', '+1202'] })
    expect(said(await world.post({ to: '+12025550123' }))).toBe('202')
    expect(said(await world.post({ to: '+12125550123' }))).toMatch(/^403 destination-not-allowed/)
    await world.setSending({ ...registered, destinations: ['+1'] })
    expect(said(await world.post())).toMatch(/^403 destination-not-allowed/)
  })
})

describe('the policy', () => {
  it('is asked for once, and is never stale', async () => {
    const world = await start({})
    expect(said(await world.post())).toMatch(/^403 sender-not-registered/)
    await world.setSending(registered)
    expect(said(await world.post())).toBe('202')
    const before = world.registryCalls()
    expect(said(await world.post())).toBe('202')
    // The admission and the settlement.
    expect(world.registryCalls() - before).toBe(2)
    await world.setSending({})
    expect(said(await world.post())).toMatch(/^403 sender-not-registered/)
    expect(await world.left()).toEqual({ day: 998 })
  })

  it('does not decide a call again that was decided before', async () => {
    const world = await start({ ...registered, prices: { name: 'p', types: { sms: 3 }, destinations: [] } })
    const key = { 'idempotency-key': 'k' }
    const first = await world.batch([message, { ...message, from: '02-123-4567' }], key)
    expect(rowsOf(first)).toEqual(['accepted', 'sender-not-registered /from'])
    for (const sending of [{}, { senders: [sender('+8221234567')] }, { ...registered, destinations: ['+1'] }]) {
      await world.setSending(sending)
      const again = await world.batch([message, { ...message, from: '02-123-4567' }], key)
      expect(again.body).toEqual(first.body)
      expect(again.headers.get('idempotency-replayed')).toBe('true')
    }
    expect(await world.left()).toEqual({ day: 997 })
    expect(sent(world)).toHaveLength(1)
  })

  it('of the first run is what a later run goes by', async () => {
    const world = await start(
      { ...registered, originCode: 'A1', prices: { name: 'p', types: { sms: 2 }, destinations: [] } },
      { endpoint: proxy.endpoint, ledger: opted() },
    )
    world.clock.now = seoul('2026-11-23T22:00')
    const key = { 'idempotency-key': 'resumed' }
    const held = proxy.hold('SendMessageBatch', 'hold-answer')
    const body = { text: adText }
    const first = world.post(body, key)
    await held.arrived
    // The first run is silent for longer than its lease, as after a crash.
    await world.setSending({ from: 'any', adNight: 'consent', originCode: 'B2' })
    world.clock.now += leaseMs + 60_000
    const before = world.registryCalls()
    const resumed = world.post(body, key)
    // It learns that the policy is another one, and is admitted.
    await until(() => world.registryCalls() >= before + 2)
    held.release()
    await first
    const second = await resumed
    expect(second.body).toMatchObject({ units: 2, heldUntil: '2026-11-23T23:00:00.000Z' })
    const [one, two] = sent(world)
    expect(one).toMatchObject({ adNight: 'hold', originCode: 'A1', units: 2, purpose: 'ad', sendAt: seoul('2026-11-24T08:00') })
    expect(two).toEqual(one)
    expect(await world.left()).toEqual({ day: 998 })
  })

  it('has the origin code of the operator where the customer has none, and a replay keeps the first', async () => {
    const world = await start(registered, { originCode: 'OP9' })
    await world.post()
    await world.batch([message], { 'idempotency-key': 'kept' })
    await world.setSending({ ...registered, originCode: 'A1' })
    await world.post()
    await world.batch([message], { 'idempotency-key': 'kept' })
    expect(sent(world).map(({ originCode }) => originCode)).toEqual(['OP9', 'OP9', 'A1'])
  })

  it('that changes all the time ends in 503, and nothing is taken', async () => {
    const world = await start()
    let round = 0
    const { registry } = world
    const admit = registry.admit.bind(registry)
    registry.admit = async (request) => {
      if (request.policy === undefined) return admit(request)
      round += 1
      return {
        kind: 'policy',
        version: String(round),
        policy: { from: 'any', senders: [], destinations: ['+'], adNight: 'hold' },
        now: noon,
      }
    }
    const answer = await world.post()
    expect(answer.status).toBe(503)
    expect(round).toBeLessThan(6)
    registry.admit = admit
    expect(await world.left()).toEqual({ day: 1000 })
  })
})

describe('units', () => {
  const prices = {
    name: 'p',
    types: { sms: 2, lms: 3 },
    destinations: [
      { prefix: '+1', factor: 5 },
      { prefix: '+1684', factor: 7 },
    ],
  }
  const sending: SendingSettings = { from: 'any', destinations: ['+82', '+1'], prices }
  const long = { ...message, text: '가'.repeat(50) }

  it('are those of type and destination, and the answer says them', async () => {
    const world = await start(sending)
    expect((await world.post()).body).toMatchObject({ units: 2 })
    expect(await world.left()).toEqual({ day: 998 })
    const answer = await world.batch([message, long, { ...message, to: '+12025550123' }, { ...message, to: '+16842581234' }])
    expect(answer.body).toMatchObject({
      accepted: 4,
      units: 29,
      results: [{ units: 2 }, { units: 3 }, { units: 10 }, { units: 14 }],
    })
    expect(await world.left()).toEqual({ day: 969 })
    expect(sent(world).map(({ units }) => units)).toEqual([2, 2, 3, 10, 14])
  })

  it('are not named where each message has one', async () => {
    const world = await start()
    expect(Object.keys((await world.post()).body)).toEqual(['id', 'status'])
    expect(Object.keys((await world.batch([message])).body)).toEqual(['batchId', 'accepted', 'rejected', 'results'])
    expect(sent(world).every(({ units }) => units === undefined)).toBe(true)
  })

  it('of a call beyond a limit are not taken', async () => {
    const world = await start(sending, { quota: { day: 5 } })
    expect(said(await world.batch([message, message, message]))).toMatch(/^400 units-exceed-limit/)
    expect(said(await world.batch([message, message]))).toBe('202')
    expect(said(await world.post())).toMatch(/^429 day-quota-exceeded/)
    expect(await world.left()).toEqual({ day: 1 })
  })

  it('come back for the messages that no queue took', async () => {
    const world = await start(sending)
    // The test environment's own number for it is refused after the admission.
    const answer = await world.call('/test/v1.0/messages/batch', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: authorization(world.test.basic), 'idempotency-key': 'k' },
      body: { messages: [message, { ...long, to: '010-0000-0006' }, long] },
    })
    expect(rowsOf(answer)).toEqual(['accepted', 'queue-unavailable undefined', 'accepted'])
    expect(answer.body).toMatchObject({ units: 5 })
    const { usage } = await world.registry.usage(world.customer, 'test')
    expect(usage).toMatchObject({ dayUsed: 5, dayBack: 3 })
  })
})

describe('an advertisement', () => {
  it.each([
    ['20:59:59.999', undefined],
    ['21:00:00.000', '2026-11-26T08:00'],
    ['07:59:59.999', '2026-11-25T08:00'],
    ['08:00:00.000', undefined],
  ])('at %s is sent at %s', async (time, until) => {
    const world = await start(registered, { ledger: opted() })
    const at = seoul(`2026-11-25T${time}`)
    world.clock.now = at
    const now = await world.post({ text: adText, ttl: 60 })
    const heldUntil = until === undefined ? {} : { heldUntil: new Date(seoul(until)).toISOString() }
    expect(now.body).toEqual({ id: expect.any(String), status: 'accepted', ...heldUntil })
    // The same for a message that asks for that time.
    world.clock.now = at - 3_600_000 * 20
    await world.post({ text: adText, ttl: 60, sendAt: new Date(at).toISOString() })
    const sendAt = until === undefined ? undefined : seoul(until)
    const [first, second] = sent(world)
    expect(first).toMatchObject({ adNight: 'hold', purpose: 'ad', expiresAt: (sendAt ?? at) + 60_000 })
    expect(first?.sendAt).toBe(sendAt)
    expect(second).toMatchObject({ sendAt: sendAt ?? at, expiresAt: (sendAt ?? at) + 60_000 })
  })

  it('is refused or sent at night as its customer has chosen, and the choice goes with it', async () => {
    const world = await start({ ...registered, adNight: 'refuse', destinations: ['+82', '+1'] }, { ledger: opted() })
    world.clock.now = seoul('2026-11-23T23:00')
    expect(said(await world.post({ text: adText }))).toMatch(/^422 ad-at-night \/purpose advertising is not sent from 21:00/)
    expect(said(await world.post({ text: adText, sendAt: '2026-11-24T03:00:00+09:00' }))).toMatch(/^422 ad-at-night \/sendAt /)
    expect(said(await world.post({ text: adText, sendAt: '2026-11-24T08:00:00+09:00' }))).toBe('202')
    // The night is that of recipients in Korea, and only advertising has one.
    expect(said(await world.post({ text: 'Half price', purpose: 'ad', to: '+12025550123' }))).toBe('202')
    expect(said(await world.post({ purpose: 'auth' }))).toBe('202')
    await world.setSending({ ...registered, adNight: 'consent' })
    expect(said(await world.post({ text: adText }))).toBe('202')
    expect(sent(world).map(({ adNight }) => adNight)).toEqual(['refuse', undefined, undefined, 'consent'])
  })

  it('that would be held for too long is refused', async () => {
    const world = await start(registered, { ledger: opted() })
    expect(said(await world.post({ text: adText, sendAt: '2026-12-23T08:00:00+09:00' }))).toBe('202')
    world.clock.now = seoul('2026-11-23T22:00')
    expect(said(await world.post({ text: adText, sendAt: '2026-12-23T22:00:00+09:00' }))).toMatch(
      /^400 invalid-request \/sendAt /,
    )
  })

  it('is not sent to those who opted out of it', async () => {
    const world = await start(registered, { ledger: opted('+821000000001') })
    const out = { ...message, to: '010-0000-0001' }
    const ad = { ...out, text: adText }
    expect(rowsOf(await world.batch([ad, out, { ...ad, to: message.to }]))).toEqual([
      'recipient-suppressed /to',
      'accepted',
      'accepted',
    ])
    expect(
      said(await world.call('/v1.0/messages', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ad })),
    ).toMatch(/^422 recipient-suppressed \/to /)
    expect(await world.left()).toEqual({ day: 998 })
  })

  it('is not sent while it cannot be learnt who opted out, and takes nothing', async () => {
    const away = new Problem('ledger-unavailable', 'away', { retryAfterMs: 2000 })
    const world = await start(registered, { ledger: { ...absentLedger, suppressed: () => Promise.reject(away) } })
    const answer = await world.batch([message, { ...message, text: adText }])
    expect(said(answer)).toMatch(/^503 ledger-unavailable/)
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(said(await world.batch([message]))).toBe('202')
    expect(await world.left()).toEqual({ day: 999 })
  })
})

describe('variables', () => {
  it('are in place before a text is measured, and with the defaults of a batch', async () => {
    const world = await start()
    const { from, to } = message
    const rows = [
      { to, variables: { name: '가나다' } },
      { to, variables: { name: '가'.repeat(50) } },
      { to, variables: { nam: 'x' } },
      { to, text: '{{name}}' },
    ]
    const answer = await world.batch(rows, {}, { defaults: { from, text: '{{name}}님' } })
    expect(rowsOf(answer)).toEqual(['accepted', 'accepted', 'invalid-request /text', 'accepted'])
    expect(sent(world).map(({ text, type }) => `${type} ${text.slice(0, 8)}`)).toEqual([
      'sms 가나다님',
      'lms 가가가가가가가가',
      'sms {{name}}',
    ])
  })

  it('do not change the id of a message with a key, which is that of its content', async () => {
    const world = await start()
    const first = await world.post({ key: 'k', text: '안녕 {{name}}', variables: { name: '가나다' } })
    const second = await world.post({ key: 'k', text: '안녕 가나다' })
    expect(first.status).toBe(202)
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(sent(world)).toHaveLength(1)
  })
})

describe('the hash of a recipient', () => {
  it('goes with each message, and is left out without a master key', async () => {
    const masterKeys = masterKeysFrom(Buffer.alloc(32, 7).toString('base64'))
    const world = await start(registered, { masterKeys })
    await world.post()
    const owner = { customer: world.customer, environment: 'live' as const }
    expect(sent(world)[0]?.recipientHash).toBe(recipientHash(recipientKeys(masterKeys).current, owner, '+821012345678'))
    const plain = await start()
    await plain.post()
    expect(sent(plain)[0]).not.toHaveProperty('recipientHash')
  })
})

describe('an alimtalk', () => {
  const { from: _from, ...rest } = message
  const kakao = {
    ...rest,
    type: 'alimtalk',
    profile: '@가나다몰',
    template: 'ORDER_1',
    text: '#{이름}님 🎉\uffff',
    variables: { 이름: '홍' },
  }
  const fallback = { from: '1588-1234', text: '홍님', subject: '주문' }
  const prices = { name: 'p', types: { alimtalk: 1, lms: 3 }, destinations: [] }
  const policy: SendingSettings = { ...registered, alimtalkProfiles: ['@가나다몰'], prices }

  it('needs a registered channel and a registered sender of its fallback, and nothing is taken otherwise', async () => {
    const world = await start(policy)
    const rows = [
      { ...kakao, profile: '@other' },
      { ...kakao, fallback: { ...fallback, from: '02-123-4567' } },
      { ...kakao, purpose: 'ad' },
      { ...kakao, variables: {} },
    ]
    const none = await world.batch(rows)
    expect(said(none)).toMatch(/^400 invalid-request \/messages\/0\/profile @other is not among your registered Kakao channels/)
    expect(await world.left()).toEqual({ day: 1000 })
    expect(rowsOf(await world.batch([...rows, kakao]))).toEqual([
      'profile-not-registered /profile',
      'sender-not-registered /fallback/from',
      'invalid-request /purpose',
      'invalid-request /text',
      'accepted',
    ])
    expect(await world.left()).toEqual({ day: 999 })
    const without = await start(registered)
    expect(said(await without.batch([kakao]))).toMatch(/^403 profile-not-registered /)
    expect(await without.left()).toEqual({ day: 1000 })
  })

  it('takes the units of the dearest type that it may be delivered as, and reaches the worker whole', async () => {
    const world = await start(policy)
    const answer = await world.batch([
      kakao,
      { ...kakao, fallback },
      { ...kakao, fallback: { ...fallback, type: 'sms', subject: undefined } },
    ])
    expect(Object(answer.body)).toMatchObject({ accepted: 3, units: 5, results: [{}, { units: 3 }, {}] })
    expect(await world.left()).toEqual({ day: 995 })
    const [plain, whole] = sent(world)
    expect(plain).toMatchObject({
      type: 'alimtalk',
      text: '홍님 🎉\uffff',
      alimtalk: { profile: '@가나다몰', template: 'ORDER_1' },
    })
    expect(plain).not.toHaveProperty('from')
    expect(whole).toMatchObject({
      units: 3,
      from: '+8215881234',
      alimtalk: { fallback: { type: 'lms', text: '홍님', subject: '주문' } },
    })
  })
})
