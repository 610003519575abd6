import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Local, startLocal } from '../../src/dev/local/index.ts'
import { addCustomer } from '../../src/operations/customers/index.ts'
import { childOf, jsonError, run, shownError, temporaryFolder } from './run.ts'

const actor = { who: 'tester', from: 'here' }
const createTable = `CREATE TABLE apigw_outbox (
  id INTEGER PRIMARY KEY, recipient TEXT, sender TEXT, body TEXT, subject TEXT, type TEXT, send_at TEXT, status INTEGER,
  image1 TEXT, image2 TEXT, image3 TEXT, claim TEXT, message_id TEXT, result TEXT, result_at TEXT, accepted_at TEXT)`

let local: Local
let cwd: string
let live: string
let secret: string
let db: DatabaseSync

beforeEach(async () => {
  const onFault = (what: string, error: unknown): never => {
    throw new Error(what, { cause: error })
  }
  local = await startLocal({ folder: temporaryFolder(), port: 0, sqsPort: 0, actor, onFault })
  onTestFinished(() => local.stop())
  const { keys } = await addCustomer(local.context, {
    id: 'acme',
    quota: { day: 100 },
    queue: 'carrier-a',
    senders: ['1588-1234'],
    keysFor: ['live'],
  })
  live = keys[0]?.basic ?? ''
  secret = keys[0]?.secret ?? ''
  cwd = temporaryFolder()
  db = new DatabaseSync(join(cwd, 'shop.db'), { timeout: 5_000 })
  onTestFinished(() => db.close())
  db.exec(createTable)
})

function addRow(id: number, changes: { readonly to?: string; readonly type?: string } = {}): void {
  const { to = '010-1234-5678', type = null } = changes
  db.prepare(
    `INSERT INTO apigw_outbox (id, recipient, sender, body, type, send_at, status) VALUES (?, ?, '1588-1234', ?, ?, '2026-11-01 09:00:00', 0)`,
  ).run(id, to, `hello ${id}`, type)
}

const agent = (...args: string[]) => run(['agent', ...args], { cwd })

async function init(...args: string[]) {
  const place = ['--gateway', local.gateway, '--database', 'sqlite:shop.db']
  return run(['agent', 'init', ...place, ...args], { cwd, env: { APIGW_CREDENTIALS: live } })
}

describe('apigw agent init', () => {
  test('recognizes the table, encrypts the secret, and writes files that only their owner can read', async () => {
    const { stdout, stderr, code } = await init('--max-age', '24h', '--name', 'shop-1')
    expect(code, stderr).toBe(0)
    expect(stdout).toBe('Wrote agent.yaml and agent.key.\n')
    expect(stderr).toContain('Found apigw outbox: table apigw_outbox, map apigw.')
    const settings = readFileSync(join(cwd, 'agent.yaml'), 'utf8')
    expect(settings).not.toContain(secret)
    expect(settings).toContain('maxAge: 24h')
    const [, schema = ''] = /^# yaml-language-server: \$schema=(file:.+)$/m.exec(settings) ?? []
    expect(JSON.parse(readFileSync(fileURLToPath(schema), 'utf8'))).toMatchObject({ title: 'agent.yaml of apigw' })
    for (const file of ['agent.yaml', 'agent.key']) expect(statSync(join(cwd, file)).mode & 0o777).toBe(0o600)
  })

  test('overwrites nothing, and writes nothing in a dry run', async () => {
    expect((await init('--dry-run')).stdout).toBe('Would write agent.yaml and agent.key.\n')
    await init()
    const before = readFileSync(join(cwd, 'agent.yaml'), 'utf8')
    const { stderr, code } = await init()
    expect(code).toBe(2)
    expect(stderr).toContain('agent.yaml exists already')
    expect(readFileSync(join(cwd, 'agent.yaml'), 'utf8')).toBe(before)
  })

  test('names the maps where no table fits', async () => {
    db.exec('DROP TABLE apigw_outbox')
    const { stderr, code } = await init()
    expect(code).toBe(2)
    expect(stderr).toMatch(/\nError: No table of the database fits a shipped map\.\nNext: {2}name one with --map .*em-tran/)
  })

  test('refuses a password in an address', async () => {
    const refused = await run(['agent', 'init', '--gateway', local.gateway, '--database', 'mysql://a:b@127.0.0.1/c'], { cwd })
    expect(refused.code).toBe(2)
    expect(shownError(refused).next).toContain('APIGW_DATABASE_PASSWORD')
  })
})

describe('with agent.yaml', () => {
  beforeEach(async () => {
    const { stderr, code } = await init('--name', 'shop-1')
    expect(code, stderr).toBe(0)
  })

  test('preview shows what would be sent and changes nothing', async () => {
    addRow(1)
    addRow(2, { type: 'fax' })
    const { stdout, code } = await agent('preview', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).rows).toMatchObject([
      { table: 'apigw_outbox', key: '1', to: '010-1****5678', type: 'by length', characters: 7 },
      { key: '2', type: null, ends: { as: 'failed', code: 'type-unknown' } },
    ])
    expect((await agent('preview', '--show-numbers')).stdout).toContain('010-1234-5678')
    expect(db.prepare('SELECT DISTINCT status FROM apigw_outbox').all()).toEqual([{ status: 0 }])
  })

  test('run sends rows and writes reports until it is stopped; status and retry read what it did', async () => {
    addRow(1)
    addRow(2, { to: '010' })
    const child = childOf(['agent', 'run', '--json'], { cwd })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const states = () => db.prepare('SELECT status, result FROM apigw_outbox ORDER BY id').all()
    await expect.poll(states, { timeout: 20_000 }).toEqual([
      { status: 3, result: 'delivered' },
      { status: 4, result: 'invalid' },
    ])
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(JSON.parse((await agent('status', '--json')).stdout)).toMatchObject({
      tables: [{ table: 'apigw_outbox', due: 0, claimed: 0, oldestMs: null }],
      journal: { delivered: 1, failed: 1 },
      openCalls: 0,
      unwritten: 0,
    })
    expect((await agent('retry', '--dry-run')).stdout).toBe('Would retry 1 row.\n')
    expect(jsonError(await agent('retry', '--json')).code).toBe('input-missing')
    expect((await agent('retry', '--key', '1', '--yes')).stdout).toBe('No failed row matches.\n')
    expect(JSON.parse((await agent('retry', '--yes', '--json')).stdout)).toMatchObject({ retried: 1, rows: [{ key: '2' }] })
    expect(states()[1]).toMatchObject({ status: 0 })
  })

  test('doctor checks each part, and says what to do', async () => {
    addRow(1)
    const good = await agent('doctor')
    expect(good.code, good.stdout).toBe(0)
    expect(good.stdout).toContain('accepts the credentials')
    db.exec('DROP TABLE apigw_outbox')
    const bad = await agent('doctor', '--json')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.stdout)).toMatchObject({ failed: 1 })
    const preview = await agent('preview')
    expect(preview.code).toBe(2)
    expect(shownError(preview)).toMatchObject({ message: expect.stringContaining('no such table'), next: 'apigw agent doctor' })
  })

  test.each([
    ['an unknown setting', (text: string) => `${text}color: red\n`, 'color'],
    ['a plain secret', (text: string) => text.replace(/^credentials: .*$/m, 'credentials: acme:pw:key'), 'apigw agent encrypt'],
    ['a map that does not exist', (text: string) => text.replace('map: apigw', 'map: nope'), 'nope.yaml'],
    ['a duration without a unit', (text: string) => text.replace('# maxAge: 24h', 'maxAge: 24'), 'maxAge'],
    ['YAML that is not valid', (text: string) => `${text}  - [\n`, 'line'],
    ['a database file that does not exist', (text: string) => text.replace('shop.db', 'other.db'), 'other.db'],
  ])('%s is an error that names the place', async (_, change, named) => {
    const path = join(cwd, 'agent.yaml')
    writeFileSync(path, change(readFileSync(path, 'utf8')))
    const { stderr, code } = await agent('preview')
    expect(code).toBe(2)
    expect(stderr).toContain(named)
    expect(stderr).not.toContain('pw:key')
  })

  test('another key file does not open the secrets', async () => {
    writeFileSync(join(cwd, 'agent.key'), `${Buffer.alloc(32, 9).toString('base64')}\n`)
    const refused = await agent('doctor', '--json')
    expect(refused.code).toBe(1)
    expect(jsonError(refused).code).toBe('master-key-missing')
  })
})
