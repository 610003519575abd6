import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Command, Config } from '@oclif/core'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { cleanEnv, root, run, runCli, temporaryFolder } from './run.ts'

const config = await Config.load(root)
const commands = config.commands.filter((command) => command.pluginName === 'apigw').sort((a, b) => a.id.localeCompare(b.id))
const named = commands.map((command) => ({ name: command.id.replaceAll(':', ' '), command }))

/** Flags whose variable has a different name, with the reason. */
const otherVariable = new Map([
  // APIGW_CREDENTIALS contains the secret itself; no flag does.
  ['credentials', 'APIGW_CREDENTIALS_FROM'],
])
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
const verbs = new Set([
  'accept',
  'cancel',
  'erase',
  'close',
  'csv',
  'copy',
  'backup',
  'diff',
  'restore',
  'validate',
  'add',
  'deliveries',
  'enable',
  'allow',
  'apply',
  'block',
  'doctor',
  'encrypt',
  'explain',
  'export',
  'find',
  'import',
  'init',
  'preview',
  'retry',
  'run',
  'iam',
  'install',
  'issue',
  'list',
  'match',
  'peek',
  'promote',
  'purge',
  'redrive',
  'remove',
  'replay',
  'resolve',
  'resume',
  'status',
  'revoke',
  'rewrap',
  'rotate',
  'sample',
  'set',
  'show',
  'suspend',
  'test',
  'top',
  'unblock',
  'uninstall',
  'estimate',
])

/** Who does what with what: the three parts of a request, in the order in which IAM describes one. */
const threeArguments = new Set(['audit explain', 'audit iam'])

function examplesOf(command: Command.Loadable): string[] {
  return (command.examples ?? []).map((example) =>
    (typeof example === 'string' ? example : example.command).replaceAll('<%= config.bin %>', config.bin),
  )
}

/** The arguments of a command line, without quotes. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
}

describe.each(named)('$name', ({ name, command }) => {
  test('is a topic and a verb, or one of the few exceptions that are both', () => {
    const parts = name.split(' ')
    const topics = parts.slice(0, -1)
    const verb = parts.at(-1)
    // `trail rules list`: a topic within a topic, and no deeper.
    expect(topics.length).toBeLessThanOrEqual(2)
    if (topics.length === 0) expect(singles).toContain(verb)
    else {
      expect(verbs).toContain(verb)
      const known = config.topics.find((topic) => topic.name.replaceAll(':', ' ') === topics.join(' '))
      expect(known?.description).toMatch(/\S/)
    }
  })
  test('has a one-line summary', () => {
    expect(command.summary).toMatch(/^[a-z][^\n]{5,78}[^.\s]$/)
  })
  test('supports JSON', () => {
    expect(command.enableJsonFlag).toBe(true)
    expect(Object.keys(command.flags)).toContain('json')
  })
  test('has a variable for each flag, named after it, and a summary', () => {
    for (const [flag, { env, summary }] of Object.entries(command.flags).filter(
      ([known]) => known !== 'json' && known !== 'help',
    )) {
      expect(env, flag).toBe(otherVariable.get(flag) ?? `APIGW_${flag.replaceAll('-', '_').toUpperCase()}`)
      expect(summary, flag).toMatch(/\S/)
      expect(summary, flag).not.toMatch(/\.$/)
    }
  })
  test('has examples that begin with the program, name this command, and use existing flags and valid values', () => {
    const examples = examplesOf(command)
    expect(examples.some((example) => example.startsWith(`${config.bin} ${name}`))).toBe(true)
    for (const example of examples) {
      expect(example).toMatch(new RegExp(`(?:^|\\| )${config.bin} ${name}(?: |$)`))
      const typed = words(example.slice(example.indexOf(`${config.bin} ${name}`)))
      for (const [at, word] of typed.entries()) {
        if (!word.startsWith('--')) continue
        const flag = command.flags[word.slice(2)]
        expect(flag, word).toBeDefined()
        if (flag?.type === 'option' && flag.options !== undefined) expect(flag.options).toContain(typed[at + 1])
      }
    }
  })
  test('describes its arguments', () => {
    for (const arg of Object.values(command.args)) expect(arg.description).toMatch(/\S/)
    expect(Object.keys(command.args).length).toBeLessThanOrEqual(threeArguments.has(name) ? 3 : 2)
  })
})

test('a flag means the same everywhere: same variable and same type', () => {
  const seen = new Map<string, string>()
  for (const { flags } of commands) {
    for (const [flag, { env, type, char }] of Object.entries(flags)) {
      const kind = JSON.stringify({ env, type, char })
      expect(seen.get(flag) ?? kind, flag).toBe(kind)
      seen.set(flag, kind)
    }
  }
})

test('every command that changes something has a dry run', () => {
  const changing = commands.filter(({ id }) =>
    /:(?:add|allow|block|close|install|issue|promote|remove|resume|revoke|set|suspend|unblock)$|^(?:bootstrap|deploy|destroy|init)$/.test(
      id,
    ),
  )
  expect(changing.length).toBeGreaterThanOrEqual(19)
  for (const { id, flags } of changing) expect(Object.keys(flags), id).toContain('dry-run')
})

test('every command listed here also runs in process, except for --help', async () => {
  for (const { name } of named)
    expect(await run([...name.split(' '), '--no-such-flag'], { cwd: temporaryFolder() })).toMatchObject({ code: 2 })
})

/** Replaces what differs between machines and releases. */
function normal(text: string): string {
  return text.replace(/apigw\/\S+ \S+ node-v\S+/, 'apigw/VERSION PLATFORM NODE').replaceAll(/[ \t]+$/gm, '')
}

const columns = { COLUMNS: '100', OCLIF_COLUMNS: '100', NO_COLOR: '1' }

/** The help of each name, from one process. */
async function helpOf(names: readonly string[]): Promise<readonly string[]> {
  const args = [join(import.meta.dirname, 'all-help.ts'), root, ...names]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: temporaryFolder(),
    env: cleanEnv(columns),
    maxBuffer: 2 ** 24,
  })
  return z.array(z.string()).parse(JSON.parse(stdout))
}

test('the help of the program, its topics and its commands matches the reviewed text', async () => {
  const topics = [...new Set(named.map(({ name }) => name.split(' ')[0] ?? ''))].filter((topic) => !singles.has(topic))
  const asked = ['', ...topics, ...named.map(({ name }) => name)]
  const texts = await helpOf(asked)
  const shown = texts.map((text, index) => `$ ${`apigw ${asked[index]}`.trim()} --help\n${text}`)
  await expect(normal(shown.join('\n'))).toMatchFileSnapshot('help.txt')
})

test.each(['', 'customer', 'customer add'])('the program prints the same help: "%s"', async (name) => {
  const args = [...name.split(' ').filter(Boolean), '--help']
  const { stdout, stderr, code } = await runCli(args, { cwd: temporaryFolder(), env: columns })
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect([stdout]).toEqual(await helpOf([name]))
})
