import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { randomId } from '../../src/domain/ids.ts'

/** A name that no other test uses: all tests share one Redis and one MariaDB. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomId(10).toLowerCase()}`
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-runtime-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
