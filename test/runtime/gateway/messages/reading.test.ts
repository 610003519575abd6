import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomId } from '../../../../src/domain/ids.ts'
import type { Report } from '../../../../src/domain/report.ts'
import { revokeKey } from '../../../../src/operations/customers/index.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { type Sqs, startSqs } from '../../../support/sqs.ts'
import { authorization, startWorld } from '../../../support/world.ts'

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

const start = (more: { quota?: null } = {}) => startWorld({ endpoint: sqs.endpoint, ledger: dynamo.open(), ...more })
type World = Awaited<ReturnType<typeof start>>
const owner = ({ customer }: World) => ({ customer, environment: 'live' }) as const
const report = (more: Partial<Report> = {}): Report => ({ id: randomId(), status: 'delivered', at: 1_000, ...more })
const lookup = (world: World, ids: readonly string[]) =>
  world.call('/v1.0/messages/lookup', { method: 'POST', headers: { 'content-type': 'application/json' }, body: { ids } })

describe('the status of a message', () => {
  it('is visible to its own customer only', async () => {
    const [world, other] = [await start(), await start()]
    const one = report({ ref: 'r-1', status: 'failed', code: '4410', channel: 'lms' })
    await dynamo.open().append(owner(world), [one])
    const answer = await world.call(`/v1.0/messages/${one.id}`)
    expect(answer.body).toEqual({
      id: one.id,
      ref: 'r-1',
      status: 'failed',
      code: '4410',
      channel: 'lms',
      at: '1970-01-01T00:00:01.000Z',
    })
    expectProblem(await other.call(`/v1.0/messages/${one.id}`), 'message-unknown', other)
    const headers = { authorization: authorization(world.test.basic) }
    expectProblem(await world.call(`/test/v1.0/messages/${one.id}`, { headers }), 'message-unknown', world)
    expect(world.observations.at(0)?.path).toBe('/v1.0/messages/{id}')
    expect(await world.left()).toEqual({ day: 1000 })
  })

  it('can be looked up for many messages at once', async () => {
    const world = await start()
    const [known, unknown] = [report(), randomId()]
    await dynamo.open().append(owner(world), [known])
    expect((await lookup(world, [unknown, known.id, known.id])).body).toMatchObject({
      messages: [{ id: known.id, status: 'delivered' }],
      unknown: [unknown],
    })
    for (const ids of [[], ['x'], Array.from({ length: 101 }, () => randomId())]) {
      expectProblem(await lookup(world, ids), 'invalid-request', world)
    }
  })

  it.each(['x', '..%2f..%2fetc', '%ff', 'a'.repeat(300)])('of "%s" is a 4xx', async (id) => {
    const world = await start()
    expect([400, 404]).toContain((await world.call(`/v1.0/messages/${id}`)).status)
  })
})

describe('reports', () => {
  it('are read page by page, with a long poll', async () => {
    const world = await start()
    const written = Array.from({ length: 5 }, () => report({ channel: 'alimtalk' }))
    await dynamo.open().append(owner(world), written)
    const first = (await world.call('/v1.0/reports?limit=3')).body
    expect(first).toMatchObject({ more: true, reports: written.slice(0, 3).map(({ id }) => ({ id, channel: 'alimtalk' })) })
    const second = (await world.call(`/v1.0/reports?cursor=${first.cursor}`)).body
    expect(second).toMatchObject({ more: false, reports: written.slice(3).map(({ id }) => ({ id })) })
    const waiting = world.call(`/v1.0/reports?wait=20&cursor=${second.cursor}`)
    const late = report()
    await dynamo.open().append(owner(world), [late])
    expect((await waiting).body).toMatchObject({ reports: [{ id: late.id }] })
  })

  it('can be read without a quota, but not with a revoked key', async () => {
    const world = await start({ quota: null })
    expect((await world.call('/v1.0/reports')).status).toBe(200)
    await revokeKey(world.context, world.customer, world.live.credential.keyId)
    expectProblem(await world.call('/v1.0/reports'), 'key-revoked', world)
    expectProblem(await world.call(`/v1.0/messages/${randomId()}`), 'key-revoked', world)
  })

  it.each([
    ['limit=0', 'invalid-request'],
    ['limit=501', 'invalid-request'],
    ['wait=21', 'invalid-request'],
    ['wait=x', 'invalid-request'],
    ['more=1', 'invalid-request'],
    ['limit=1&limit=2', 'invalid-request'],
    ['cursor=x', 'cursor-invalid'],
  ] as const)('with ?%s are refused', async (query, code) => {
    const world = await start()
    expectProblem(await world.call(`/v1.0/reports?${query}`), code, world)
  })

  it('get 503 without a ledger', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expectProblem(await world.call('/v1.0/reports'), 'ledger-unavailable', world)
  })
})
