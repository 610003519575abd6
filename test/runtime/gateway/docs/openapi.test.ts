import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { openApi } from '../../../../src/runtime/gateway/docs/openapi.ts'
import { docsPage } from '../../../../src/runtime/gateway/docs/page.ts'
import { endpoint } from '../../../../src/runtime/gateway/versions/endpoint.ts'
import { discoverEndpoints } from '../../../../src/runtime/gateway/versions/endpoints.ts'
import { temporaryFolder } from '../../../support/names.ts'
import { startSqs } from '../../../support/sqs.ts'
import { startWorld } from '../../../support/world.ts'

type Json = Record<string, unknown>
const object = (value: unknown): Json => Object(value)

/** Every object in a document. */
function* objectsIn(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield object(value)
  for (const part of Object.values(value)) yield* objectsIn(part)
}

const mounted = await discoverEndpoints()
const document = openApi(mounted)
const operations = Object.entries(object(document.paths)).flatMap(([path, methods]) =>
  Object.entries(object(methods)).map(([method, operation]) => ({ path, method, operation: object(operation) })),
)

describe('the description', () => {
  it('lists every endpoint once, with a unique name', () => {
    const described = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort()
    expect(described).toEqual(mounted.map(({ path, endpoint: { method } }) => `${method} ${path}`).sort())
    expect(described).toContain('GET /v1.0/messages/{id}')
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9]+$/)
  })

  it('has no dangling reference, and survives JSON serialization', () => {
    for (const { $ref } of objectsIn(document)) {
      if ($ref === undefined) continue
      const found = String($ref)
        .slice(2)
        .split('/')
        .reduce<unknown>((at, name) => object(at)[name], document)
      expect(found, String($ref)).toBeDefined()
    }
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })

  it('declares every path parameter, every answer, and the fields of a message', () => {
    for (const { path, operation } of operations) {
      const declared = Object.values(object(operation.parameters)).flatMap((one) =>
        object(one).in === 'path' ? object(one).name : [],
      )
      expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      expect(Object.keys(object(operation.responses)).filter((status) => status.startsWith('2'))).toHaveLength(1)
    }
    const send = operations.find(({ path, method }) => path === '/v1.0/messages' && method === 'post')?.operation
    const schema = object(object(object(object(send?.requestBody).content)['application/json']).schema)
    expect(schema).toMatchObject({
      required: ['to', 'text'],
      else: { required: ['from'] },
      additionalProperties: false,
      properties: {
        to: { type: 'string', example: '010-1234-5678' },
        type: { enum: ['sms', 'lms', 'mms', 'alimtalk'] },
        media: { maxItems: 3 },
        ttl: { minimum: 1, maximum: 259_200 },
      },
    })
    expect(JSON.stringify(send?.parameters)).toContain('IdempotencyKey')
  })
})

describe('the page', () => {
  it('is complete without a script, and allows only its own resources', async () => {
    const { body, headers } = docsPage(document)
    for (const { path } of operations) expect(body).toContain(`<code>${path}</code>`)
    for (const digits of ['0002', '0003', '0004', '0005', '0006']) expect(body).toContain(`…${digits}`)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['content-security-policy']).not.toContain('unsafe')
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    expect(body).not.toMatch(/ on[a-z]+=/)
  })

  it('shows every text of an endpoint as plain text', () => {
    const hostile = '"><script>alert(1)</script>'
    const evil = endpoint({
      method: 'POST',
      path: `/x${hostile}`,
      summary: hostile,
      body: z.object({ [hostile]: z.string().meta({ description: hostile, example: hostile }) }),
      answers: { 200: { description: hostile } },
      handle: async () => ({ status: 200, headers: {}, body: '' }),
    })
    const { body } = docsPage(openApi([{ path: `/v1.0/x${hostile}`, endpoint: evil }]))
    expect(body).not.toContain('<script>alert')
    expect(body).toContain('&lt;script&gt;')
  })
})

it('a new version is served and documented without any other change', async () => {
  const folder = temporaryFolder()
  const source = new URL('../../../../src/runtime/gateway/versions/endpoint.ts', import.meta.url).href
  mkdirSync(join(folder, 'v2.0'))
  writeFileSync(
    join(folder, 'v2.0', 'ping.ts'),
    `import { endpoint } from '${source}'
export default endpoint({ method: 'GET', path: '/ping', summary: 'Say pong', answers: { 200: { description: 'pong' } },
  handle: async (call) => ({ status: 200, headers: {}, body: JSON.stringify({ pong: call.environment }) }) })`,
  )
  const endpoints = [...mounted, ...(await discoverEndpoints(pathToFileURL(`${folder}/`)))]
  const sqs = await startSqs()
  const world = await startWorld({ endpoint: sqs.endpoint, endpoints })
  expect((await world.call('/v2.0/ping')).body).toEqual({ pong: 'live' })
  expect(Object.keys(object((await world.call('/openapi.json')).body.paths))).toContain('/v2.0/ping')
  const page = await fetch(`${world.listening.url}/docs`)
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(await page.text()).toContain('/v2.0/ping')
  expect((await world.post()).status).toBe(202)
  await sqs.stop()
})
