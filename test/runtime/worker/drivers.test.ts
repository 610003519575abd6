import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as z from 'zod'
import type { CarrierResult } from '../../../src/runtime/ports/index.ts'
import { type CarrierDriver, drive } from '../../../src/runtime/worker/index.ts'
import { engines, rowWith } from '../../support/databases.ts'
import { until } from '../../support/until.ts'

const carrier = { queue: 'carrier-a', table: 'carrier_a' }
const call = z.object({ id: z.string(), to: z.string(), from: z.string(), text: z.string(), type: z.string() })

/** A carrier over HTTP that sends a message once for each id. */
async function httpCarrier(answer: (to: string, attempt: number) => number) {
  const sent = new Map<string, z.infer<typeof call>>()
  const attempts = new Map<string, number>()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const message = call.parse(JSON.parse(body))
    const attempt = (attempts.get(message.id) ?? 0) + 1
    attempts.set(message.id, attempt)
    const status = answer(message.to, attempt)
    // It sends first, and then the answer is lost.
    if (status !== 400) sent.set(message.id, message)
    if (status === 0) response.destroy()
    else response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, sent, attempts }
}

/** A driver as a new folder would hold one. */
function httpDriver(url: string): CarrierDriver {
  return {
    pending: 0,
    isWaiting: false,
    deliver: async (rows, signal) => {
      const results = await Promise.all(
        rows.map(async ({ id, recipient, sender, body, type }): Promise<CarrierResult[]> => {
          const message = JSON.stringify({ id, to: recipient, from: sender, text: body, type })
          const response = await fetch(url, { method: 'POST', body: message, signal }).catch(() => undefined)
          if (response === undefined || response.status >= 500) return []
          return [{ id, delivered: response.ok, code: `http-${response.status}`, at: Date.now() }]
        }),
      )
      return results.flat()
    },
  }
}

describe.each(engines)('a driver over $engine', ({ create }) => {
  it('delivers each row once, asks again with the same id where there was no answer, and holds up no other row', async () => {
    const database = await (await create()).open()
    await database.migrate([carrier])
    const [good, lost, refused] = ['1111', '2222', '3333'].map((digits) => rowWith({ to: `+82101234${digits}` }))
    if (!good || !lost || !refused) throw new Error('three rows were made, and fewer came')
    await database.flush(carrier, [good, lost, refused])
    const http = await httpCarrier((to, attempt) => (to.endsWith('3333') ? 400 : to.endsWith('2222') && attempt === 1 ? 0 : 200))
    const driving = drive({ database, carrier, driver: httpDriver(http.url) })
    onTestFinished(() => driving.stop())
    await until(async () => (await database.outcomes(carrier, 10)).length === 3)
    await driving.stop()
    const outcomes = new Map((await database.outcomes(carrier, 10)).map(({ id, outcome, code }) => [id, [outcome, code]]))
    expect(outcomes.get(good.message.id)).toEqual(['delivered', 'delivered'])
    expect(outcomes.get(lost.message.id)).toEqual(['delivered', 'delivered'])
    expect(outcomes.get(refused.message.id)).toEqual(['failed', 'http-400'])
    expect(http.attempts.get(lost.message.id)).toBe(2)
    expect(http.sent.get(good.message.id)).toMatchObject({ to: '+821012341111', from: '+8215881234', text: 'hello', type: 'sms' })
  })
})
