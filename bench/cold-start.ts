import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundle } from '../scripts/bundle.ts'
import type { Bench, BenchOptions } from './lib/bench.ts'
import { median, print, printTable, whole } from './lib/report.ts'

/** Milliseconds of processor time that a process takes to run a line of code. The machine may be busy, which does not count. */
function cpuMs(code: string): number {
  const line = `${code};process.stdout.write(String(Object.values(process.cpuUsage()).reduce((all, one) => all + one, 0)))`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', line], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return Number(stdout) / 1_000
}

async function run({ rounds }: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-cold-start-'))
  try {
    const names = [...(await bundle(folder)).keys()].toSorted()
    const paths = names.map((name) => join(folder, `${name}.mjs`))
    const imports = paths.map((path) => `await import(${JSON.stringify(pathToFileURL(path).href)})`)
    const empty: number[] = []
    const times = names.map((): number[] => [])
    for (let round = 0; round < rounds; round++) {
      empty.push(cpuMs('0'))
      for (const [at, code] of imports.entries()) times[at]?.push(cpuMs(code))
    }
    const base = median(empty)
    const rows = names.map((name, at) => [
      name,
      `${whole(statSync(paths[at] ?? '').size / 1024)} KB`,
      `${whole(gzipSync(readFileSync(paths[at] ?? '')).length / 1024)} KB`,
      (median(times[at] ?? []) / base).toFixed(2),
    ])
    print(`node -e 0 takes 1; median of ${rounds} rounds, each bundle in turn`)
    printTable(['bundle', 'size', 'compressed', 'start'], rows)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const bench: Bench = {
  question: 'How much longer does Node take to start with the code of a Lambda function?',
  needs: [],
  run,
}
export default bench
