import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { agentSettings } from '../src/runtime/agent/settings.ts'

/** Where the JSON Schema of agent.yaml is. `apigw agent init` names it in the file, for editors. */
export const schemaFile = 'templates/agent/agent.schema.json'

/** The JSON Schema of agent.yaml, from the schema that reads the file. Draft 7 is what editors of YAML know. */
export function agentSchema(): string {
  const schema = z.toJSONSchema(agentSettings, { io: 'input', target: 'draft-7' })
  return `${JSON.stringify({ ...schema, title: 'agent.yaml of apigw' }, null, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(schemaFile, agentSchema())
