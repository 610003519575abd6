import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { setQuota } from '../../../../src/operations/customers/index.ts'
import { expectProblem } from '../../../support/expect-problem.ts'
import { liveQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { startWorld } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

describe.each(['SQLite', 'Redis'])('429 with %s', (engine) => {
  const registry = engine === 'Redis' ? { registry: inject('redis') } : {}

  it('says when the rate limit allows the next message', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry, quota: { rate: 0.5, burst: 2, day: 100 } })
    expect((await world.post()).status).toBe(202)
    expect((await world.post()).status).toBe(202)
    const answer = await world.post()
    expectProblem(answer, 'rate-exceeded', world)
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(answer.headers.get('ratelimit-policy')).toBe('"rate";q=2;w=4, "day";q=100;w=86400')
    expect(answer.headers.get('ratelimit')).toBe('"rate";r=0;t=4, "day";r=98;t=43200')
    world.clock.now += 1999
    expectProblem(await world.post(), 'rate-exceeded', world)
    world.clock.now += 1
    expect((await world.post()).status).toBe(202)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(3)
  })

  it('says when the day ends in the time zone of the customer', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry, quota: { day: 1, month: 100 } })
    expect((await world.post()).status).toBe(202)
    const answer = await world.post()
    expectProblem(answer, 'day-quota-exceeded', world)
    expect(answer.headers.get('retry-after')).toBe('43200')
    expect(answer.headers.get('ratelimit-policy')).toBe('"day";q=1;w=86400, "month";q=100;w=2592000')
    expect(answer.headers.get('ratelimit')).toBe('"day";r=0;t=43200, "month";r=99;t=648000')
    world.clock.now += 43_200_000
    expect((await world.post()).status).toBe(202)
  })

  it('says when the month ends, and takes nothing meanwhile', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry, quota: { day: 100, month: 2 } })
    await world.post()
    await world.post()
    const answer = await world.post()
    expectProblem(answer, 'month-quota-exceeded', world)
    expect(answer.headers.get('retry-after')).toBe('648000')
    expect(answer.headers.get('ratelimit')).toBe('"day";r=98;t=43200, "month";r=0;t=648000')
    expect(await world.left()).toEqual({ day: 98, month: 0 })
    await setQuota(world.context, world.customer, 'live', { month: 3 })
    expect((await world.post()).status).toBe(202)
    expect(sqs.envelopes(liveQueue, world.customer)).toHaveLength(3)
  })

  it('accepts no more than the limit among many concurrent calls', async () => {
    const world = await startWorld({ endpoint: sqs.endpoint, ...registry, quota: { day: 7 } })
    const answers = await Promise.all(Array.from({ length: 40 }, () => world.post()))
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(7)
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(33)
    expect(sqs.messages(liveQueue, world.customer)).toHaveLength(7)
  })
})
