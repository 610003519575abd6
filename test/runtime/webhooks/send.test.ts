import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSender, type SenderOptions } from '../../../src/runtime/webhooks/send.ts'
import { startReceiver } from './receiver.ts'

function senderWith(options: SenderOptions = {}) {
  const sender = createSender({ local: true, ...options })
  onTestFinished(() => sender.close())
  return (url: string) => sender.send({ url, headers: { 'webhook-id': 'evt_1' }, body: '{}' })
}

describe('an answer', () => {
  it.each([
    [204, { status: 204, why: '204' }],
    [302, { status: 302, why: '302' }],
    [410, { status: 410, why: '410' }],
    [500, { status: 500, why: '500' }],
  ])('of status %i is what it says; a redirect is not followed', async (status, expected) => {
    const elsewhere = await startReceiver()
    const receiver = await startReceiver((response) => response.writeHead(status, { location: elsewhere.url }).end())
    expect(await senderWith()(receiver.url)).toEqual(expected)
    expect(elsewhere.got).toEqual([])
  })

  it('may ask for a pause', async () => {
    const receiver = await startReceiver((response) => response.writeHead(429, { 'retry-after': '90' }).end())
    expect(await senderWith()(receiver.url)).toEqual({ status: 429, why: '429', retryAfter: '90' })
  })

  it('of gigabytes is cut after a few kilobytes', async () => {
    let written = 0
    const closed = Promise.withResolvers<void>()
    const receiver = await startReceiver((response) => {
      response.once('close', closed.resolve).writeHead(200)
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (!response.destroyed && written < 2 ** 31) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', more)
        }
      }
      more()
    })
    expect(await senderWith()(receiver.url)).toEqual({ status: 200, why: '200' })
    await closed.promise
    expect(written).toBeLessThan(2 ** 26)
  })
})

describe('no answer', () => {
  it('comes from a server that hangs; one that hangs after its status has answered', async () => {
    const silent = await startReceiver(() => undefined)
    const dripping = await startReceiver((response) => response.writeHead(200).write('.'))
    const send = senderWith({ timeoutMs: 200 })
    expect(await send(silent.url)).toEqual({ why: 'timeout' })
    expect(await send(dripping.url)).toEqual({ status: 200, why: '200' })
  })

  it('comes from a look-up that hangs', async () => {
    const send = senderWith({ timeoutMs: 200, resolve: () => new Promise(() => undefined) })
    expect(await send('https://hooks.acme.kr/')).toEqual({ why: 'timeout' })
  })

  it('comes from what does not speak HTTP or TLS, or does not listen', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('220 smtp\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const send = senderWith()
    expect((await send(`http://localhost:${port}/`)).why).toMatch(/^connection: HPE_/)
    expect((await send(`https://localhost:${port}/`)).why).toMatch(/^tls: /)
    expect((await send('http://localhost:1/')).why).toBe('connection: ECONNREFUSED')
  })
})

describe('an address', () => {
  it('is resolved once, and that one is used', async () => {
    const receiver = await startReceiver()
    const answers = [['127.0.0.1'], ['10.0.0.7'], ['127.0.0.1', '10.0.0.7'], []]
    const asked: string[] = []
    const send = senderWith({
      resolve: async (host) => {
        asked.push(host)
        return answers[asked.length - 1] ?? []
      },
    })
    const url = `http://hooks.acme.kr:${receiver.port}/in`
    expect(await send(url)).toEqual({ status: 204, why: '204' })
    // The name leads to a private address from the second look-up on: rebinding.
    expect((await send(url)).why).toMatch(/^address-not-allowed/)
    expect((await send(url)).why).toMatch(/^address-not-allowed/)
    expect((await send(url)).why).toMatch(/^dns/)
    expect(asked).toHaveLength(4)
    expect(receiver.got).toHaveLength(1)
  })

  it.each(['127.0.0.1', '169.254.169.254', '::ffff:10.0.0.1', '64:ff9b::a00:1', 'fd00::1'])(
    '%s gets nothing from a worker that is not of this machine alone',
    async (address) => {
      const send = senderWith({ local: false, resolve: async () => [address] })
      expect((await send('https://hooks.acme.kr/')).why).toMatch(/^address-not-allowed/)
      expect((await send('http://localhost:9/')).why).toMatch(/^address-not-allowed/)
    },
  )
})
