import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { type Command, Config, Errors } from '@oclif/core'
import { expect, onTestFinished, vi } from 'vitest'

export const root = fileURLToPath(new URL('../../', import.meta.url))
export const bin = join(root, 'bin/run.js')

/** The exit code of a command, and its output. */
export interface Run {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

export interface RunOptions {
  readonly cwd: string
  /** Added to the machine's environment, from which `APIGW_…` variables are removed. */
  readonly env?: Readonly<Record<string, string>>
  /** A separate installation of apigw, with its own templates and bundles. */
  readonly root?: string
}

const steering = /^(?:APIGW_|DEBUG$|CI$|NO_COLOR$|FORCE_COLOR$|COLUMNS$|AWS_|npm_|GITHUB_ACTOR$|GITLAB_USER_LOGIN$)/

/** The machine's environment without variables that change what a command does. */
export function cleanEnv(more: RunOptions['env'] = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !steering.test(name))
  return { ...(Object.fromEntries(kept) as Record<string, string>), APIGW_ACTOR: 'tester', ...more }
}

/** The compiled program, started in a process of its own. */
export function childOf(args: readonly string[], { cwd, env }: RunOptions): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: cleanEnv(env) })
  // A process that should have exited does not outlive its test.
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Runs the compiled program in a process of its own. */
export function runCli(args: readonly string[], { stdin, ...options }: RunOptions & { readonly stdin?: string }): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = childOf(args, options)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ stdout, stderr, code: code ?? (signal === null ? -1 : 128) }))
    child.stdin.end(stdin)
  })
}

type CommandClass = typeof Command & { run(argv: string[], config: Config): Promise<unknown> }

const singles = new Set([
  'bootstrap',
  'deploy',
  'destroy',
  'dev',
  'diff',
  'doctor',
  'import',
  'init',
  'logs',
  'outputs',
  'prove',
  'send',
  'sign',
  'status',
])

const longTopics = new Set(['trail rules', 'trail dlq'])

/** How many words the name of the command has. */
function wordsOf([first = '', second = '']: readonly string[]): number {
  if (singles.has(first)) return 1
  return longTopics.has(`${first} ${second}`) ? 3 : 2
}

async function commandOf(args: readonly string[]): Promise<{ Class: CommandClass; id: string; argv: string[] }> {
  const words = wordsOf(args)
  const path = args.slice(0, words).join('/')
  const { default: Class }: { default: CommandClass } = await import(
    new URL(`../../src/commands/${path}.ts`, import.meta.url).href
  )
  return { Class, id: args.slice(0, words).join(':'), argv: args.slice(words) }
}

const config = Config.load(root)

function exitCodeOf(error: unknown): number {
  if (error instanceof Errors.ExitError) return error.oclif.exit ?? 1
  throw error
}

/** Runs a command's class in this process: several times faster than a new process, with the same result. */
export async function run(args: readonly string[], { cwd, env, root: installed = root }: RunOptions): Promise<Run> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk)
      return true
    }),
  )
  const before = { env: process.env, cwd: process.cwd(), exitCode: process.exitCode }
  process.env = cleanEnv(env)
  process.chdir(cwd)
  process.exitCode = undefined
  let code = 0
  try {
    const { Class, id, argv } = await commandOf(args)
    Class.id = id
    await Class.run(argv, await (installed === root ? config : Config.load(installed)))
  } catch (error) {
    code = exitCodeOf(error)
  } finally {
    code ||= Number(process.exitCode ?? 0)
    process.env = before.env
    process.chdir(before.cwd)
    process.exitCode = before.exitCode
    for (const spy of spies) spy.mockRestore()
  }
  return { ...written, code }
}

/** Runs a command that must succeed, and returns its output as data. */
export async function ok(args: readonly string[], options: RunOptions): Promise<string> {
  const { stdout, stderr, code } = await run(args, options)
  expect(code, stderr).toBe(0)
  return stdout
}

/** The same with `--json`, which writes nothing to stderr. */
export async function json(args: readonly string[], options: RunOptions): Promise<Record<string, unknown>> {
  const { stdout, stderr, code } = await run([...args, '--json'], options)
  expect({ stderr, code }, stdout).toEqual({ stderr: '', code: 0 })
  return JSON.parse(stdout)
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The default registry of a folder. */
export function registryFile(folder: string): string {
  return join(folder, '.apigw/registry.db')
}

/** The content of an SQLite registry, for a comparison before and after. */
export function contentsOf(file: string): Record<string, unknown[]> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const tables = ['profiles', 'credentials', 'retired', 'usage', 'open_reservations', 'idempotency', 'history']
    return Object.fromEntries(tables.map((table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]))
  } finally {
    db.close()
  }
}

export const secretPattern = /apigw_(?:live|test)_[0-9A-Za-z]{49}/g
export const keyIdPattern = /ak_(?:live|test)_[0-9A-Z]{20}/g

/** Every secret in a text, once per occurrence. */
export function secretsIn(text: string): string[] {
  return text.match(secretPattern) ?? []
}

export interface ShownError {
  readonly code: string
  readonly message: string
  readonly next: string | null
}

/** Checks the format that every text error has, and returns its message and its next command. */
export function shownError({ stdout, stderr }: Run): { message: string; next: string } {
  expect(stdout).toBe('')
  const lines = stderr.trimEnd().split('\n')
  expect(lines, stderr).toHaveLength(2)
  expect(lines[0]).toMatch(/^Error: \S/)
  expect(lines[1]).toMatch(/^Next: {2}\S/)
  return { message: (lines[0] ?? '').slice('Error: '.length), next: (lines[1] ?? '').slice('Next:  '.length) }
}

/** The same for a run with `--json`. */
export function jsonError({ stdout, stderr }: Run): ShownError {
  expect(stderr).toBe('')
  const { error, ...rest }: { error: ShownError } = JSON.parse(stdout)
  expect(rest).toEqual({})
  expect(Object.keys(error)).toEqual(['code', 'message', 'next'])
  return error
}

/** Whether any file in a folder or below it contains a text. */
export function folderHolds(folder: string, text: string): boolean {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text))
}
