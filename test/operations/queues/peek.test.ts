import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmulator } from '../../../src/dev/local/index.ts'
import { peekQueue, redriveQueue } from '../../../src/operations/queues/index.ts'
import { openQueue, type Queue } from '../../../src/runtime/ports/index.ts'
import { envelopeOf, messageWith } from '../../support/databases.ts'
import { againstMoto, hasMoto, startMoto } from '../../support/moto.ts'
import { uniqueName } from '../../support/names.ts'
import { region } from '../../support/sqs.ts'

interface Place {
  readonly endpoint: string
  stop(): Promise<void>
}

async function ask(endpoint: string, action: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AmazonSQS.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/sqs/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`)
  return Object(await response.json())
}

function behaves(start: () => Promise<Place>): void {
  let place: Place
  let queue: Queue
  beforeAll(async () => {
    place = await start()
    queue = openQueue({
      endpoint: place.endpoint,
      region,
      credentials: async () => ({ accessKeyId: 'test', secretAccessKey: 'test' }),
    })
  })
  afterAll(() => place.stop())

  /** A queue with messages and a dead-letter queue, with this maxReceiveCount. */
  async function filled(maxReceiveCount: number, messages: number): Promise<{ name: string; dead: string }> {
    const name = uniqueName('carrier')
    const dead = `${name}-dlq`
    const { QueueUrl } = await ask(place.endpoint, 'CreateQueue', { QueueName: dead })
    const { Attributes } = await ask(place.endpoint, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['QueueArn'] })
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Object(Attributes).QueueArn, maxReceiveCount })
    await ask(place.endpoint, 'CreateQueue', { QueueName: name, Attributes: { RedrivePolicy, VisibilityTimeout: '30' } })
    for (let at = 0; at < messages; at++) await queue.sendBatch(name, [envelopeOf(name, [messageWith()])])
    return { name, dead }
  }

  /** All messages of a queue, in flight or not, and of its dead-letter queue. */
  async function counts({ name, dead }: { name: string; dead: string }): Promise<number[]> {
    const states = await Promise.all([name, dead].map((one) => queue.state(one)))
    return states.map(({ visible, inFlight }) => visible + inFlight)
  }

  test('a dead-letter queue can be peeked without limit, and keeps all messages', async () => {
    const { dead } = await filled(3, 0)
    for (let at = 0; at < 12; at++) await queue.sendBatch(dead, [`junk ${at}`])
    for (let look = 1; look <= 3; look++) {
      const { messages, stopped, maxReceiveCount } = await peekQueue(queue, dead, { most: 100, force: false })
      expect(new Set(messages.map(({ id }) => id)).size).toBe(12)
      expect({ stopped, maxReceiveCount }).toEqual({ stopped: false, maxReceiveCount: null })
    }
    expect((await queue.state(dead)).visible).toBe(12)
  })

  test('with a low maxReceiveCount, a peek uses no receives', async () => {
    const both = await filled(5, 3)
    for (let look = 0; look < 7; look++) {
      await expect(peekQueue(queue, both.name, { most: 1, force: false })).rejects.toMatchObject({ code: 'receives-scarce' })
    }
    expect(await counts(both)).toEqual([3, 0])
    expect(await queue.receive(both.name, { most: 1, waitSeconds: 1 })).toMatchObject([{ receiveCount: 1 }])
  })

  test('an envelope with an unreadable message shows its customer, and is redriven with the others', async () => {
    const { name, dead } = await filled(3, 0)
    const spoiled = [messageWith({ sendAt: -1 }), messageWith({ to: 'not-a-number' }), messageWith()]
    const nameless = JSON.stringify({ ...JSON.parse(envelopeOf(name, [messageWith()])), messages: [null, 7, messageWith()] })
    for (const body of [envelopeOf(name, spoiled), nameless, 'junk']) await queue.sendBatch(dead, [body])
    const { messages } = await peekQueue(queue, dead, { most: 10, force: false })
    const shown = messages.map(({ customer, messages, unreadable, recipients }) => [customer, messages, unreadable, recipients])
    expect(shown.sort((a, b) => String(a).localeCompare(String(b)))).toEqual([
      [null, 0, 0, []],
      ['acme', 3, 2, ['?', '?', '+8210****5678']],
      ['acme', 3, 2, ['+8210****5678', '?', '+8210****5678']],
    ])
    const { signal } = new AbortController()
    const moved = await redriveQueue(queue, name, dead, { most: 10, all: false, signal, moved: () => undefined })
    expect(moved).toMatchObject({ moved: 2, left: 1 })
    expect(await counts({ name, dead })).toEqual([2, 1])
  })

  test('with --force it shows the remaining receives, and stops when half are used', async () => {
    const both = await filled(5, 1)
    for (const receivesLeft of [4, 3]) {
      const look = await peekQueue(queue, both.name, { most: 10, force: true })
      expect(look).toMatchObject({ stopped: false, maxReceiveCount: 5, messages: [{ receivesLeft }] })
    }
    expect(await peekQueue(queue, both.name, { most: 10, force: true })).toMatchObject({
      stopped: true,
      messages: [{ receivesLeft: 2 }],
    })
    expect(await counts(both)).toEqual([1, 0])
  })

  test('with a high maxReceiveCount, peeks work until half the receives are used', async () => {
    const both = await filled(100, 2)
    const look = () => peekQueue(queue, both.name, { most: 10, force: false })
    expect((await look()).messages).toHaveLength(2)
    for (let tries = 2; tries < 49; tries++) {
      const taken = await queue.receive(both.name, { most: 10, waitSeconds: 1 })
      expect(taken).toHaveLength(2)
      await queue.extend(
        both.name,
        taken.map(({ receipt }) => receipt),
        0,
      )
    }
    expect((await look()).messages).toMatchObject([{ receivesLeft: 51 }, { receivesLeft: 51 }])
    for (let at = 0; at < 5; at++) await expect(look()).rejects.toMatchObject({ code: 'receives-scarce' })
    expect(await counts(both)).toEqual([2, 0])
  })
}

describe('against the emulator of apigw dev', () => {
  behaves(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'apigw-peek-'))
    const server = await startEmulator({ port: 0, dataDir })
    const stop = async (): Promise<void> => {
      await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
    return { endpoint: server.address, stop }
  })
})

describe.runIf(hasMoto)(againstMoto, () => {
  behaves(async () => {
    const moto = await startMoto()
    return { endpoint: moto.url, stop: () => moto.stop() }
  })
})
