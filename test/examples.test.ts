import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Config } from '@oclif/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Local, startLocal } from '../src/dev/local/index.ts'
import { addCustomer, issueKey } from '../src/operations/customers/index.ts'
import { loadCarriers } from '../src/runtime/worker/carriers.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const examples = join(root, 'examples')
const folder = mkdtempSync(join(tmpdir(), 'apigw-example-files-'))

let local: Local
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  const faults: string[] = []
  local = await startLocal({
    folder: join(folder, 'data'),
    port: 0,
    sqsPort: 0,
    actor: { who: 'test', from: 'test' },
    onFault: (what, error) => faults.push(`${what}: ${String(error)}`),
  })
  await addCustomer(local.context, { id: 'acme', quota: { day: 1000 }, queue: 'carrier-a', senders: ['1588-1234'] })
  const { basic } = await issueKey(local.context, 'acme', { scheme: 'basic', environment: 'live' })
  env = { ...process.env, APIGW_URL: local.gateway, APIGW_CREDENTIALS: basic }
})

afterAll(async () => {
  await local.stop()
  rmSync(folder, { recursive: true, force: true })
})

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, program)))
}

async function customerExample(program: string, file: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(program, [join(examples, 'customer', file), ...args], { cwd: folder, env })
  return stdout
}

async function unitsUsed(): Promise<number> {
  return (await local.context.registry.usage('acme', 'live')).usage.dayUsed
}

describe('the customer examples', () => {
  it.for([
    ['bash', 'send.sh'],
    ['python3', 'send.py'],
  ] as const)('%s customer/%s sends a message once, however often it runs', async ([program, file], { skip }) => {
    if (!isInstalled(program)) return skip(`${program} is not installed`)
    const before = await unitsUsed()
    const first = await customerExample(program, file, `key-of-${file}`)
    const second = await customerExample(program, file, `key-of-${file}`)
    expect(JSON.parse(first)).toMatchObject({ status: 'accepted' })
    expect(JSON.parse(second)).toEqual(JSON.parse(first))
    expect(await unitsUsed()).toBe(before + 1)
  })

  it('customer/send.mjs sends the valid rows of a batch, and says which row is invalid', async () => {
    const answer = JSON.parse(await customerExample(process.execPath, 'send.mjs'))
    expect(answer).toMatchObject({ accepted: 2, rejected: 1 })
    expect(answer.results[2].problem.errors[0].pointer).toBe('/to')
  })

  it('customer/reports.mjs prints a report for each message, and keeps the cursor', async () => {
    await customerExample(process.execPath, 'send.mjs', 'for-reports')
    const printed = await customerExample(process.execPath, 'reports.mjs', 'cursor.txt', '1')
    expect(printed).toMatch(/delivered/)
    expect(readFileSync(join(folder, 'cursor.txt'), 'utf8')).not.toBe('')
  })
})

describe('the operator examples', () => {
  it('operator/apigw.yaml is a valid project file', async () => {
    const config = join(examples, 'operator/apigw.yaml')
    const { stdout } = await run(process.execPath, [join(root, 'bin/run.js'), 'customer', 'list', '--config', config, '--json'], {
      cwd: folder,
      env,
    })
    expect(JSON.parse(stdout)).toBeTruthy()
  })

  it('operator/carriers.yaml is a valid list of carriers', () => {
    const carriers = loadCarriers(join(examples, 'operator/carriers.yaml'))
    expect(carriers.map(({ queue }) => queue)).toEqual(['carrier-a', 'carrier-b'])
  })

  it('operator/github-actions.yml runs only commands and flags that exist', async () => {
    const config = await Config.load(root)
    const { jobs } = parse(readFileSync(join(examples, 'operator/github-actions.yml'), 'utf8'))
    const steps: { run?: string }[] = jobs.checks.steps
    const commands = steps.flatMap(({ run: line = '' }) => (line.startsWith('npx apigw ') ? [line.split(' ').slice(2)] : []))
    expect(commands.length).toBeGreaterThan(0)
    for (const words of commands) {
      const names = words.filter((word) => /^[a-z]/.test(word))
      const command = config.findCommand(names.slice(0, 2).join(':')) ?? config.findCommand(names[0] ?? '')
      const flags = Object.keys(command?.flags ?? {})
      for (const word of words.filter((one) => one.startsWith('--'))) expect(flags).toContain(word.slice(2))
    }
  })
})

it('examples/README.md names every example', () => {
  const page = readFileSync(join(examples, 'README.md'), 'utf8')
  const files = ['customer', 'operator'].flatMap((name) => readdirSync(join(examples, name)).map((file) => `${name}/${file}`))
  expect(files.filter((file) => !page.includes(`(${file})`))).toEqual([])
})
