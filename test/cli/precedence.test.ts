import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { json, ok, run, temporaryFolder } from './run.ts'

let cwd: string
const names = ['by-flag', 'by-env', 'by-file', 'by-stage', 'by-default'] as const

/** One registry for each place that can name one. Its only customer is named after the place. */
beforeEach(async () => {
  cwd = temporaryFolder()
  mkdirSync(join(cwd, 'sub'))
  for (const name of names) {
    const file = name === 'by-default' ? '.apigw/registry.db' : `${name}.db`
    await ok(['customer', 'add', name, '--registry', `sqlite:${file}`], { cwd })
  }
})

function writeConfig(): void {
  writeFileSync(
    join(cwd, 'apigw.yaml'),
    'version: 1\nstage: one\nstages:\n  one: {registry: "sqlite:by-file.db"}\n  two: {registry: "sqlite:by-stage.db"}\n  bare: {}\n',
  )
}

/** Which registry a command uses. */
async function used(args: readonly string[] = [], env: Record<string, string> = {}, folder = cwd): Promise<string> {
  const { customers } = (await json(['customer', 'list', ...args], { cwd: folder, env })) as { customers: { id: string }[] }
  return customers.map(({ id }) => id).join(' ')
}

describe('the registry: flag, then environment, then apigw.yaml, then default', () => {
  const flag = ['--registry', 'sqlite:by-flag.db']
  const env = { APIGW_REGISTRY: 'sqlite:by-env.db' }

  test('each source overrides the ones after it', async () => {
    expect(await used()).toBe('by-default')
    writeConfig()
    expect(await used()).toBe('by-file')
    expect(await used([], env)).toBe('by-env')
    expect(await used(flag, env)).toBe('by-flag')
  })
  test('the stage: flag, then environment, then the default of the file', async () => {
    writeConfig()
    expect(await used([], { APIGW_STAGE: 'two' })).toBe('by-stage')
    expect(await used(['--stage', 'one'], { APIGW_STAGE: 'two' })).toBe('by-file')
    expect(await used(['--stage', 'bare'])).toBe('by-default')
  })
  test('a path in the file is relative to the file, and a path in a flag to the current folder', async () => {
    writeConfig()
    const sub = join(cwd, 'sub')
    expect(await used(['--config', '../apigw.yaml'], {}, sub)).toBe('by-file')
    expect(await used([], { APIGW_CONFIG: '../apigw.yaml' }, sub)).toBe('by-file')
    expect(await used(['--registry', 'sqlite:../by-flag.db'], {}, sub)).toBe('by-flag')
    expect(await used(['--registry', `sqlite:${join(cwd, 'by-flag.db')}`], {}, sub)).toBe('by-flag')
  })
  test('reading a registry that does not exist does not create it', async () => {
    expect(await used([], {}, join(cwd, 'sub'))).toBe('')
    expect(await run(['customer', 'add', 'xx', '--dry-run'], { cwd: join(cwd, 'sub') })).toMatchObject({ code: 0 })
    expect(await run(['customer', 'show', 'x'], { cwd: join(cwd, 'sub') })).toMatchObject({ code: 2 })
    expect(readdirSync(join(cwd, 'sub'))).toEqual([])
  })
})

describe('the gateway', () => {
  async function gateway(args: readonly string[] = [], env: Record<string, string> = {}): Promise<string> {
    const { stdout } = await run(['doctor', '--json', ...args], { cwd, env })
    const { checks } = JSON.parse(stdout) as { checks: { name: string; detail: string }[] }
    return checks.find(({ name }) => name === 'gateway')?.detail.split(' ')[0] ?? ''
  }

  test('flag, environment, apigw.yaml, a running apigw dev, default', async () => {
    expect(await gateway()).toBe('http://127.0.0.1:8080')
    writeFileSync(
      join(cwd, '.apigw/dev.json'),
      JSON.stringify({ pid: 1, gateway: 'http://127.0.0.1:5', sqs: 'http://127.0.0.1:6' }),
    )
    expect(await gateway()).toBe('http://127.0.0.1:5')
    writeFileSync(join(cwd, '.apigw/dev.json'), '{"pid":')
    expect(await gateway()).toBe('http://127.0.0.1:8080')
    writeFileSync(join(cwd, 'apigw.yaml'), 'version: 1\nstages: {one: {gateway: "http://127.0.0.1:4"}}\n')
    expect(await gateway()).toBe('http://127.0.0.1:4')
    expect(await gateway([], { APIGW_GATEWAY: 'http://127.0.0.1:3' })).toBe('http://127.0.0.1:3')
    expect(await gateway(['--gateway', 'http://127.0.0.1:2'], { APIGW_GATEWAY: 'http://127.0.0.1:3' })).toBe('http://127.0.0.1:2')
  })
})

test('the origin code: environment, apigw.yaml, a running apigw dev, none', async () => {
  const used = async (env: Record<string, string> = {}) =>
    ((await json(['customer', 'show', 'by-default'], { cwd, env })) as { originCode: { code: string } | null }).originCode?.code
  expect(await used()).toBeUndefined()
  writeFileSync(join(cwd, '.apigw/dev.json'), JSON.stringify({ pid: 1, originCode: 'DEV1' }))
  expect(await used()).toBe('DEV1')
  const yaml = (code: string) =>
    writeFileSync(join(cwd, 'apigw.yaml'), `version: 1\nstages: {one: {deploy: {originCode: ${code}}}}\n`)
  yaml('"0123"')
  expect(await used({ APIGW_REGISTRY: 'sqlite:.apigw/registry.db' })).toBe('0123')
  expect(await used({ APIGW_REGISTRY: 'sqlite:.apigw/registry.db', APIGW_ORIGIN_CODE: 'ENV1' })).toBe('ENV1')
  // Without quotes it would be read as an octal number.
  for (const code of ['0123', '"a b"']) {
    yaml(code)
    expect(await run(['customer', 'show', 'by-default'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('originCode'),
    })
  }
})

describe('flags from the environment', () => {
  test('a value, a list of values, and a boolean', async () => {
    const env = { APIGW_DAY: '7', APIGW_QUEUE: 'carrier-a', APIGW_KEY: 'live', APIGW_NAME: 'From Env' }
    expect(await json(['customer', 'add', 'envy'], { cwd, env })).toMatchObject({
      name: 'From Env',
      quotas: { live: { day: 7 } },
      keys: [{ environment: 'live' }],
    })
    const ranges = { APIGW_ALLOW_IP: '10.0.0.0/8,192.0.2.1' }
    expect(await json(['key', 'issue', 'envy'], { cwd, env: ranges })).toMatchObject({ allowIps: ['10.0.0.0/8', '192.0.2.1'] })
    expect(await json(['key', 'issue', 'envy', '--allow-ip', '::1'], { cwd, env: ranges })).toMatchObject({ allowIps: ['::1'] })
    expect(await json(['quota', 'set', 'envy', '--day', '9'], { cwd, env })).toMatchObject({ day: 9 })
    expect(await json(['customer', 'remove', 'envy', '--yes'], { cwd, env: { APIGW_DRY_RUN: '1' } })).toMatchObject({
      removed: false,
      dryRun: true,
    })
    expect(await json(['customer', 'remove', 'envy'], { cwd, env: { APIGW_YES: 'true', APIGW_DRY_RUN: 'false' } })).toMatchObject(
      { removed: true, dryRun: false },
    )
  })
  test('an invalid value gets the same error as the flag', async () => {
    expect(await run(['quota', 'show', 'by-default'], { cwd, env: { APIGW_ENV: 'prod' } })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--env=prod'),
    })
  })
})

describe('who made a change', () => {
  test.each([
    { env: { APIGW_ACTOR: 'kim', GITHUB_ACTOR: 'bot' }, who: 'kim' },
    { env: { APIGW_ACTOR: 'a\u0007b' }, who: 'ab' },
  ])('$who', async ({ env, who }) => {
    await ok(['customer', 'set', 'by-default', '--name', 'x'], { cwd, env })
    expect(await json(['customer', 'show', 'by-default'], { cwd })).toMatchObject({ history: [{ who }, {}] })
    // No value may send control sequences to the reader's terminal.
    expect(await ok(['customer', 'show', 'by-default'], { cwd })).not.toContain('\u0007')
  })
})
