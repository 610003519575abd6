import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Carrier } from '../../../src/domain/carrier.ts'
import { checkSchema } from '../../../src/operations/doctor/checks/schema.ts'
import { type CarrierState, schemaStatus } from '../../../src/operations/schema/index.ts'
import { json, run, temporaryFolder } from '../../cli/run.ts'
import { engines } from '../../support/databases.ts'

const carrier: Carrier = {
  queue: 'carrier-b',
  table: 'biz_msg',
  existing: {
    columns: { id: 'cmid', recipient: 'dest_phone', body: 'msg_body', sendAt: 'send_time' },
    constants: { status: 0 },
    time: 'epoch-ms',
    result: { status: 'status', done: [2], code: 'call_status', delivered: ['4100'] },
  },
}

type Columns = Readonly<Record<string, string>>

const good: Columns = {
  cmid: 'VARCHAR(32) PRIMARY KEY',
  dest_phone: 'VARCHAR(20) NOT NULL',
  msg_body: 'VARCHAR(2000) NOT NULL',
  send_time: 'BIGINT NOT NULL',
  status: 'INT NOT NULL',
  call_status: 'VARCHAR(200)',
}

const tableOf = (columns: Columns): string =>
  `CREATE TABLE biz_msg (${Object.entries(columns)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')})`

const { msg_body: _body, ...withoutBody } = good

const faults: [string, Columns, string][] = [
  ['an id column that is too narrow', { ...good, cmid: 'VARCHAR(20) PRIMARY KEY' }, 'biz_msg.cmid holds 20 characters'],
  ['a column that is missing', withoutBody, 'biz_msg has no column msg_body'],
  [
    'a column that has to be filled and is not',
    { ...good, bill_code: 'VARCHAR(10) NOT NULL' },
    'biz_msg.bill_code takes no NULL',
  ],
]

describe.each(engines.filter(({ engine }) => engine !== 'SQLite'))('the status of a schema, in $engine', ({ engine, create }) => {
  async function prepared(columns: Columns) {
    const test = await create()
    // An old table, as carriers have them.
    if (engine === 'MariaDB') await test.sql("SET SESSION sql_mode = ''")
    await test.sql(tableOf(columns))
    await (await test.open()).migrate([carrier])
    return test
  }

  it.each(faults)('%s stops its queue, with the fix', async (_, columns, detail) => {
    const { address, sql } = await prepared(columns)
    const { pending, carriers } = await schemaStatus({ address }, [carrier])
    const fault: CarrierState['faults'][number] = {
      column: expect.any(String),
      detail: expect.stringContaining(detail),
      fix: expect.any(String),
      keepsOut: 'all',
    }
    expect(pending).toEqual([])
    expect(carriers).toEqual([{ queue: 'carrier-b', table: 'biz_msg', served: false, faults: [fault] }])
    expect(await checkSchema({ ...places, database: { address }, carriers: [carrier] }, false)).toMatchObject([
      { name: 'schema', state: 'ok' },
      { name: 'table carrier-b', state: 'fail', detail: expect.stringContaining(detail), fix: expect.any(String) },
    ])
    // The check has left nothing behind.
    expect(await sql('SELECT * FROM biz_msg')).toEqual([])
  })

  it('a table that accepts every row is ok, also with a default that is not a date', async () => {
    const preset = engine === 'MariaDB' ? "DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00'" : "DATE NOT NULL DEFAULT '0001-01-01'"
    const { address } = await prepared({ ...good, report_time: preset })
    const { carriers } = await schemaStatus({ address }, [carrier])
    expect(carriers).toEqual([{ queue: 'carrier-b', table: 'biz_msg', served: true, faults: [] }])
    expect(await checkSchema({ ...places, database: { address }, carriers: [carrier] }, false)).toMatchObject([
      { name: 'schema', state: 'ok' },
      { name: 'table carrier-b', state: 'ok' },
    ])
  })

  it('a column that rejects some rows is a warning', async () => {
    const { address } = await prepared({ ...good, msg_body: 'VARCHAR(90) NOT NULL' })
    const { carriers } = await schemaStatus({ address }, [carrier])
    expect(carriers).toMatchObject([{ served: true, faults: [{ column: 'msg_body', keepsOut: 'some' }] }])
    expect(await checkSchema({ ...places, database: { address }, carriers: [carrier] }, false)).toMatchObject([
      { state: 'ok' },
      { name: 'table carrier-b', state: 'warn' },
    ])
  })

  it('doctor checks the table with the same carriers file, and the reports of one that rejects some rows', async () => {
    const { address } = await prepared({ ...good, msg_body: 'VARCHAR(90) NOT NULL' })
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'mine.yaml'), JSON.stringify({ carriers: [carrier] }))
    const { stdout } = await run(['doctor', '--carriers', 'mine.yaml', '--json'], { cwd, env: { APIGW_DATABASE: address } })
    const { checks }: { checks: readonly { name: string; state: string }[] } = JSON.parse(stdout)
    expect(checks.filter(({ name }) => /^(schema|table|reports)/.test(name))).toMatchObject([
      { name: 'schema', state: 'ok' },
      { name: 'table carrier-b', state: 'warn' },
      { name: 'reports', state: 'ok' },
    ])
  })

  it('the command shows the fault and exits with 1, and with 0 once it is fixed', async () => {
    const { address, sql } = await prepared({ ...good, cmid: 'VARCHAR(20) PRIMARY KEY' })
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'mine.yaml'), JSON.stringify({ carriers: [carrier] }))
    const args = ['schema', 'status', '--carriers', 'mine.yaml']
    const env = { APIGW_DATABASE: address }
    const { code, stdout, stderr } = await run(args, { cwd, env })
    expect(code).toBe(1)
    expect(stdout).toContain('carrier-b')
    expect(stdout).toContain('biz_msg.cmid holds 20 characters')
    expect(stdout).toContain('fix: make cmid at least 26 characters wide')
    expect(stderr).toContain('The worker does not read carrier-b')
    await sql(`ALTER TABLE biz_msg ${engine === 'MariaDB' ? 'MODIFY cmid VARCHAR(32)' : 'ALTER cmid TYPE VARCHAR(32)'}`)
    expect(await json(args, { cwd, env })).toMatchObject({
      pending: [],
      carriers: [{ queue: 'carrier-b', table: 'biz_msg', served: true, faults: [] }],
    })
  })
})

const places = {
  registry: '',
  registryPassword: undefined,
  gateway: '',
  sqsEndpoint: undefined,
  region: undefined,
  configPath: undefined,
  stage: undefined,
  stageRegion: undefined,
}
