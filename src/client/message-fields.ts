import { isRecord, recordOf } from '../domain/record.ts'

/**
 * The fields that a gateway's OpenAPI description gives a message of a batch. Older gateways describe it in place, newer ones by a name
 * among their schemas.
 * @returns `undefined`: the description does not say
 */
export function messageFieldsIn(description: unknown): Readonly<Record<string, unknown>> | undefined {
  const { paths, components } = recordOf(description)
  const schemas = recordOf(recordOf(components).schemas)
  const resolved = (value: unknown): Readonly<Record<string, unknown>> => {
    const schema = recordOf(value)
    return typeof schema.$ref === 'string' ? recordOf(schemas[schema.$ref.split('/').at(-1) ?? '']) : schema
  }
  const batch = recordOf(recordOf(paths)['/v1.0/messages/batch'])
  const content = recordOf(recordOf(recordOf(batch.post).requestBody).content)
  const body = resolved(recordOf(content['application/json']).schema)
  const { properties } = resolved(recordOf(recordOf(body.properties).messages).items)
  return isRecord(properties) ? properties : undefined
}
