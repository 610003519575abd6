import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { jsonError, type Run, registryFile, run, runCli, shownError, temporaryFolder } from './run.ts'

const changes = ['customer', 'add', 'acme', '--day', '5', '--key', 'live'] as const
const password = 'hunter2hunter2'

/** Runs a failing change with text output and with JSON output. */
async function refused(cwd: string, ...more: string[]): Promise<{ text: Run; message: string; next: string; code: string }> {
  const text = await run([...changes, ...more], { cwd })
  const program = await run([...changes, ...more, '--json'], { cwd })
  const shown = shownError(text)
  const { code, ...same } = jsonError(program)
  expect(same).toEqual(shown)
  expect(program.code).toBe(text.code)
  return { text, ...shown, code }
}

function folderWith(config: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'apigw.yaml'), config)
  return folder
}

describe('a broken apigw.yaml: the error gives file, place and reason', () => {
  test.each([
    { what: 'syntax', config: 'version: 1\nstages:\n  dev: {registry: [\n', message: /apigw\.yaml, line [34]: / },
    { what: 'a tab', config: 'version: 1\nstages:\n\tdev: {}\n', message: /apigw\.yaml, line 3: / },
    {
      what: 'an unknown field of a stage',
      config: 'version: 1\nstages:\n  dev: {registri: "sqlite:a"}\n',
      message: /apigw\.yaml, line 3, stages\.dev\.registri: is not a known field\.$/,
    },
    {
      what: 'an unknown field',
      config: 'version: 1\nstagez: {}\nstages: {dev: {}}\n',
      message: /apigw\.yaml, line 2, stagez: is not a known field\.$/,
    },
    { what: 'another version', config: 'version: 2\nstages: {dev: {}}\n', message: /apigw\.yaml, line 1, version: must be 1\.$/ },
    { what: 'no stages', config: 'version: 1\n', message: /apigw\.yaml, stages: is missing\.$/ },
    {
      what: 'a gateway that is not a URL',
      config: 'version: 1\nstages: {dev: {gateway: nowhere}}\n',
      message: /line 2, stages\.dev\.gateway: is not a valid URL\.$/,
    },
    {
      what: 'an invalid region',
      config: 'version: 1\nstages: {dev: {region: Seoul}}\n',
      message: /stages\.dev\.region: .*ap-northeast-2/,
    },
    { what: 'an empty file', config: '', message: /apigw\.yaml: must be a map\.$/ },
    { what: 'an alias without an anchor', config: 'version: 1\nstages: *none\n', message: /apigw\.yaml.*: .*none/ },
    { what: 'a list', config: '- 1\n', message: /apigw\.yaml: / },
  ])('$what', async ({ config, message }) => {
    const folder = folderWith(config)
    const shown = await refused(folder)
    expect(shown.message).toMatch(message)
    expect(shown.message).toContain(folder)
    expect(shown.message.match(/line \d+/g) ?? []).not.toHaveLength(2)
    expect(shown).toMatchObject({ code: 'config-invalid', next: expect.stringMatching(/^correct it/), text: { code: 2 } })
    expect(readdirSync(folder)).toEqual(['apigw.yaml'])
  })

  const twoStages = 'version: 1\nstages:\n  dev: {registry: "sqlite:dev.db"}\n  prod: {registry: "sqlite:prod.db"}\n'
  test('an unknown stage: the error lists the stages that exist', async () => {
    const folder = folderWith(twoStages)
    const shown = await refused(folder, '--stage', 'production')
    expect(shown).toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('"production"'),
      next: expect.stringContaining('dev, prod'),
    })
    expect(readdirSync(folder)).toEqual(['apigw.yaml'])
  })
  test('with several stages, none is chosen by default', async () => {
    const folder = folderWith(twoStages)
    expect(await refused(folder)).toMatchObject({ code: 'config-invalid', next: 'add --stage dev|prod' })
    expect(readdirSync(folder)).toEqual(['apigw.yaml'])
  })
  test('a stage without a file, and a file that does not exist', async () => {
    const folder = temporaryFolder()
    expect(await refused(folder, '--stage', 'prod')).toMatchObject({
      code: 'config-invalid',
      next: 'apigw init',
      text: { code: 2 },
    })
    const missing = await refused(folder, '--config', 'elsewhere.yaml')
    expect(missing).toMatchObject({ code: 'config-invalid', message: expect.stringContaining('elsewhere.yaml') })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a plain-text password is refused and not repeated', () => {
  const address = `redis://user:${password}@127.0.0.1:1`

  test.each([[['--registry', address]], [[`--registry=${address}`]], [['--registry', `rediss://:${password}@127.0.0.1:1`]]])(
    'in an argument: %j',
    async (args) => {
      const folder = temporaryFolder()
      const shown = await refused(folder, ...args)
      expect(shown).toMatchObject({
        code: 'secret-in-argument',
        next: expect.stringContaining('APIGW_REGISTRY_PASSWORD'),
        text: { code: 2 },
      })
      expect(JSON.stringify(shown)).not.toContain(password)
    },
  )
  test('in apigw.yaml', async () => {
    const shown = await refused(folderWith(`version: 1\nstages:\n  prod: {registry: "${address}"}\n`))
    expect(shown).toMatchObject({
      code: 'secret-in-argument',
      message: expect.stringContaining('stages.prod.registry'),
      next: expect.stringContaining('APIGW_REGISTRY_PASSWORD'),
    })
    expect(JSON.stringify(shown)).not.toContain(password)
  })
  test('a password from the environment is accepted, and not repeated either', async () => {
    const folder = temporaryFolder()
    const { stdout, stderr, code } = await run([...changes], { cwd: folder, env: { APIGW_REGISTRY: address } })
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(stderr).toContain('redis://127.0.0.1:1 does not answer')
    expect(stderr).not.toContain(password)
  })
})

describe('a registry that cannot be used', () => {
  test.each(['redis://127.0.0.1:1', 'rediss://localhost:1', 'redis://127.0.0.1:1?cluster=true'])(
    '%s does not answer',
    async (address) => {
      const shown = await refused(temporaryFolder(), '--registry', address)
      // A shell treats "?" as a pattern.
      const next = `apigw doctor --registry ${address.includes('?') ? `'${address}'` : address}`
      expect(shown).toMatchObject({ code: 'registry-unavailable', next, text: { code: 1 } })
      expect(shown.message).toContain(`${address} does not answer`)
    },
  )
  test.each(['mysql://127.0.0.1/db', 'sqlite:', 'nonsense', 'redis://'])('%s is not a registry address', async (address) => {
    const shown = await refused(temporaryFolder(), '--registry', address)
    expect(shown).toMatchObject({ code: 'config-invalid', message: expect.stringContaining(`"${address}"`), text: { code: 2 } })
  })
  test('a file that is not a database is left unchanged', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'notes.txt')
    const notes = 'not a database. '.repeat(1_000)
    writeFileSync(file, notes)
    const shown = await refused(folder, '--registry', `sqlite:${file}`)
    expect(shown).toMatchObject({ code: 'registry-corrupt', message: expect.stringContaining(file), text: { code: 1 } })
    expect(shown.next).toContain('restore a backup')
    expect(readFileSync(file, 'utf8')).toBe(notes)
  })
  test('the database of another program is left unchanged', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'other.db')
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE things (id INTEGER)')
    other.close()
    const before = readFileSync(file)
    const shown = await refused(folder, '--registry', `sqlite:${file}`)
    expect(shown).toMatchObject({
      code: 'registry-corrupt',
      message: expect.stringContaining('another program'),
      text: { code: 1 },
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })
  test('a registry with overwritten pages', async () => {
    const folder = temporaryFolder()
    await run([...changes], { cwd: folder })
    const file = registryFile(folder)
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0x5a, 100))
    const { stdout, stderr, code } = await run(['customer', 'show', 'acme'], { cwd: folder })
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
    expect(shownError({ stdout, stderr, code }).message).toContain(file)
  })
  test('a folder that cannot be created', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const shown = await refused(folder, '--registry', 'sqlite:file/registry.db')
    expect(shown).toMatchObject({ code: 'registry-unavailable', text: { code: 1 } })
  })
})

describe('a command that does not exist', () => {
  test.each([
    { args: ['custmer', 'add'], meant: 'customer add' },
    { args: ['customer', 'ad'], meant: 'customer add' },
    { args: ['quota', 'sohw', 'acme'], meant: 'quota show' },
    { args: ['docter'], meant: 'doctor' },
  ])('$args suggests the closest command', async ({ args, meant }) => {
    const folder = temporaryFolder()
    const text = await runCli(args, { cwd: folder })
    const shown = shownError(text)
    expect(shown.message).toMatch(new RegExp(`Unknown command "${args[0]}.*did you mean "${meant}"\\?`))
    expect(shown.next).toBe(`apigw ${meant} --help`)
    const program = await runCli([...args, '--json'], { cwd: folder })
    expect(jsonError(program)).toEqual({ code: 'usage', ...shown })
    expect([text.code, program.code]).toEqual([2, 2])
    expect(existsSync(join(folder, '.apigw'))).toBe(false)
  })
  test('an unknown command without a close match lists all commands', async () => {
    const { message, next } = shownError(await runCli(['xyzzy'], { cwd: temporaryFolder() }))
    expect({ message, next }).toEqual({ message: 'Unknown command "xyzzy".', next: 'apigw --help' })
  })
  test('an extra argument is reported as such', async () => {
    const text = await runCli(['customer', 'list', 'acme'], { cwd: temporaryFolder() })
    expect(shownError(text).message).toContain('"customer list" does not take the argument "acme"')
    expect(text.code).toBe(2)
  })
})
