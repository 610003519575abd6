import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundle, bundleAgent, bundleContainers } from './bundle.ts'

// Compiles src/ into dist/, bundles the Lambda functions into dist/lambda/, the container image's
// commands into dist/container/ and the agent into dist/agent/, and writes oclif's manifest. Does nothing when
// dist/ is newer than its inputs, so `npm start` and `npm test` can run side by side.
const inputs = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.ts', 'scripts/bundle.ts']
const stamp = 'dist/.built'
/** Where tsc keeps what it knows of the last build, and that build: an edit then compiles one file and not all. */
const cache = 'node_modules/.cache/apigw/tsc'
const lock = 'node_modules/.cache/apigw/build.lock'
const staleLockMs = 120_000

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

/** Compiles into the cache and copies what still has a source: a file that was removed leaves nothing behind. */
function compile(folder: string): void {
  run('tsc', '-p', 'tsconfig.build.json', '--incremental', '--outDir', cache, '--tsBuildInfoFile', join(cache, '.tsbuildinfo'))
  for (const source of globSync('src/**/*.ts', { exclude: ['src/**/*.d.ts'] })) {
    const compiled = source.replace(/^src\//, '').replace(/\.ts$/, '.js')
    mkdirSync(dirname(join(folder, compiled)), { recursive: true })
    for (const file of [compiled, `${compiled}.map`]) cpSync(join(cache, file), join(folder, file))
  }
}

async function make(): Promise<void> {
  const startedAt = new Date()
  const fresh = `dist.${process.pid}`
  try {
    compile(fresh)
  } catch (error) {
    // tsc believes its notes: where an output they name was deleted, only a build from scratch writes it again.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    rmSync(cache, { recursive: true, force: true })
    compile(fresh)
  }
  await bundle(join(process.cwd(), fresh, 'lambda'))
  await bundleContainers(join(process.cwd(), fresh, 'container'))
  await bundleAgent(join(process.cwd(), fresh, 'agent'))
  // Swapped in as a whole: another process never sees half a build.
  rmSync('dist', { recursive: true, force: true })
  renameSync(fresh, 'dist')
  run('oclif', 'manifest')
  writeFileSync(stamp, startedAt.toISOString())
}

/** Two builds share the cache, so one waits for the other. A lock that a killed build left is ignored after a while. */
async function locked(work: () => Promise<void>): Promise<void> {
  mkdirSync(dirname(lock), { recursive: true })
  for (let waitedMs = 0; waitedMs < staleLockMs; waitedMs += 100) {
    try {
      mkdirSync(lock)
      break
    } catch {
      await sleep(100)
    }
  }
  try {
    await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

if (!upToDate()) {
  await locked(async () => {
    if (!upToDate()) await make()
  })
}
