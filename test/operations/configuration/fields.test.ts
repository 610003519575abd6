import { expect, test } from 'vitest'
import * as z from 'zod'
import { isRecord, recordOf } from '../../../src/domain/record.ts'
import { configurationOf } from '../../../src/registry/index.ts'
import { profileSchema } from '../../../src/registry/stored.ts'

/** Stored fields that follow from others: the customer's id names the entry, and an address range is read from its text. */
const derived = new Set(['customer.id', 'credentials.customer', 'credentials.allowIps.from', 'credentials.allowIps.to'])

function alternatives(schema: unknown): readonly unknown[] {
  const { anyOf, oneOf } = recordOf(schema)
  const found = anyOf ?? oneOf
  return Array.isArray(found) ? found : [schema]
}

let texts = 0

/** A value with every field that a schema knows; a list has an entry of each form. No two texts are the same. */
function whole(schema: unknown): unknown {
  const [first] = alternatives(schema)
  const { type, enum: values, const: only, properties, additionalProperties, items } = recordOf(first)
  if (only !== undefined) return only
  if (Array.isArray(values)) return values[0]
  if (type === 'array') return alternatives(items).map(whole)
  if (type === 'number') return 1_000
  if (type !== 'object') return `a${texts++}`
  if (!isRecord(properties)) return { sms: whole(additionalProperties) }
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, whole(field)]))
}

/** The same value with one field changed, once for each field. */
function* variants(schema: unknown, value: unknown, path: readonly string[] = []): Generator<{ field: string; value: unknown }> {
  const { enum: values, const: only, properties, additionalProperties, items } = recordOf(alternatives(schema)[0])
  if (only !== undefined) return
  if (Array.isArray(value)) yield* ofList(items, value, path)
  else if (isRecord(value)) {
    for (const name of Object.keys(value)) {
      const field = recordOf(properties)[name] ?? additionalProperties
      for (const one of variants(field, value[name], [...path, name])) yield { ...one, value: { ...value, [name]: one.value } }
    }
  } else {
    const other = Array.isArray(values) ? values[1] : typeof value === 'number' ? value + 1_000 : `${String(value)}b`
    if (other !== undefined) yield { field: path.join('.'), value: other }
  }
}

function* ofList(items: unknown, list: readonly unknown[], path: readonly string[]): ReturnType<typeof variants> {
  for (const [at, form] of alternatives(items).entries()) {
    for (const one of variants(form, list[at], path)) yield { ...one, value: list.toSpliced(at, 1, one.value) }
  }
}

test('every field that is stored of a customer is in its configuration', () => {
  const schema = z.toJSONSchema(profileSchema, { io: 'input' })
  const profile = whole(schema)
  const text = (value: unknown) => JSON.stringify(configurationOf(profileSchema.parse(value)))
  const all = [...variants(schema, profile)]
  const missing = all.filter(({ value }) => text(value) === text(profile)).map(({ field }) => field)
  expect(all.length).toBeGreaterThan(40)
  expect(missing.filter((field) => !derived.has(field))).toEqual([])
})
