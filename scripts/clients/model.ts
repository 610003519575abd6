import { recordOf } from '../../src/domain/record.ts'

/** A type of the description, without the syntax of any language. */
export type Type =
  | { readonly kind: 'text' | 'integer' | 'number' | 'boolean' | 'bytes' | 'unknown' }
  | { readonly kind: 'values'; readonly values: readonly string[] }
  | { readonly kind: 'truth' }
  /** Values of which later versions may have more. */
  | { readonly kind: 'known'; readonly values: readonly string[] }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'list'; readonly of: Type }
  | { readonly kind: 'map'; readonly of: Type }

export interface Field {
  readonly name: string
  readonly required: boolean
  readonly description: string
  readonly type: Type
}

/** A component schema. */
export interface Model {
  readonly name: string
  readonly description: string
  readonly fields: readonly Field[]
}

export interface Call {
  /** `sendMessage` */
  readonly name: string
  readonly group: string
  readonly summary: string
  readonly method: string
  /** `/v1.0/messages/{id}` */
  readonly path: string
  readonly params: readonly Field[]
  readonly query: readonly Field[]
  readonly body: { readonly type: Type; readonly mediaType: string; readonly example: unknown } | undefined
  readonly answer: Type
  readonly idempotent: boolean
}

export interface Api {
  readonly title: string
  readonly models: readonly Model[]
  readonly calls: readonly Call[]
}

const list = (value: unknown) => (Array.isArray(value) ? value.map(recordOf) : [])
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function nameIn(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

function typeOf(value: unknown): Type {
  const schema = recordOf(value)
  if (typeof schema.$ref === 'string') return { kind: 'named', name: nameIn(schema.$ref) }
  if (schema.const === true) return { kind: 'truth' }
  if (schema.const !== undefined) return { kind: 'values', values: [String(schema.const)] }
  if (Array.isArray(schema.enum)) return { kind: 'values', values: texts(schema.enum) }
  const known = schema['x-extensible-enum'] ?? schema.examples
  switch (schema.type) {
    case 'string':
      if (schema.format === 'binary') return { kind: 'bytes' }
      return Array.isArray(known) ? { kind: 'known', values: texts(known) } : { kind: 'text' }
    case 'integer':
    case 'number':
    case 'boolean':
      return { kind: schema.type }
    case 'array':
      return { kind: 'list', of: typeOf(schema.items) }
    case 'object':
      return { kind: 'map', of: typeOf(schema.additionalProperties) }
    default:
      return { kind: 'unknown' }
  }
}

function modelOf(name: string, value: unknown): Model {
  const schema = recordOf(value)
  const required = new Set(texts(schema.required))
  const fields = Object.entries(recordOf(schema.properties)).map(
    ([field, inner]): Field => ({
      name: field,
      required: required.has(field),
      description: text(recordOf(inner).description),
      type: typeOf(inner),
    }),
  )
  return { name, description: text(schema.description), fields }
}

function callOf(path: string, method: string, value: unknown): Call {
  const operation = recordOf(value)
  const parameters = list(operation.parameters)
  const named = (place: string): Field[] =>
    parameters
      .filter((one) => one.in === place)
      .map(({ name, required, description, schema }) => ({
        name: text(name),
        required: required === true,
        description: text(description),
        type: typeOf(schema),
      }))
  const [[mediaType = '', media] = []] = Object.entries(recordOf(recordOf(operation.requestBody).content))
  const [good] = Object.entries(recordOf(operation.responses)).filter(([status]) => status.startsWith('2'))
  const json = recordOf(recordOf(recordOf(good?.[1]).content)['application/json'])
  return {
    name: text(operation.operationId),
    group: texts(operation.tags)[0] ?? '',
    summary: text(operation.summary),
    method: method.toUpperCase(),
    path,
    params: named('path'),
    query: named('query'),
    body: media === undefined ? undefined : { type: typeOf(recordOf(media).schema), mediaType, example: recordOf(media).example },
    answer: typeOf(json.schema),
    idempotent: parameters.some(({ $ref }) => $ref === '#/components/parameters/IdempotencyKey'),
  }
}

/** Reads an OpenAPI document as the generators need it. */
export function apiOf(document: Readonly<Record<string, unknown>>): Api {
  const calls = Object.entries(recordOf(document.paths)).flatMap(([path, methods]) =>
    Object.entries(recordOf(methods)).map(([method, operation]) => callOf(path, method, operation)),
  )
  const schemas = recordOf(recordOf(document.components).schemas)
  return {
    title: text(recordOf(document.info).title),
    models: Object.entries(schemas).map(([name, schema]) => modelOf(name, schema)),
    calls,
  }
}
