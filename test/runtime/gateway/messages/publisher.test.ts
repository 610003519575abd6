import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Envelope, envelope, type Message } from '../../../../src/domain/message.ts'
import { createPublisher } from '../../../../src/runtime/gateway/messages/publisher.ts'
import type { Queue } from '../../../../src/runtime/ports/index.ts'
import { messageWith } from '../../../support/databases.ts'

/** A queue that records its requests and gives scripted answers. */
function recording(answer: (bodies: readonly string[]) => Promise<readonly (true | Error)[]> = async (b) => b.map(() => true)) {
  const requests: Envelope[][] = []
  const sizes: number[][] = []
  let atOnce = 0
  let most = 0
  const queue: Pick<Queue, 'sendBatch'> = {
    sendBatch: async (_name, bodies) => {
      requests.push(bodies.map((body) => envelope.parse(JSON.parse(body))))
      sizes.push(bodies.map((body) => Buffer.byteLength(body)))
      atOnce += 1
      most = Math.max(most, atOnce)
      await sleep(5)
      atOnce -= 1
      return answer(bodies)
    },
  }
  return { queue, requests, sizes, most: () => most, sent: () => requests.flat().flatMap((one) => one.messages) }
}

const call = (messages: readonly Message[], customer = 'acme', queue = 'carrier-a') =>
  ({ queue, customer, environment: 'live', messages }) as const

describe('a publisher', () => {
  it('packs concurrent calls into shared requests, and those of one customer into one envelope', async () => {
    const to = recording()
    const publisher = createPublisher(to.queue)
    const calls = Array.from({ length: 200 }, (_, i) => publisher.publish(call([messageWith()], i % 2 === 0 ? 'one' : 'two')))
    expect((await Promise.all(calls)).flat()).toEqual(Array(200).fill(true))
    expect(to.requests).toHaveLength(1)
    expect(to.requests[0]?.map(({ customer, messages }) => [customer, messages.length])).toEqual([
      ['one', 100],
      ['two', 100],
    ])
  })

  it('collects messages for the next requests while others are in progress, with a limit on both', async () => {
    const to = recording()
    const publisher = createPublisher(to.queue, { inFlight: 2, lingerMs: 1 })
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) {
      calls.push(publisher.publish(call([messageWith()])))
      await sleep(1)
    }
    await Promise.all(calls)
    expect(to.most()).toBeLessThanOrEqual(2)
    expect(to.requests.length).toBeLessThan(50)
    expect(new Set(to.sent().map(({ id }) => id)).size).toBe(50)
  })

  it('reports to each call the results of its own messages', async () => {
    const refused = new Error('no')
    const to = recording(async (bodies) => bodies.map((body) => (body.includes('"customer":"two"') ? refused : true)))
    const publisher = createPublisher(to.queue)
    const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((c) => publisher.publish(call([messageWith()], c))))
    expect([one, two, three]).toEqual([[true], [refused], [true]])
    expect(publisher.rests('carrier-a')).toBe(true)
    expect(publisher.rests('carrier-b')).toBe(false)
  })

  it('fails all calls of a failed request, and continues with the next request', async () => {
    let fail = true
    const to = recording(async (bodies) => {
      if (fail) throw new Error('gone')
      return bodies.map(() => true)
    })
    const publisher = createPublisher(to.queue)
    const lost = await Promise.all([1, 2].map(() => publisher.publish(call([messageWith()]))))
    expect(lost.flat()).toEqual([new Error('gone'), new Error('gone')])
    fail = false
    expect(await publisher.publish(call([messageWith()]))).toEqual([true])
  })

  it('refuses further calls while too many messages wait, and accepts calls again afterwards', async () => {
    const to = recording()
    const publisher = createPublisher(to.queue, { waitingBytes: 1_000 })
    const first = publisher.publish(call([messageWith({ text: 'a'.repeat(700) })]))
    await expect(publisher.publish(call([messageWith({ text: 'b'.repeat(700) })]))).rejects.toMatchObject({
      code: 'queue-unavailable',
      retryAfterMs: 1000,
    })
    await first
    expect(await publisher.publish(call([messageWith({ text: 'b'.repeat(700) })]))).toEqual([true])
  })

  it('never mixes customers, environments or queues, keeps envelopes below 60 KB and requests below 256 KB', async () => {
    const text = fc.integer({ min: 1, max: 2000 }).map((length) => '가'.repeat(length))
    const publication = fc.record({
      customer: fc.constantFrom('one', 'two', 'three'),
      environment: fc.constantFrom('live' as const, 'test' as const),
      queue: fc.constantFrom('a', 'b'),
      texts: fc.array(text, { minLength: 1, maxLength: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(publication, { maxLength: 12 }), async (publications) => {
        const to = recording()
        const publisher = createPublisher(to.queue)
        const asked = publications.map(({ texts, ...rest }) => ({
          ...rest,
          messages: texts.map((one) => messageWith({ text: one })),
        }))
        const answers = await Promise.all(asked.map((one) => publisher.publish(one)))
        expect(answers.flat().every((result) => result === true)).toBe(true)
        const owned = (customer: string, environment: string, route: string, { id }: Message) =>
          [customer, environment, route, id].join()
        const sent = to.requests.flat().flatMap((e) => e.messages.map((m) => owned(e.customer, e.environment, e.route, m)))
        const wanted = asked.flatMap((p) => p.messages.map((m) => owned(p.customer, p.environment, p.queue, m)))
        expect(sent.sort()).toEqual(wanted.sort())
        for (const size of to.sizes.flat()) expect(size).toBeLessThanOrEqual(61_440)
        for (const batch of to.sizes) {
          expect(batch.length).toBeLessThanOrEqual(10)
          expect(batch.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(262_144)
        }
      }),
      { numRuns: 30 },
    )
  })
})
