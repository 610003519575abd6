import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { generatedClients } from '../../scripts/clients.ts'

it('the generated parts of the clients match the OpenAPI document', async () => {
  for (const [file, text] of await generatedClients()) {
    const kept = readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
    expect(kept === text, `${file} is outdated: run node scripts/clients.ts`).toBe(true)
  }
})
