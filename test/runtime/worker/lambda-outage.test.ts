import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase, type Queue } from '../../../src/runtime/ports/index.ts'
import type { WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { freshHandler, type SqsEvent } from '../../../src/runtime/worker/lambda.ts'
import { carrierA, engines, envelopeOf, idsIn, messageWith } from '../../support/databases.ts'
import { uniqueName } from '../../support/names.ts'
import { openTestQueue, type Sqs, startSqs } from '../../support/sqs.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs([])
})
afterAll(() => sqs.stop())

const { table } = carrierA
const servers = engines.filter(({ engine }) => engine !== 'SQLite')

/** The redrive policy of the stack, and a visibility timeout of a second. */
function newQueue(): string {
  const template = readFileSync(join(import.meta.dirname, '../../../templates/stacks/data.yaml'), 'utf8')
  const maxReceiveCount = Number(/maxReceiveCount: (\d+)/.exec(template)?.[1])
  const name = uniqueName('carrier')
  const { queueArn: deadLetterTargetArn } = sqs.server.createQueue(`${name}-dlq`)
  sqs.createQueue(name, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }), VisibilityTimeout: '1' })
  return name
}

/** What Lambda does with a queue: it invokes the function, and deletes what the function does not name as failed. */
function triggered(
  queue: Queue,
  name: string,
  handle: (event: SqsEvent) => Promise<{ batchItemFailures: readonly { itemIdentifier: string }[] }>,
) {
  let maxReceives = 0
  const once = async (): Promise<void> => {
    const received = await queue.receive(name, { most: 10, waitSeconds: 0 })
    if (received.length === 0) return sleep(50)
    maxReceives = Math.max(maxReceives, ...received.map(({ receiveCount }) => receiveCount))
    const Records = received.map(({ id, receipt, body, receiveCount, sentAt }) => ({
      messageId: id,
      receiptHandle: receipt,
      body,
      eventSourceARN: `arn:aws:sqs:ap-northeast-2:123456789012:${name}`,
      attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) },
    }))
    // An error of the function returns the whole batch.
    const kept = await handle({ Records }).then(
      ({ batchItemFailures }) => new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)),
      () => new Set(received.map(({ id }) => id)),
    )
    const done = received.filter(({ id }) => !kept.has(id)).map(({ receipt }) => receipt)
    if (done.length > 0) await queue.delete(name, done)
  }
  return { once, maxReceives: () => maxReceives }
}

describe.each(servers)('the worker function during an outage of $engine', ({ create }) => {
  it.each(['that begins while it runs', 'that was there before its first start'])(
    '%s loses nothing, and moves nothing to the dead letters',
    { timeout: 120_000 },
    async (when) => {
      const test = await create()
      await (await test.open()).migrate([carrierA])
      const url = new URL(test.address)
      const proxy = await startTcpProxy(Number(url.port))
      onTestFinished(() => proxy.close())
      url.port = String(proxy.port)
      const name = newQueue()
      const queue = openTestQueue(`http://127.0.0.1:${sqs.port}`)
      onTestFinished(() => queue.close())
      const events: WorkerEvent[] = []
      const handle = freshHandler({
        open: async () => {
          const database = await openDatabase(url.href, { connections: 1, timeoutMs: 2_000 })
          onTestFinished(() => void database.close().catch(() => undefined))
          // As openCarriers does, which fails where the database is away.
          await database.pending()
          return { database, carriers: [{ queue: name, table }] }
        },
        queue: () => queue,
        observe: (event) => void events.push(event),
      })
      const trigger = triggered(queue, name, handle)
      const messages = Array.from({ length: 5 }, () => messageWith())
      if (when === 'that begins while it runs') {
        const first = messageWith()
        messages.push(first)
        sqs.server.sendMessage(name, envelopeOf(name, [first]))
        await until(async () => {
          await trigger.once()
          return events.some(({ kind }) => kind === 'flushed')
        })
      }
      proxy.set('refuse')
      for (const one of messages.slice(0, 5)) sqs.server.sendMessage(name, envelopeOf(name, [one]))
      // More receives than the worker allows for what it cannot read.
      await until(async () => {
        await trigger.once()
        return trigger.maxReceives() > 6 || sqs.bodies(`${name}-dlq`).length > 0
      })
      expect(sqs.bodies(`${name}-dlq`)).toEqual([])
      proxy.set('pass')
      await until(async () => {
        await trigger.once()
        return sqs.bodies(name).length === 0
      })
      expect(await idsIn(test, table)).toEqual(messages.map(({ id }) => id).sort())
      expect(sqs.bodies(`${name}-dlq`)).toEqual([])
    },
  )
})
