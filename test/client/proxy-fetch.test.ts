import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { fetchWith, GatewayClient } from '../../src/client/index.ts'

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

/** A gateway that answers reports and says how often it was asked. */
async function gateway() {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"reports":[],"cursor":"c","more":false}')
  })
  return { url: `http://${await listen(server)}`, asked }
}

/** A proxy that tunnels, and lists the targets. */
async function tunnel() {
  const targets: string[] = []
  const server = createServer().on('connect', (request, client, head) => {
    targets.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('error', () => upstream.destroy())
  })
  return { url: `http://${await listen(server)}`, targets }
}

const credentials = { customer: 'acme', secret: 's', keyId: 'ak_live_1' }

async function clientOf(url: string, network: Parameters<typeof fetchWith>[0], env: NodeJS.ProcessEnv = {}) {
  const common = { gateway: url, credentials, scheme: 'basic', environment: 'live' } as const
  return new GatewayClient({ ...common, fetch: await fetchWith(network, env) })
}

test('without a proxy, calls are made directly', async () => {
  const { url, asked } = await gateway()
  expect(await (await clientOf(url, {})).reports(undefined, 0)).toMatchObject({ kind: 'page', cursor: 'c' })
  expect(asked).toEqual(['/v1.0/reports?limit=500&wait=0'])
})

test('a proxy of the settings is used', async () => {
  const { url, asked } = await gateway()
  const proxy = await tunnel()
  expect(await (await clientOf(url, { proxy: proxy.url })).reports('x', 0)).toMatchObject({ kind: 'page' })
  expect(proxy.targets).toEqual([new URL(url).host])
  expect(asked).toHaveLength(1)
})

test('a proxy of the environment is used, but not for hosts in NO_PROXY', async () => {
  const { url } = await gateway()
  const proxy = await tunnel()
  const before = { ...process.env }
  onTestFinished(() => {
    process.env = before
  })
  Object.assign(process.env, { HTTP_PROXY: proxy.url, NO_PROXY: 'example.com' })
  expect(await (await clientOf(url, {}, process.env)).reports(undefined, 0)).toMatchObject({ kind: 'page' })
  expect(proxy.targets).toHaveLength(1)
  process.env.NO_PROXY = '127.0.0.1'
  expect(await (await clientOf(url, {}, process.env)).reports(undefined, 0)).toMatchObject({ kind: 'page' })
  expect(proxy.targets).toHaveLength(1)
})

test('an error names the proxy, without its password', async () => {
  const { url } = await gateway()
  const closed = await tunnel()
  const { host } = new URL('http://127.0.0.1:1')
  const answer = await (await clientOf(url, { proxy: `http://user:hunter2@${host}` })).reports(undefined, 0)
  expect(answer).toMatchObject({ kind: 'unclear', why: expect.stringContaining('through the proxy http://127.0.0.1:1: ') })
  expect(JSON.stringify(answer)).not.toContain('hunter2')
  expect(closed.targets).toEqual([])
})
