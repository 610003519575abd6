import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { importFaults } from '../scripts/check-imports.ts'

const folder = mkdtempSync(join(tmpdir(), 'apigw-imports-'))
afterAll(() => rmSync(folder, { recursive: true }))

function faultsOf(file: string, text: string): string[] {
  const path = join(folder, file)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  const faults = importFaults(folder)
  rmSync(path)
  return faults
}

describe('the module structure', () => {
  it('has no import that points upwards or bypasses an entry point', () => {
    expect(importFaults(join(import.meta.dirname, '../src'))).toEqual([])
  })

  it.each([
    ['domain/a.ts', "import { x } from '../registry/index.ts'", 'may not use "registry"'],
    ['registry/a.ts', "import type { x } from '../runtime/ports/index.ts'", 'may not use "runtime/ports"'],
    ['runtime/worker/a.ts', "export { x } from '../gateway/index.ts'", 'may not use "runtime/gateway"'],
    ['runtime/gateway/a.ts', "const x = await import('../../cli/base.ts')", 'may not use "cli"'],
    ['operations/customers/a.ts', "import {\n  x,\n} from '../../registry/sqlite/store.ts'", 'its index.ts'],
    ['runtime/gateway/http/a.ts', "import { x } from '../messages/submit.ts'", 'may not use "runtime/gateway/messages"'],
    ['client/a.ts', "import { x } from '../registry/index.ts'", 'may not use "registry"'],
    ['runtime/gateway/b.ts', "import { IAMClient } from '@aws-sdk/client-iam'", 'no place in what is deployed'],
    ['unheard-of/a.ts', "import { x } from '../domain/ids.ts'", 'does not list its room'],
  ])('notices %s', (file, text, fault) => {
    expect(faultsOf(file, text)).toEqual([expect.stringContaining(fault)])
  })
})
