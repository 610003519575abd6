import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openApi } from '../src/runtime/gateway/docs/openapi.ts'
import { placeholderOrigin } from '../src/runtime/gateway/docs/origin.ts'
import { discoverEndpoints } from '../src/runtime/gateway/versions/endpoints.ts'
import { apiOf } from './clients/model.ts'
import { postmanText } from './clients/postman.ts'
import { pythonText } from './clients/python.ts'
import { typescriptText } from './clients/typescript.ts'

// Writes the generated parts of clients/ from the OpenAPI document.
const root = fileURLToPath(new URL('..', import.meta.url))

/** What is generated, by file. */
export async function generatedClients(): Promise<ReadonlyMap<string, string>> {
  const api = apiOf(openApi(await discoverEndpoints()))
  return new Map([
    ['clients/typescript/src/generated.ts', formatted(typescriptText(api))],
    ['clients/python/messaging_api/generated.py', pythonText(api)],
    ['clients/postman/collection.json', postmanText(api, placeholderOrigin)],
  ])
}

/** Formatted as all other TypeScript is. */
function formatted(text: string): string {
  const options = { cwd: root, input: text, encoding: 'utf8' } as const
  return execFileSync('node_modules/.bin/biome', ['format', '--stdin-file-path=clients/typescript/src/generated.ts'], options)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of await generatedClients()) writeFileSync(`${root}/${file}`, text)
}
