import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Bench } from './lib/bench.ts'
import { cleanUp, missingPrograms } from './lib/children.ts'
import { print } from './lib/report.ts'

const usage = `npm run bench -- [NAME…] [--rounds N] [--seconds N] [--minutes N]

Runs the measurements of bench/, side by side and in turn, and prints ratios. It asserts nothing.`

function natural(text: string, flag: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`--${flag} has to be a whole number from 1, and "${text}" is none.`)
}

function benchNames(): string[] {
  const files = readdirSync(new URL('./', import.meta.url)).filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  return files.map((file) => file.slice(0, -'.ts'.length)).sort()
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '20' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const names = benchNames()
  if (values.help) return print(`${usage}\n\nNames: ${names.join(', ')}`)
  const unknown = positionals.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`Unknown benchmark "${unknown}". Available: ${names.join(', ')}.`)
  const options = {
    rounds: natural(values.rounds, 'rounds'),
    seconds: natural(values.seconds, 'seconds'),
    minutes: natural(values.minutes, 'minutes'),
  }
  for (const name of positionals.length === 0 ? names : positionals) {
    const { default: bench }: { default: Bench } = await import(`./${name}.ts`)
    if (bench.byNameOnly === true && positionals.length === 0) {
      print(`\n${name}: left out; it runs by its name`)
      continue
    }
    const missing = missingPrograms(bench.needs ?? ['wrk', 'redis-server'])
    if (missing !== undefined) throw new Error(`${name} needs programs that are not installed. Run: ${missing}`)
    print(`\n${name}: ${bench.question}`)
    await bench.run(options)
  }
}

process.on('exit', cleanUp)
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => process.exit(code))
}
try {
  await main()
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
