import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What makes a test slow to start: real services, the compiled command, or another process. */
const needsMore = /\binject\(|\bbin\/run\.js|\bdist\/|node:child_process|scripts\/bundle\.ts|src\/dev\/(?:local|prove)\/index\.ts/

/** Files of `test/` that a file imports. Those of `src/` do not count: they start nothing on import. */
function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(/from '(\.{1,2}\/[^']+)'/g)].map(([, path = '']) => join(dirname(file), path))
}

function needsServices(file: string, seen: Set<string>): boolean {
  if (seen.has(file) || !existsSync(file)) return false
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  if (needsMore.test(text)) return true
  return importsOf(file, text).some(
    (path) => (path.startsWith('test/') || path.startsWith('scripts/')) && needsServices(path, seen),
  )
}

/**
 * Every test file by its kind, read from what it imports, so that a new file needs no entry in a list.
 * `unit`: runs in its own process with nothing beside it. `integration`: needs real services or starts processes.
 */
export function testFiles(): { unit: string[]; integration: string[] } {
  const files = globSync('test/**/*.test.ts').sort()
  const { unit = [], integration = [] } = Object.groupBy(files, (file) =>
    needsServices(file, new Set()) ? 'integration' : 'unit',
  )
  return { unit, integration }
}
