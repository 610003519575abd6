import * as z from 'zod'
import type { Charset } from '../../../domain/euc-kr.ts'
import { problemTable } from '../../../domain/problem.ts'
import { recordOf } from '../../../domain/record.ts'
import { type Description, type Endpoint, groups } from '../versions/endpoint.ts'
import type { Mounted } from '../versions/endpoints.ts'
import { componentsOf } from './components.ts'
import { placeholderOrigin } from './origin.ts'
import { codesOf, ownCodes } from './problems.ts'
import { exampleOf, type Json, ref, Schemas } from './schemas.ts'

const limitHeaders = {
  RateLimit: ref('headers/RateLimit'),
  'RateLimit-Policy': ref('headers/RateLimitPolicy'),
}
const everyAnswer = { 'X-Request-Id': ref('headers/RequestId') }

function parametersOf({ params, query, idempotent }: Description, schemas: Schemas): Json[] {
  const named = (place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] =>
    Object.entries(schema?.shape ?? {}).map(([name, field]) => {
      if (!(field instanceof z.ZodType)) throw new Error(`${name} is not a schema`)
      const { description, example, ...rest } = schemas.of(field, 'input')
      const required = place === 'path' || !field.safeParse(undefined).success
      return {
        name,
        in: place,
        required,
        ...(description !== undefined && { description }),
        schema: rest,
        ...(example !== undefined && { example }),
      }
    })
  const headers = [...(idempotent ? [ref('parameters/IdempotencyKey')] : []), ref('parameters/RequestId')]
  return [...named('path', params), ...named('query', query), ...headers]
}

/** The problems of a call, by status. `x-problem-codes` lists the codes, of which more may be added. */
function problemsOf(endpoint: Endpoint): Json {
  const schema = ref(endpoint.problem === undefined ? 'schemas/Problem' : 'schemas/TokenError')
  const type = endpoint.problem === undefined ? 'application/problem+json' : 'application/json'
  const headers = { ...everyAnswer, 'Retry-After': ref('headers/RetryAfter') }
  const content = { [type]: { schema } }
  // The token call answers 401 instead of 403 (RFC 6749, section 5.2).
  const statusOf = (status: number): number => (endpoint.problem !== undefined && status === 403 ? 401 : status)
  const byStatus = Object.groupBy(codesOf(endpoint), (code) => statusOf(problemTable[code].status))
  const known = Object.entries(byStatus).map(([status, codes = []]) => [
    status,
    { description: codes.map((code) => `\`${code}\``).join(', '), headers, content, 'x-problem-codes': codes },
  ])
  return Object.fromEntries([
    ...known,
    ['default', { description: 'A problem that this version does not list', headers, content }],
  ])
}

function answersOf(endpoint: Endpoint, schemas: Schemas): Json {
  const { answers, idempotent } = endpoint.description
  const good = Object.entries(answers).map(([status, { description, schema }]) => [
    status,
    {
      description,
      headers: {
        ...everyAnswer,
        ...(idempotent && { ...limitHeaders, 'Idempotency-Replayed': ref('headers/IdempotencyReplayed') }),
      },
      ...(schema !== undefined && { content: { 'application/json': { schema: schemas.of(schema, 'output') } } }),
    },
  ])
  return { ...Object.fromEntries(good), ...problemsOf(endpoint) }
}

/** Method and path as a name, where the endpoint has none. */
function madeName(method: string, path: string): string {
  const words = `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+(\w)/g, (_, letter) => letter.toUpperCase())}`
  return words.replaceAll(/[^A-Za-z0-9]/g, '')
}

function operationOf({ path, endpoint }: Mounted, charset: Charset, schemas: Schemas): Json {
  const { summary, name, group, body, bodyType = 'application/json' } = endpoint.description
  const raw = bodyType === 'image/jpeg' ? { type: 'string', format: 'binary' } : undefined
  const schema = body === undefined ? raw : schemas.of(body(charset), 'input')
  return {
    operationId: name ?? madeName(endpoint.method, path),
    summary,
    tags: [group ?? path.split('/')[1] ?? ''],
    security: endpoint.signIn === 'token' ? [{ basic: [] }] : [{ basic: [] }, { bearer: [] }, { signature: [] }],
    parameters: parametersOf(endpoint.description, schemas),
    ...(schema !== undefined && { requestBody: { required: true, content: { [bodyType]: { schema } } } }),
    responses: answersOf(endpoint, schemas),
    'x-own-problem-codes': ownCodes(endpoint),
  }
}

/** Adds an example to every body that has none. */
function withExamples(document: Json, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withExamples(document, one))
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withExamples(document, part)]))
  if (inner.content === undefined) return inner
  const content = Object.entries(recordOf(inner.content)).map(([type, media]) => {
    const { schema } = recordOf(media)
    const isBinary = recordOf(schema).format === 'binary' || type === 'application/problem+json'
    return [type, isBinary ? media : { ...recordOf(media), example: exampleOf(document, schema) }]
  })
  return { ...inner, content: Object.fromEntries(content) }
}

/** The order of the page: by group, and in a group the calls that send first. */
function placeOf({ endpoint, path }: Mounted): string {
  const { group, idempotent } = endpoint.description
  const at = group === undefined ? groups.length : groups.indexOf(group)
  const method = ['POST', 'GET', 'DELETE'].indexOf(endpoint.method)
  return [at, idempotent ? 0 : 1, path, method].join(' ')
}

/** The OpenAPI 3.1 description of the API, generated from its endpoints. */
export function openApi(mounted: readonly Mounted[], charset: Charset = 'euc-kr'): Json {
  const schemas = new Schemas()
  const paths: Record<string, Record<string, Json>> = {}
  const order = mounted.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
  const tags = new Set<string>()
  for (const one of order) {
    const place = paths[one.path] ?? {}
    const operation = operationOf(one, charset, schemas)
    tags.add(String(Object(operation.tags)[0]))
    place[one.endpoint.method.toLowerCase()] = operation
    paths[one.path] = place
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Messaging API',
      version: '1.0',
      description: 'Sends SMS, LMS and MMS. Every accepted call to the live environment sends something and costs money.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: `${placeholderOrigin}/test`, description: 'Test: sends nothing; has keys and limits of its own' },
      { url: placeholderOrigin, description: 'Live: sends, and costs money' },
    ],
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: componentsOf(schemas),
  }
  return { ...document, paths: withExamples(document, paths) }
}
