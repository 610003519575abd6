import * as fc from 'fast-check'
import type { FauxqsServer } from 'fauxqs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEmulator } from '../../../src/dev/local/index.ts'
import type { Queue, Received } from '../../../src/runtime/ports/index.ts'
import { temporaryFolder } from '../../cli/run.ts'
import { listeningOf } from '../../support/listening.ts'
import { openTestQueue } from '../../support/sqs.ts'
import { until } from '../../support/until.ts'

const name = 'carrier-a'
const receiving = { most: 10, waitSeconds: 0, visibilitySeconds: 600 }

interface Started {
  server(): FauxqsServer
  queue(): Queue
  restart(): Promise<void>
}

/** The emulator as `apigw dev` starts it, with a file, and a function to restart it on the same file. */
async function started(): Promise<Started> {
  const dataDir = temporaryFolder()
  let server = await startEmulator({ port: 0, dataDir })
  server.createQueue(name)
  let queue = openTestQueue(server.address)
  onTestFinished(() => server.stop())
  return {
    server: () => server,
    queue: () => queue,
    restart: async () => {
      await server.stop()
      server = await startEmulator({ port: 0, dataDir })
      queue = openTestQueue(server.address)
    },
  }
}

interface Model {
  /** Messages that were sent and not deleted. */
  readonly expected: Set<string>
  held: Received[]
  sent: number
}

const steps = ['send', 'send', 'receive', 'receive', 'give back', 'give back', 'extend', 'delete', 'restart'] as const

async function play({ queue, restart }: Started, model: Model, step: (typeof steps)[number]): Promise<void> {
  if (step === 'send') {
    const body = `message ${model.sent++}`
    await queue().sendBatch(name, [body])
    model.expected.add(body)
    return
  }
  if (step === 'receive') return void model.held.push(...(await queue().receive(name, { ...receiving, most: 2 })))
  if (step === 'restart') return restart()
  const [first, ...others] = model.held
  if (first === undefined) return
  if (step === 'extend') return void (await queue().extend(name, [first.receipt], 700))
  model.held = others
  if (step === 'give back') return void (await queue().extend(name, [first.receipt], 0))
  await queue().delete(name, [first.receipt])
  model.expected.delete(first.body)
}

describe('the emulator of SQS and S3', () => {
  test('a message that is returned with visibility 0 can be received again, and has one more receive', async () => {
    const { server, queue, restart } = await started()
    await queue().sendBatch(name, ['one'])
    for (const receiveCount of [1, 2, 3]) {
      const [received] = await queue().receive(name, { ...receiving, waitSeconds: 5 })
      expect(received).toMatchObject({ body: 'one', receiveCount })
      expect(await queue().extend(name, [received?.receipt ?? ''], 0)).toEqual([])
    }
    await restart()
    expect(await queue().receive(name, receiving)).toMatchObject([{ body: 'one', receiveCount: 4 }])
    expect(server().inspectQueue(name)?.messages.inflight).toHaveLength(1)
  })

  test('a returned message counts as waiting at once, and counting receives nothing', async () => {
    const { queue } = await started()
    await queue().sendBatch(name, ['one', 'two'])
    const received = await queue().receive(name, { ...receiving, waitSeconds: 5 })
    expect(await queue().state(name)).toMatchObject({ visible: 0, inFlight: 2 })
    await queue().extend(
      name,
      received.map(({ receipt }) => receipt),
      0,
    )
    await until(async () => (await queue().state(name)).visible === 2)
    expect(await queue().receive(name, receiving)).toMatchObject([{ receiveCount: 2 }, { receiveCount: 2 }])
  })

  test('keeps every message that was sent and not deleted, through any operations and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 5, maxLength: 30 }), async (chosen) => {
        const sqs = await started()
        const model: Model = { expected: new Set(), held: [], sent: 0 }
        for (const step of chosen) {
          await play(sqs, model, step)
          const messages = sqs.server().inspectQueue(name)?.messages
          const bodies = [...(messages?.ready ?? []), ...(messages?.inflight ?? []).map(({ message }) => message)]
          expect(bodies.map(({ body }) => body).sort()).toEqual([...model.expected].sort())
        }
        await sqs.server().stop()
      }),
      { numRuns: 25 },
    )
  })

  test.runIf(process.platform === 'linux')('listens on this machine only', async () => {
    const { server } = await started()
    const { open, loopback } = listeningOf(process.pid)
    expect(open).toEqual([])
    expect(loopback).toContain(server().port)
  })
})
