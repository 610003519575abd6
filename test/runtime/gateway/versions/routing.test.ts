import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { orderTargets } from '../../../../src/domain/route.ts'
import { removeRoute, setRoute } from '../../../../src/operations/customers/index.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { uniqueName } from '../../../support/names.ts'
import { type Sqs, startSqs, testQueue } from '../../../support/sqs.ts'
import { type SqsProxy, startSqsProxy } from '../../../support/sqs-proxy.ts'
import { authorization, message, startWorld, type World } from '../../../support/world.ts'

let sqs: Sqs
let proxy: SqsProxy
beforeAll(async () => {
  sqs = await startSqs(['a', 'b', 'c', testQueue])
  proxy = await startSqsProxy(sqs.port)
})
afterEach(() => proxy.fail('SendMessageBatch', undefined))
afterAll(async () => {
  await proxy.close()
  await sqs.stop()
})

const wish = (targets: readonly string[]) => ({ api: 'messages', environment: 'live', targets }) as const
const counts = ({ customer }: World) => ['a', 'b', 'c'].map((queue) => sqs.messages(queue, customer).length)

describe.each(['SQLite', 'Redis'])('a route, with %s', (engine) => {
  const start = (route: string | null) =>
    startWorld({ endpoint: proxy.endpoint, route, ...(engine === 'Redis' && { registry: `${inject('redis')}/7` }) })

  it('of the customer takes precedence over the default, which serves customers without one, from the next call', async () => {
    const world = await start(null)
    expectProblem(await world.post(), 'route-missing', world)
    await setRoute(world.context, undefined, wish(['a']))
    const key = { 'idempotency-key': uniqueName('key') }
    const first = await world.post({}, key)
    expect(first.status).toBe(202)
    expect((await world.post({}, key)).body).toEqual(first.body)
    await setRoute(world.context, world.customer, wish(['b']))
    await world.post()
    await removeRoute(world.context, world.customer, 'messages', 'live')
    await setRoute(world.context, undefined, wish(['c']))
    await world.post()
    await removeRoute(world.context, undefined, 'messages', 'live')
    expectProblem(await world.post(), 'route-missing', world)
    expect(counts(world)).toEqual([1, 1, 1])
    expect(await world.left()).toEqual({ day: 997 })
    const words = (await world.registry.history(undefined, 20)).filter(({ customer }) => customer === '*').map(({ what }) => what)
    expect(words.slice(0, 3)).toEqual(['route live messages: removed', 'route live messages: c', 'route live messages: a'])
  })

  it('falls through to the next queue when one refuses, and takes one unit', async () => {
    const world = await start('a')
    await setRoute(world.context, world.customer, wish(['gone', 'b*0', 'c@2']))
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.post()))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(202))
    expect(counts(world)).toEqual([0, 20, 0])
    expect(await world.left()).toEqual({ day: 980 })
    await setRoute(world.context, world.customer, wish(['gone', 'gone-too', 'c@2']))
    expect((await world.post()).status).toBe(202)
    await setRoute(world.context, world.customer, wish(['gone', 'gone-too']))
    expectProblem(await world.post(), 'queue-unavailable', world)
    expect(await world.left()).toEqual({ day: 979 })
    expect(counts(world)).toEqual([0, 20, 1])
  })
})

it('distributes the calls by weight, and a repeated message always takes the same route', () => {
  const targets = [
    { queue: 'a', weight: 3, order: 1 },
    { queue: 'b', weight: 1, order: 1 },
    { queue: 'z', weight: 0, order: 1 },
    { queue: 'c', weight: 1, order: 2 },
  ]
  const firsts = Array.from({ length: 1000 }, (_, at) => orderTargets(targets, at / 1000)[0])
  expect([firsts.filter((queue) => queue === 'a').length, firsts.filter((queue) => queue === 'b').length]).toEqual([750, 250])
  expect(orderTargets(targets, 0.1)).toEqual(['a', 'b', 'z', 'c'])
  expect(orderTargets(targets, 0.8)).toEqual(['b', 'z', 'a', 'c'])
  expect(orderTargets([{ queue: 'a', weight: 0, order: 5 }], 0.99)).toEqual(['a'])
})

describe('the test environment', () => {
  const test = (world: World, to: string) =>
    world.call('/test/v1.0/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: authorization(world.test.basic) },
      body: { ...message, to },
    })

  it('refuses a number that ends in 0006, and takes no unit', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    expectProblem(await test(world, '010-1234-0006'), 'queue-unavailable', world)
    expect(sqs.messages(testQueue, world.customer)).toEqual([])
    const headers = { authorization: authorization(world.test.basic) }
    expect((await world.call('/test/v1.0/quota', { headers })).body).toMatchObject({ limits: { day: { remaining: 1000 } } })
  })

  it('accepts a number that ends in 0005, and then cuts the connection', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint })
    await expect(test(world, '010-1234-0005')).rejects.toThrow()
    expect(sqs.messages(testQueue, world.customer)).toHaveLength(1)
  })

  it('does neither in the live environment', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, route: 'a' })
    for (const to of ['010-1234-0005', '010-1234-0006']) expect((await world.post({ to })).status).toBe(202)
  })
})
