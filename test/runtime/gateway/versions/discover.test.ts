import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGateway, discoverEndpoints } from '../../../../src/runtime/gateway/index.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { openTestQueue, type Sqs, startSqs } from '../../../support/sqs.ts'
import { authorization, startWorld } from '../../../support/world.ts'

let sqs: Sqs
beforeAll(async () => {
  sqs = await startSqs()
})
afterAll(() => sqs.stop())

const endpointModule = new URL('../../../../src/runtime/gateway/versions/endpoint.ts', import.meta.url).href
const ping = (path: string): string => `
import { endpoint } from '${endpointModule}'
export default endpoint({
  method: 'GET', path: '${path}', summary: 'Say pong',
  handle: async (call) => ({ status: 200, headers: {}, body: JSON.stringify({ pong: call.environment, at: call.path }) }),
})`

/** A folder with these files, given as `v9.9/ping.ts` and source. */
function folderWith(files: Record<string, string>): URL {
  const folder = temporaryFolder()
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), source)
  }
  return pathToFileURL(`${folder}/`)
}

describe('an endpoint', () => {
  it('answers at the path of its file, without any other change', async () => {
    const endpoints = await discoverEndpoints(folderWith({ 'v9.9/ping.ts': ping('/ping') }))
    const world = await startWorld({ endpoint: sqs.endpoint, endpoints })
    expect((await world.call('/v9.9/ping')).body).toEqual({ pong: 'live', at: '/v9.9/ping' })
    const headers = { authorization: authorization(world.test.basic) }
    expect((await world.call('/test/v9.9/ping', { headers })).body).toEqual({ pong: 'test', at: '/test/v9.9/ping' })
    expect((await world.call('/v9.9/ping', { headers: { authorization: 'Basic x' } })).status).toBe(401)
  })

  it('is found among files that are not endpoints', async () => {
    const folder = folderWith({
      'v1.0/ping.ts': ping('/ping'),
      'v1.0/ping.test.ts': 'throw new Error()',
      'v1.0/ping.d.ts': 'throw new Error()',
      'v1.0/notes.md': 'notes',
      'v2.0/pong.ts': ping('/pong'),
      'schemes/basic.ts': 'throw new Error()',
      'v1/old.ts': 'throw new Error()',
      'index.ts': 'throw new Error()',
    })
    const found = await discoverEndpoints(folder)
    expect(found.map(({ path }) => path).sort()).toEqual(['/v1.0/ping', '/v2.0/pong'])
  })

  it('must be valid', async () => {
    await expect(discoverEndpoints(folderWith({ 'v1.0/x.ts': 'export default {}' }))).rejects.toThrow(
      'v1.0/x.ts exports no endpoint',
    )
  })

  it('must be the only one at its path and method', async () => {
    const endpoints = await discoverEndpoints(folderWith({ 'v1.0/a.ts': ping('/ping'), 'v1.0/b.ts': ping('/ping') }))
    const world = await startWorld({ endpoint: sqs.endpoint })
    const queue = openTestQueue(sqs.endpoint)
    expect(() => createGateway({ registry: world.registry, queue, endpoints })).toThrow('two endpoints answer GET /v1.0/ping')
    queue.close()
  })
})
