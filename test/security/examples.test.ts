import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Local, startLocal } from '../../src/dev/local/index.ts'
import type { Scheme } from '../../src/domain/credential.ts'
import { addCustomer, issueKey } from '../../src/operations/customers/index.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'apigw-examples-'))
const bin = join(folder, 'bin')

/** The interpreter of each language, and the file name it needs. */
const runners: Readonly<Record<string, { program: string; file: string }>> = {
  bash: { program: 'bash', file: 'example.sh' },
  js: { program: process.execPath, file: 'example.mjs' },
  python: { program: 'python3', file: 'example.py' },
  java: { program: 'java', file: 'Send.java' },
  php: { program: 'php', file: 'example.php' },
}

interface Example {
  readonly name: string
  readonly language: string
  readonly scheme: Scheme
  readonly code: string
}

const examples: Example[] = [...page.matchAll(/```(bash|js|python|java|php)\n([\s\S]*?)```/g)].flatMap(
  ([, language = '', code = '']) => {
    const [, name = '', scheme] = /(?:#|\/\/) example: (\w+ (basic|hmac|jwt))/.exec(code) ?? []
    return scheme === 'basic' || scheme === 'hmac' || scheme === 'jwt' ? [{ name, language, scheme, code }] : []
  },
)

function isInstalled(program: string): boolean {
  return existsSync(program) || (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, program)))
}

let local: Local
const credentials = new Map<Scheme, string>()
const faults: string[] = []

beforeAll(async () => {
  local = await startLocal({
    folder: join(folder, 'data'),
    port: 0,
    sqsPort: 0,
    actor: { who: 'test', from: 'test' },
    onFault: (what, error) => faults.push(`${what}: ${String(error)}`),
  })
  await addCustomer(local.context, { id: 'acme', quota: { day: 1000 }, queue: 'carrier-a', senders: ['1588-1234'] })
  for (const scheme of ['basic', 'hmac', 'jwt'] as const) {
    const { basic } = await issueKey(local.context, 'acme', { scheme, environment: 'live' })
    credentials.set(scheme, basic)
  }
  mkdirSync(bin)
  writeFileSync(join(bin, 'apigw'), `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'bin/run.js')}" "$@"\n`)
  chmodSync(join(bin, 'apigw'), 0o755)
})

afterAll(async () => {
  await local.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('the examples of docs/security.md', () => {
  it('exist for every language', () => {
    expect(examples.map((example) => example.name)).toEqual([
      'curl basic',
      'curl jwt',
      'curl hmac',
      'node hmac',
      'python hmac',
      'java hmac',
      'php hmac',
    ])
  })

  it.for(examples)('$name sends a message', async ({ language, scheme, code, name }, { skip }) => {
    const runner = runners[language]
    if (runner === undefined || !isInstalled(runner.program)) return skip(`${language} is not installed`)
    const cwd = join(folder, name.replace(' ', '-'))
    mkdirSync(cwd)
    writeFileSync(join(cwd, runner.file), code)
    const before = local.counters.accepted
    const env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      APIGW_URL: `${local.gateway}/v1.0/messages`,
      APIGW_CREDENTIALS: credentials.get(scheme),
    }
    const { stdout } = await run(runner.program, [runner.file], { cwd, env })
    expect(stdout).toMatch(/"status":"accepted"/)
    expect(local.counters.accepted).toBe(before + 1)
    expect(faults).toEqual([])
  })
})
