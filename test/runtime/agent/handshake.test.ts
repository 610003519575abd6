import { expect, test } from 'vitest'
import { type Fetch, GatewayClient, parseCredentials } from '../../../src/client/index.ts'
import { gatewayTooOld } from '../../../src/runtime/agent/index.ts'
import { start, states, useServices } from './stage.ts'
import { fill, testAgent } from './support.ts'

useServices()

/** What a gateway without `messages[].key` says of itself. */
async function olderDescription(url: URL): Promise<Response> {
  const text = await (await fetch(url)).text()
  const older: unknown = JSON.parse(text, (name, value) => (name === 'key' ? undefined : value))
  return Response.json(older)
}

/** A gateway whose description is another. */
function describedBy(description: (url: URL) => Response | Promise<Response>): Fetch & { readonly calls: string[] } {
  const calls: string[] = []
  const through: Fetch = async (url, request) => {
    calls.push(`${request.method} ${url.pathname}`)
    return url.pathname === '/openapi.json'
      ? description(url)
      : fetch(url, { ...request, body: request.body ?? null } as RequestInit)
  }
  return Object.assign(through, { calls })
}

test('the gateway says that it takes keys', async () => {
  const { database, world } = await start()
  const { gateway } = await testAgent({ database, world })
  expect(await gateway.keySupport()).toEqual({ kind: 'known', keys: true })
})

test('no row is claimed while the gateway is too old for keys', async () => {
  const { database, world } = await start()
  await fill(database, 1, 3)
  const through = describedBy(olderDescription)
  const { run, events } = await testAgent({ database, world, fetch: through })
  await run()
  await expect.poll(() => events).toContainEqual(expect.objectContaining({ what: 'gateway', why: gatewayTooOld }))
  await expect.poll(() => through.calls).toContain('GET /v1.0/reports')
  expect(await states(database)).toEqual({ '1': 3 })
  expect(through.calls).not.toContain('POST /v1.0/messages/batch')
})

test('rows are sent where a proxy keeps the description back', async () => {
  const { database, world } = await start()
  await fill(database, 1, 3)
  const { run } = await testAgent({
    database,
    world,
    fetch: describedBy(() => new Response('<h1>Not found</h1>', { status: 404 })),
  })
  await run()
  await expect.poll(() => states(database), { timeout: 20_000 }).toEqual({ '3': 3 })
})

test('each call names the program and its version', async () => {
  const { world } = await start()
  const seen: (string | undefined)[] = []
  const gateway = new GatewayClient({
    gateway: world.listening.url,
    credentials: parseCredentials(world.live.basic),
    scheme: 'basic',
    environment: 'live',
    userAgent: 'apigw-agent/1.2.3',
    fetch: (url, request) => {
      seen.push(request.headers['user-agent'])
      return fetch(url, request)
    },
  })
  expect(await gateway.check()).toMatchObject({ kind: 'ok' })
  await gateway.keySupport()
  expect(seen).toEqual(['apigw-agent/1.2.3', 'apigw-agent/1.2.3'])
})
