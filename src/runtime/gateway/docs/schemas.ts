import * as z from 'zod'
import { recordOf } from '../../../domain/record.ts'

export type Json = Readonly<Record<string, unknown>>

export const ref = (name: string): Json => ({ $ref: `#/components/${name}` })

/**
 * What a reader of the description has no use for: patterns beside a format or of a number in a query, that names are texts, and
 * the limits of whole numbers in JavaScript, which other languages do not share.
 */
function withoutNoise(schema: Json): Json {
  const { pattern, minimum, maximum, propertyNames: _any, ...rest } = schema
  const isText = schema.type === 'string' && schema.format === undefined
  return {
    ...rest,
    ...(pattern !== undefined && isText && { pattern }),
    ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { maximum }),
  }
}

/** A later version may add fields to what is answered, so a reader must not refuse them. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open)
  if (typeof value !== 'object' || value === null) return value
  const shown = Object.entries(value).filter(([name, part]) => name !== 'additionalProperties' || part !== false)
  return Object.fromEntries(shown.map(([name, part]) => [name, open(part)]))
}

const namePattern = /^[A-Z]\w+$/

/**
 * JSON Schemas of what callers send and get. A schema with a `title` becomes a component of that name, so that generated clients
 * have one type for it.
 */
export class Schemas {
  readonly #named = new Map<string, Json>()

  /** JSON Schema by place. Transformations inside the gateway are not shown. */
  of(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $schema: _dialect, ...made } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
    return recordOf(this.#hoisted(io === 'input' ? made : open(made)))
  }

  /** Adds a component that no endpoint has a schema for. */
  add(name: string, schema: Json): Json {
    return recordOf(this.#hoisted({ title: name, ...schema }))
  }

  /** The components, by name. */
  get components(): Json {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => a.localeCompare(b)))
  }

  #hoisted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#hoisted(one))
    if (typeof value !== 'object' || value === null) return value
    const inner = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, this.#hoisted(part)]))
    const schema = typeof inner.type === 'string' ? withoutNoise(inner) : inner
    const { title, ...named } = schema
    if (typeof title !== 'string' || !namePattern.test(title)) return schema
    const known = this.#named.get(title)
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(named)) throw new Error(`two schemas are called ${title}`)
    this.#named.set(title, named)
    return ref(`schemas/${title}`)
  }
}

/** A schema, where a reference may be in its place. */
export function resolved(document: Json, value: unknown): Json {
  const schema = recordOf(value)
  if (typeof schema.$ref !== 'string') return schema
  return recordOf(
    schema.$ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, name) => recordOf(at)[name], document),
  )
}

/** Moments in examples: fixed, so that the description is the same on every day. */
const moment = '2026-11-23T12:00:00.000Z'

/** A value that a schema allows, with the fields that are required. */
export function exampleOf(document: Json, value: unknown): unknown {
  const schema = resolved(document, value)
  const { type, enum: values, const: only, examples, format } = schema
  if (schema.example !== undefined) return schema.example
  if (only !== undefined) return only
  if (Array.isArray(values)) return values[0]
  if (Array.isArray(examples)) return examples[0]
  if (type === 'array') return [exampleOf(document, schema.items)]
  if (type === 'integer' || type === 'number') return Math.max(1, Number(schema.minimum ?? 1))
  if (type === 'boolean') return false
  if (type === 'object') return exampleObject(document, schema)
  return format === 'date-time' ? moment : 'string'
}

function exampleObject(document: Json, schema: Json): unknown {
  // What is required unless a condition holds belongs to the usual body.
  const lists: unknown[] = [schema.required, recordOf(schema.else).required]
  const required = new Set(lists.flatMap((names) => (Array.isArray(names) ? names.map(String) : [])))
  const shown = Object.entries(recordOf(schema.properties)).filter(([name]) => required.has(name))
  return Object.fromEntries(shown.map(([name, field]) => [name, exampleOf(document, field)]))
}
