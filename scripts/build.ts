import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundle.ts'

// Compiles src/ into dist/, bundles the Lambda functions into dist/lambda/ and writes oclif's manifest; does nothing when dist/ is newer than all it is made from, so
// that `npm start` and `npm test` beside each other never take the compiled code away from under one another.
const inputs = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.ts', 'scripts/bundle.ts']
const stamp = 'dist/.built'

function newest(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

function run(...command: [string, ...string[]]): void {
  const [program, ...args] = command
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

function upToDate(): boolean {
  return existsSync(stamp) && existsSync('oclif.manifest.json') && statSync(stamp).mtimeMs >= Math.max(...inputs.map(newest))
}

if (!upToDate()) {
  const startedAt = new Date()
  const fresh = `dist.${process.pid}`
  run('tsc', '-p', 'tsconfig.build.json', '--outDir', fresh)
  await bundle(join(process.cwd(), fresh, 'lambda'))
  // Whole and at once: a command that was removed leaves nothing behind, and nobody sees half a build.
  rmSync('dist', { recursive: true, force: true })
  renameSync(fresh, 'dist')
  run('oclif', 'manifest')
  writeFileSync(stamp, startedAt.toISOString())
}
