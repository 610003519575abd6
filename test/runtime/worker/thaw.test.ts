import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { openDatabase } from '../../../src/runtime/ports/index.ts'
import type { WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { freshHandler } from '../../../src/runtime/worker/lambda.ts'
import { carrierA, engines, envelopeOf, idsIn, messageWith } from '../../support/databases.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

function record(messageId: string, body: string) {
  return {
    messageId,
    receiptHandle: `receipt-${messageId}`,
    body,
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1763870400000' },
    eventSourceARN: `arn:aws:sqs:ap-northeast-2:123456789012:${carrierA.queue}`,
  }
}

const servers = engines.filter(({ engine }) => engine !== 'SQLite')

describe.each(servers)('the worker as a Lambda function that was frozen, over $engine', ({ engine, create }) => {
  async function prepared() {
    const test = await create()
    const migrating = await test.open()
    await migrating.migrate([carrierA])
    const url = new URL(engine === 'MariaDB' ? inject('mariadb') : inject('postgres'))
    const proxy = await startTcpProxy(Number(url.port))
    onTestFinished(() => proxy.close())
    const address = test.address.replace(`:${url.port}/`, `:${proxy.port}/`)
    let opened = 0
    let frozen = false
    const events: WorkerEvent[] = []
    const handle = freshHandler({
      open: async () => {
        opened++
        const database = await openDatabase(address, { connections: 1 })
        onTestFinished(() => void database.close().catch(() => undefined))
        return { database, carriers: [carrierA] }
      },
      observe: (event) => void events.push(event),
      frozen: { begin: () => frozen, end: () => undefined },
    })
    const send = async (): Promise<{ ids: string[]; failures: number }> => {
      const messages = [messageWith(), messageWith()]
      const result = await handle({ Records: messages.map((one) => record(one.id, envelopeOf(carrierA.queue, [one]))) })
      return { ids: messages.map(({ id }) => id), failures: result.batchItemFailures.length }
    }
    return { test, proxy, handle, events, send, opened: () => opened, freeze: () => (frozen = true) }
  }

  it.each(['dropped', 'reset'] as const)('writes its first event even if its connection was %s', async (how) => {
    const { test, proxy, send, opened, freeze } = await prepared()
    const before = await send()
    proxy.forget(how)
    freeze()
    const after = await send()
    expect([before.failures, after.failures]).toEqual([0, 0])
    expect(await idsIn(test, 'carrier_a')).toEqual([...before.ids, ...after.ids].sort())
    expect(opened()).toBe(2)
    await send()
    expect(opened()).toBe(2)
  })

  it('writes an event over another connection of the pool, when the loss shows only on the write', async () => {
    const { test, proxy, send, events, opened } = await prepared()
    const before = await send()
    proxy.forget('reset')
    const after = await send()
    expect(after.failures).toBe(0)
    expect(await idsIn(test, 'carrier_a')).toEqual([...before.ids, ...after.ids].sort())
    expect(events.map(({ kind }) => kind)).toEqual(['flushed', 'flushed'])
    expect(opened()).toBe(1)
  })

  it('returns an event after two tries, and handles the next when the database is back', async () => {
    const { proxy, send, events } = await prepared()
    await send()
    proxy.set('refuse')
    expect((await send()).failures).toBe(2)
    expect(events.filter(({ kind }) => kind === 'failed')).toHaveLength(2)
    proxy.set('pass')
    expect((await send()).failures).toBe(0)
  })
})
