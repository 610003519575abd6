import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { agentSchema, schemaFile } from '../../../scripts/agent-schema.ts'

const described = z.looseObject({ description: z.string().min(1) })
const schema = z.object({
  properties: z.record(z.string(), described),
  required: z.array(z.string()),
  additionalProperties: z.literal(false),
})

test('the JSON Schema of agent.yaml is that of the code', () => {
  expect(readFileSync(schemaFile, 'utf8'), 'run: node scripts/agent-schema.ts').toBe(agentSchema())
})

test('the JSON Schema describes each setting, and requires only what has no default', () => {
  const { properties, required } = schema.parse(JSON.parse(agentSchema()))
  expect(Object.keys(properties)).toEqual(expect.arrayContaining(['gateway', 'notify', 'tables', 'media']))
  expect(required).toEqual(['version', 'name', 'gateway', 'database', 'tables'])
})
