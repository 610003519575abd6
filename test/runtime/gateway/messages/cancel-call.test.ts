import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomId } from '../../../../src/domain/ids.ts'
import type { Ledger } from '../../../../src/runtime/ports/index.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { type Sqs, startSqs } from '../../../support/sqs.ts'
import { until } from '../../../support/until.ts'
import { authorization, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
let dynamo: Dynamo
let ledger: Ledger
beforeAll(async () => {
  sqs = await startSqs()
  dynamo = await startDynamo()
  ledger = dynamo.open()
})
afterAll(async () => {
  await dynamo.stop()
  await sqs.stop()
})

const day = 86_400_000
const ownerOf = ({ customer }: World) => ({ customer, environment: 'live' }) as const
const usedBy = async ({ registry, customer }: World) => (await registry.usage(customer, 'live')).usage.dayUsed

async function sentLater() {
  const world = await startWorld({ endpoint: sqs.endpoint, ledger })
  const answer = await world.post({ sendAt: new Date(world.clock.now + day).toISOString(), ref: 'r-1' })
  expect(answer.status).toBe(202)
  const id = String(answer.body.id)
  const acceptedAt = world.clock.now
  const note = () => ledger.queued(ownerOf(world), [{ id, ref: 'r-1', at: 1, acceptedAt, units: 1, heldUntil: acceptedAt + day }])
  const cancel = (of = id) => world.call(`/v1.0/messages/${of}`, { method: 'DELETE' })
  return { world, id, note, cancel }
}

it('a message is cancelled once the worker holds it: its unit comes back, and the answer is the same again', async () => {
  const { world, id, note, cancel } = await sentLater()
  expectProblem(await cancel(), 'message-unknown', world)
  await note()
  expect((await world.call(`/v1.0/messages/${id}`)).body).toMatchObject({ status: 'scheduled' })
  expect(await usedBy(world)).toBe(1)
  const first = await cancel()
  expect(first).toMatchObject({ status: 200, body: { id, ref: 'r-1', status: 'cancelled' } })
  expect((await cancel()).body).toEqual(first.body)
  expect(await usedBy(world)).toBe(0)
  expect((await world.call(`/v1.0/messages/${id}`)).body).toEqual(first.body)
  expect((await world.call('/v1.0/reports')).body).toMatchObject({ reports: [{ id, status: 'cancelled' }] })
  expectProblem(await cancel(randomId()), 'message-unknown', world)
  expectProblem(await world.call('/v1.0/messages/nonsense', { method: 'DELETE' }), 'invalid-request', world)
})

it('a message of a different customer or environment is not known, and stays as it is', async () => {
  const [{ world, id, note }, { world: other }] = [await sentLater(), await sentLater()]
  await note()
  expectProblem(await other.call(`/v1.0/messages/${id}`, { method: 'DELETE' }), 'message-unknown', other)
  const test = { authorization: authorization(world.test.basic) }
  expectProblem(await world.call(`/test/v1.0/messages/${id}`, { method: 'DELETE', headers: test }), 'message-unknown', world)
  const wrong = { authorization: 'Basic YQ==' }
  expectProblem(await world.call(`/v1.0/messages/${id}`, { method: 'DELETE', headers: wrong }), 'credentials-invalid', world)
  expect((await world.call(`/v1.0/messages/${id}`)).body).toMatchObject({ status: 'scheduled' })
  expect([await usedBy(world), await usedBy(other)]).toEqual([1, 1])
})

it.each(['%00', 'a'.repeat(2_000), '7zq4m8k2x1v9b3n5c6d0f8g2ha', '7ZQ4M8K2X1V9B3N5C6D0F8G2HA%23live'])(
  'the id "%s" is refused',
  async (id) => {
    const { world } = await sentLater()
    expectProblem(await world.call(`/v1.0/messages/${id}`, { method: 'DELETE' }), 'invalid-request', world)
  },
)

it('many who cancel at once get one answer, and its unit comes back once', async () => {
  const { world, note, cancel } = await sentLater()
  await note()
  const answers = await Promise.all(Array.from({ length: 8 }, () => cancel()))
  expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
  expect(await usedBy(world)).toBe(0)
  expect((await world.registry.usage(world.customer, 'live')).usage.monthUsed).toBe(0)
})

it('a message that was released is not cancelled', async () => {
  const { world, id, note, cancel } = await sentLater()
  await note()
  await ledger.decisions.decide(ownerOf(world), { id, until: 0 }, { kind: 'released' })
  expectProblem(await cancel(), 'message-released', world)
  expect(await usedBy(world)).toBe(1)
})

it('what the worker refused is paid when its customer reads the report', async () => {
  const { world, id, note } = await sentLater()
  await note()
  await ledger.decisions.owe(ownerOf(world), [{ id, units: 1, acceptedAt: world.clock.now }])
  await ledger.decisions.decide(ownerOf(world), { id, until: 0 }, { kind: 'refused', code: 'recipient-suppressed' })
  await ledger.append(ownerOf(world), [{ id, status: 'failed', code: 'recipient-suppressed', at: 1 }])
  expect((await world.call('/v1.0/reports')).body).toMatchObject({
    reports: [{ status: 'failed', code: 'recipient-suppressed' }],
  })
  await until(async () => (await usedBy(world)) === 0)
  await world.call('/v1.0/reports')
  expect(await usedBy(world)).toBe(0)
})
