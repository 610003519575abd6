import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ApiProblemCode } from '../../../../src/domain/problem.ts'
import { masterKeysFrom } from '../../../../src/domain/seal.ts'
import { type Dynamo, startDynamo } from '../../../support/dynamodb.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { type Sqs, startSqs } from '../../../support/sqs.ts'
import { authorization, noon, startWorld, type World } from '../../../support/world.ts'

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

const masterKeys = masterKeysFrom(Buffer.alloc(32, 7).toString('base64'))
const path = '/v1.0/suppressions'
const start = (more: Partial<Parameters<typeof startWorld>[0]> = {}) =>
  startWorld({ endpoint: sqs.endpoint, ledger: dynamo.open(() => noon), masterKeys, ...more })

interface Row {
  index: number
  status: string
  number?: string
  problem?: unknown
}
const change = (world: World, method: 'POST' | 'DELETE', body: unknown, headers: Record<string, string> = {}) =>
  world.call(path, { method, headers: { 'content-type': 'application/json', ...headers }, body })
async function results(world: World, method: 'POST' | 'DELETE', numbers: unknown[], more = {}): Promise<Row[]> {
  const { status, body } = await change(world, method, { numbers, ...more })
  expect(status).toBe(200)
  return (body as { results: Row[] }).results
}
async function listed(world: World, query = ''): Promise<{ suppressions: { number: string }[]; cursor?: string }> {
  return (await world.call(`${path}${query}`)).body as { suppressions: { number: string }[]; cursor?: string }
}

it('adds, lists and removes opt-outs row by row, as often as it is asked', async () => {
  const world = await start()
  const numbers = ['010-1234-5678', '+82 10 1234 5679', '01012345678', '02', 7, null, '+12025550123']
  const statuses = (rows: Row[]) => rows.map(({ status }) => status)
  const first = await results(world, 'POST', numbers, { source: '080 call', note: 'spring sale' })
  expect(statuses(first)).toEqual(['added', 'added', 'present', 'invalid', 'invalid', 'invalid', 'added'])
  expect(first[0]).toEqual({ index: 0, number: '+821012345678', status: 'added' })
  expect(first[3]).toMatchObject({ index: 3, problem: { code: 'invalid-request', pointer: '/numbers/3' } })
  expect(statuses(await results(world, 'POST', numbers, { source: 'later' }))).toEqual([
    'present',
    'present',
    'present',
    'invalid',
    'invalid',
    'invalid',
    'present',
  ])
  expect((await listed(world)).suppressions[1]).toEqual({
    number: '+821012345678',
    at: '2026-11-23T03:00:00.000Z',
    source: '080 call',
    note: 'spring sale',
  })
  const page = await listed(world, '?limit=2')
  expect(page.suppressions.map(({ number }) => number)).toEqual(['+12025550123', '+821012345678'])
  expect(await listed(world, `?limit=2&cursor=${page.cursor}`)).toMatchObject({ suppressions: [{ number: '+821012345679' }] })
  const gone = await results(world, 'DELETE', ['+821012345678', '010-1234-5678', '010', '010-9999-9999'])
  expect(statuses(gone)).toEqual(['removed', 'absent', 'invalid', 'absent'])
  expect(statuses(await results(world, 'DELETE', ['010-1234-5678']))).toEqual(['absent'])
  expect((await listed(world)).suppressions).toHaveLength(2)
})

it('keeps customers and environments apart', async () => {
  const [world, other] = [await start(), await start()]
  await results(world, 'POST', ['010-1234-5678'])
  expect(await results(other, 'DELETE', ['010-1234-5678'])).toMatchObject([{ status: 'absent' }])
  expect(await listed(other)).toEqual({ suppressions: [] })
  const test = await world.call(`/test${path}`, { headers: { authorization: authorization(world.test.basic) } })
  expect(test.body).toEqual({ suppressions: [] })
  await results(world, 'POST', ['010-1234-5679'])
  const { cursor } = await listed(world, '?limit=1')
  await expectProblem(await other.call(`${path}?cursor=${cursor}`), 'cursor-invalid')
  await expectProblem(await world.call(`/v1.0/messages?ref=a&cursor=${cursor}`), 'cursor-invalid')
})

it('takes a thousand numbers, at a bounded number of requests to the ledger', async () => {
  const world = await start()
  const numbers = Array.from({ length: 1_000 }, (_, index) => `+8210${20_000_000 + index}`)
  // 50, 10 and 50 where none is repeated.
  for (const [method, status, most] of [
    ['POST', 'added', 200],
    ['POST', 'present', 40],
    ['DELETE', 'removed', 200],
  ] as const) {
    const count = () => [...dynamo.seen.values()].reduce((sum, one) => sum + one, 0)
    const before = count()
    const rows = await results(world, method, numbers)
    expect(new Set(rows.map((row) => row.status))).toEqual(new Set([status]))
    expect(count() - before).toBeLessThanOrEqual(most)
  }
  await expectProblem(await change(world, 'POST', { numbers: [...numbers, '010-1234-5678'] }), 'invalid-request')
})

it.each<[string, unknown, ApiProblemCode]>([
  ['no numbers', {}, 'invalid-request'],
  ['an empty list', { numbers: [] }, 'invalid-request'],
  ['a number instead of a list', { numbers: '010-1234-5678' }, 'invalid-request'],
  ['an unknown field', { numbers: ['010-1234-5678'], expires: 1 }, 'invalid-request'],
  ['a note that is too long, or not known', { numbers: ['010-1234-5678'], note: 'a'.repeat(201) }, 'invalid-request'],
  ['a source that is too long, or not known', { numbers: ['010-1234-5678'], source: 'a'.repeat(65) }, 'invalid-request'],
  ['no object', ['010-1234-5678'], 'invalid-request'],
  ['more than the longest body', { numbers: ['1'.repeat(70_000)] }, 'body-too-large'],
])('refuses %s, to add and to remove', async (_, body, code) => {
  const world = await start()
  await expectProblem(await change(world, 'POST', body), code)
  await expectProblem(await change(world, 'DELETE', body), code)
  expect(await listed(world)).toEqual({ suppressions: [] })
})

it.each(['limit=0', 'limit=501', 'limit=1e2', 'number=1', 'limit=1&limit=2', 'cursor='])(
  'refuses a list with %s',
  async (query) => {
    const answer = await (await start()).call(`${path}?${query}`)
    await expectProblem(answer, query === 'cursor=' ? 'cursor-invalid' : 'invalid-request')
  },
)

it('is refused like any call: credentials, rates, and a ledger that is missing', async () => {
  const world = await start({ readLimits: { uploadsPerSecond: 1, uploadBurst: 1, readsPerSecond: 1, readBurst: 1 } })
  const body = { numbers: ['010-1234-5678'] }
  await expectProblem(await change(world, 'DELETE', body, { authorization: 'Basic YQ==' }), 'credentials-invalid')
  await results(world, 'POST', body.numbers)
  await expectProblem(await change(world, 'DELETE', body), 'read-rate-exceeded')
  await listed(world)
  await expectProblem(await world.call(path), 'read-rate-exceeded')
  await expectProblem(await change(await start({ ledger: undefined }), 'POST', body), 'ledger-unavailable')
})
