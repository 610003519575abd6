import * as z from 'zod'
import { customerIdPattern } from '../../domain/names.ts'
import { isRecord, recordOf } from '../../domain/record.ts'
import { configurationSchema } from '../../registry/index.ts'
import { fileVersion } from './text.ts'

const customer = z.strictObject({
  revision: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'is not a revision: leave the line out, or take it from an export')
    .exactOptional()
    .meta({ description: 'what the file was exported from; apply refuses to overwrite anything else' }),
  ...configurationSchema.shape,
})

/** A file of customers. */
export const fileSchema = z.strictObject({
  version: z.literal(fileVersion),
  customers: z.record(z.string().regex(customerIdPattern, 'is not a customer id'), customer).meta({
    description: 'customers by their ids. A section that a customer leaves out stays as it is; one that is there is complete',
  }),
})

/** The JSON Schema of a file, for editors. */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, { io: 'input' })
  return { $schema, title: 'Customers of apigw', ...rest }
}

/** The schema at a path: through named fields, then through the form of all others. */
function schemaAt(schema: unknown, path: readonly PropertyKey[]): Readonly<Record<string, unknown>> {
  const [first, ...rest] = path
  const { properties, additionalProperties, anyOf } = recordOf(schema)
  const here = Array.isArray(anyOf) ? anyOf.find((one) => isRecord(one) && one.type === 'object') : undefined
  if (here !== undefined) return schemaAt(here, path)
  if (first === undefined) return recordOf(schema)
  return schemaAt(recordOf(properties)[String(first)] ?? additionalProperties, rest)
}

let cached: ReturnType<typeof jsonSchema> | undefined

/** The names of the fields that may stand at a path. */
export function fieldsAt(path: readonly PropertyKey[]): readonly string[] {
  cached ??= jsonSchema()
  return Object.keys(recordOf(schemaAt(cached, path).properties))
}
