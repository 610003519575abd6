import { describe, expect, it } from 'vitest'
import { openApi } from '../../../../src/runtime/gateway/docs/openapi.ts'
import { discoverEndpoints } from '../../../../src/runtime/gateway/versions/endpoints.ts'

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
const schemas = object(object(document.components).schemas)
const operations = Object.entries(object(document.paths)).flatMap(([path, methods]) =>
  Object.entries(object(methods)).map(([method, operation]) => ({ path, method, operation: object(operation) })),
)
const operationOf = (id: string) => operations.find(({ operation }) => operation.operationId === id)?.operation ?? {}

describe('the description', () => {
  it('lists every endpoint once, with a unique name', () => {
    const described = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort()
    expect(described).toEqual(mounted.map(({ path, endpoint: { method } }) => `${method} ${path}`).sort())
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9]+$/)
  })

  it('has names for people, and puts what sends first', () => {
    for (const { path, endpoint } of mounted) expect(endpoint.description.name, path).toBeDefined()
    for (const { path, endpoint } of mounted) expect(endpoint.description.group, path).toBeDefined()
    expect(operations[0]?.operation.operationId).toBe('sendMessage')
    expect(Object.values(object(document.tags)).map((tag) => object(tag).name)).toEqual([
      'Messages',
      'Images',
      'Reports',
      'Opt-outs',
      'Quota',
      'Tokens',
    ])
    const bodies = operations.flatMap(({ operation }) => [operation.requestBody, ...Object.values(object(operation.responses))])
    const types = bodies.flatMap((body) => Object.values(object(object(body).content)))
    for (const { schema } of types.map(object)) {
      expect(object(schema).$ref ?? object(schema).format, JSON.stringify(schema)).toMatch(
        /^#\/components\/schemas\/[A-Z]\w+$|^binary$/,
      )
    }
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
    expect(schemas.MessageRequest).toMatchObject({
      required: ['to', 'text'],
      else: { required: ['from'] },
      additionalProperties: false,
      properties: {
        to: { type: 'string', example: '010-1234-5678' },
        type: { enum: ['sms', 'lms', 'mms', 'alimtalk'] },
        media: { maxItems: 3 },
        ttl: { type: 'integer', minimum: 1, maximum: 259_200 },
      },
    })
  })

  it('asks for an Idempotency-Key in each call that sends', () => {
    const sending = operations.filter(({ operation }) => JSON.stringify(operation.parameters).includes('IdempotencyKey'))
    expect(sending.map(({ operation }) => operation.operationId)).toEqual(['sendMessage', 'sendBatch'])
  })

  it('describes numbers as numbers, and leaves answers open for new fields', () => {
    expect(operationOf('listReports').parameters).toMatchObject([
      { name: 'cursor' },
      { name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 500 } },
      { name: 'wait', schema: { type: 'integer', minimum: 0, maximum: 20 } },
      {},
    ])
    expect(JSON.stringify(document)).not.toContain(String(Number.MAX_SAFE_INTEGER))
    for (const [name, schema] of Object.entries(schemas)) {
      if (!name.endsWith('Request')) expect(object(schema).additionalProperties, name).toBeUndefined()
    }
  })

  it('names its licence, and the address of each environment', () => {
    expect(object(document.info).license).toEqual({ name: 'MIT', identifier: 'MIT' })
    for (const { url } of Object.values(object(document.servers)).map(object)) expect(String(url)).toMatch(/^https:\/\//)
  })

  it('has codes that a customer can meet, and is open for more', () => {
    const { code } = object(object(schemas.Problem).properties)
    expect(object(code).type).toBe('string')
    expect(object(code).enum).toBeUndefined()
    expect(object(code)['x-extensible-enum']).toContain('recipient-suppressed')
    for (const hidden of ['master-key-missing', 'registry-corrupt', 'client-closed', 'driver-missing']) {
      expect(JSON.stringify(document)).not.toContain(hidden)
    }
  })

  it('has an example of each body, which the call accepts', () => {
    for (const { path, endpoint } of mounted) {
      const { body, bodyType } = endpoint.description
      if (body === undefined || bodyType !== undefined) continue
      const operation = object(object(object(document.paths)[path])[endpoint.method.toLowerCase()])
      const { example } = object(object(object(operation.requestBody).content)['application/json'])
      expect(body('euc-kr').safeParse(example).error, path).toBeUndefined()
      // A batch checks its rows one by one.
      for (const row of Object.values(object(object(example).messages))) expect(object(row).from, path).toBeDefined()
    }
  })
})
