import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomId } from '../../../../src/domain/ids.ts'
import { recipientHash, recipientKeys } from '../../../../src/domain/recipient-hash.ts'
import { masterKeysFrom } from '../../../../src/domain/seal.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { type Sqs, startSqs } from '../../../support/sqs.ts'
import { noon, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
let dynamo: Dynamo
let world: World
let other: World
const key = (fill: number) => Buffer.alloc(32, fill).toString('base64')
const masterKeys = masterKeysFrom(`${key(7)},${key(6)}`)
const older = masterKeysFrom(key(6))
const number = '+821012345678'
const hour = 3_600_000

beforeAll(async () => {
  sqs = await startSqs()
  dynamo = await startDynamo()
})
afterAll(async () => {
  await sqs.stop()
  await dynamo.stop()
})

async function start(more: Partial<Parameters<typeof startWorld>[0]> = {}): Promise<World> {
  return startWorld({ endpoint: sqs.endpoint, ledger: dynamo.open(() => noon), masterKeys, ...more })
}

/** Notes one message of a customer, as the worker does. */
async function noted({ customer }: World, acceptedAt: number, { ref = 'r-1', keys = masterKeys } = {}): Promise<string> {
  const owner = { customer, environment: 'live' } as const
  const id = randomId()
  const hash = recipientHash(recipientKeys(keys).current, owner, number)
  await dynamo.open(() => noon).queued(owner, [{ id, ref, at: noon, acceptedAt, recipientHash: hash }])
  return id
}

const find = async (query: string, at = world) =>
  (await at.call(`/v1.0/messages?${query}`)).body as { messages: { id: string }[]; cursor?: string }
const idsOf = async (query: string, at = world) => (await find(query, at)).messages.map(({ id }) => id)

describe('GET /v1.0/messages', () => {
  it('finds by ref, by recipient and by the day in the time zone of the customer, with the status of now', async () => {
    ;[world, other] = [await start(), await start()]
    // 23:30 of the day before in Seoul, and 00:30 of the day, which is the same day in UTC.
    const before = await noted(world, Date.parse('2026-11-22T23:30:00+09:00'), { keys: older })
    const after = await noted(world, Date.parse('2026-11-23T00:30:00+09:00'))
    const foreign = await noted(other, noon)
    expect(await idsOf('to=010-1234-5678')).toEqual([after, before])
    expect(await idsOf('to=%2B821012345678')).toEqual([after, before])
    // A plus sign that was not encoded is read as a space.
    expect(await idsOf('to=+821012345678')).toEqual([after, before])
    expect(await idsOf('ref=r-1')).toEqual([after, before])
    expect(await idsOf('ref=r-1&day=2026-11-23')).toEqual([after])
    expect(await idsOf('day=2026-11-22')).toEqual([before])
    expect(await idsOf('day=2026-11-23&status=queued')).toEqual([after])
    expect(await idsOf('day=2026-11-23&status=delivered')).toEqual([])
    expect(await idsOf('ref=r-1', other)).toEqual([foreign])
    await dynamo
      .open(() => noon)
      .append({ customer: world.customer, environment: 'live' }, [{ id: after, status: 'delivered', at: noon }])
    expect(await idsOf('day=2026-11-23&status=delivered')).toEqual([after])
    const first = await find('ref=r-1&limit=1')
    expect(first.messages.map(({ id }) => id)).toEqual([after])
    expect(await idsOf(`ref=r-1&limit=1&cursor=${first.cursor}`)).toEqual([before])
    // A cursor is of one customer and one search.
    await expectProblem(await other.call(`/v1.0/messages?ref=r-1&cursor=${first.cursor}`), 'cursor-invalid')
    await expectProblem(await world.call(`/v1.0/messages?ref=r-2&cursor=${first.cursor}`), 'cursor-invalid')
    await expectProblem(await world.call(`/v1.0/reports?cursor=${first.cursor}`), 'cursor-invalid')
  })

  it.each([
    ['', ''],
    ['status=queued', ''],
    ['to=12', '/to'],
    [`to=${'1'.repeat(40)}`, '/to'],
    ['ref=', '/ref'],
    [`ref=${'a'.repeat(65)}`, '/ref'],
    ['day=2026-02-30', '/day'],
    ['day=20261123', '/day'],
    ['ref=a&status=sent', '/status'],
    ['ref=a&limit=0', '/limit'],
    ['ref=a&limit=101', '/limit'],
    ['ref=a&from=b', '/from'],
    ['ref=a&ref=b', ''],
  ])('refuses "%s"', async (query, place) => {
    const answer = await (await start()).call(`/v1.0/messages?${query}`)
    await expectProblem(answer, 'invalid-request')
    if (place !== '') expect(answer.body).toMatchObject({ errors: [{ pointer: place }] })
  })

  it.each(['0001-01-01', '1969-12-31', '9999-12-31'])('finds nothing on %s', async (day) => {
    expect(await find(`day=${day}`, await start())).toEqual({ messages: [] })
  })

  it('searches no recipient without a master key, whose hashes could be reversed', async () => {
    const plain = await startWorld({ endpoint: sqs.endpoint, ledger: dynamo.open(() => noon) })
    await expectProblem(await plain.call('/v1.0/messages?to=010-1234-5678'), 'invalid-request')
    expect(await find('ref=none', plain)).toEqual({ messages: [] })
  })

  it('takes from the rate of reads, and answers 503 without a ledger', async () => {
    const slow = await start({ readLimits: { readsPerSecond: 1, readBurst: 1 } })
    expect((await slow.call('/v1.0/messages?ref=a')).status).toBe(200)
    await expectProblem(await slow.call('/v1.0/messages?ref=a'), 'read-rate-exceeded')
    const bare = await start({ ledger: undefined })
    await expectProblem(await bare.call('/v1.0/messages?ref=a'), 'ledger-unavailable')
  })

  it('is refused for a customer who may not call, and not for one without a quota', async () => {
    const none = await start({ quota: null })
    expect((await none.call('/v1.0/messages?day=2026-11-23')).status).toBe(200)
    await expectProblem(
      await none.call('/v1.0/messages?ref=a', { headers: { authorization: 'Basic YQ==' } }),
      'credentials-invalid',
    )
  })

  it('reads a bounded number of times', async () => {
    const many = await start()
    const owner = { customer: many.customer, environment: 'live' } as const
    const notes = Array.from({ length: 300 }, (_, index) => ({
      id: randomId(),
      at: noon,
      acceptedAt: noon - (index * hour) / 60,
      ref: 'same',
    }))
    await dynamo.open(() => noon).queued(owner, notes)
    const reads = () => (dynamo.seen.get('Query') ?? 0) + (dynamo.seen.get('BatchGetItem') ?? 0)
    for (const query of ['ref=same&status=failed', 'day=2026-11-23&status=failed', 'ref=same&limit=100']) {
      const before = reads()
      expect((await many.call(`/v1.0/messages?${query}`)).status).toBe(200)
      expect(reads() - before).toBeLessThanOrEqual(64)
    }
  })
})
