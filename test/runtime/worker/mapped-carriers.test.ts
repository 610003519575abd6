import { describe, expect, test } from 'vitest'
import { type Carrier, carriersFrom } from '../../../src/domain/carrier.ts'
import { Problem } from '../../../src/domain/problem.ts'
import type { Database } from '../../../src/runtime/ports/index.ts'
import { loadCarriers } from '../../../src/runtime/worker/carriers.ts'
import { writeRows } from '../../../src/runtime/worker/isolate.ts'
import { engines, rowWith, type TestDatabase } from '../../support/databases.ts'
import { createLayout, layoutOf } from '../agent/layouts.ts'
import { shippedMap } from '../agent/shipped-maps.ts'

const noon = Date.parse('2026-11-23T12:00:00+09:00')
const image = 'A'.repeat(26)
const other = 'B'.repeat(26)
/** A foreign number has up to 16 characters, and these tables have room for 15. */
const ofNumbers = /^(?:tran_phone|tran_callback)$/

const emTran = `
carriers:
  - queue: carrier-a
    map: em-tran-mms
    write:
      types: { sms: 4 }
      detail: { count: file_cnt, fileTypes: { columns: [file_type1, file_type2], value: IMG } }`

function emma(sequences: boolean): string {
  return `
carriers:
  - queue: carrier-a
    map: em-smt-tran
    write: { reference: mt_refkey, referenceLength: 20${sequences ? ', sequence: em_smt_seq' : ''}, constants: { emma_id: ' ' } }`
}

const faultsOf = async (database: Database, carrier: Carrier) =>
  (await database.tableFaults(carrier)).filter(({ column = '' }) => !ofNumbers.test(column))

/** The layouts of the agent's tests number their rows in the test; at customers the database does. */
async function createNumbered(
  database: TestDatabase,
  engine: (typeof engines)[number]['engine'],
  map: string,
  keys: readonly string[],
) {
  const layout = layoutOf(map)
  const auto = { SQLite: 'integer PRIMARY KEY', MariaDB: 'bigint AUTO_INCREMENT PRIMARY KEY', PostgreSQL: 'serial PRIMARY KEY' }
  const ddl = layout.ddl.map((sql) =>
    keys.reduce(
      (text, key) => text.replace(new RegExp(`\\b${key} (?:int|numeric\\(11\\)) NOT NULL PRIMARY KEY`), `${key} ${auto[engine]}`),
      sql,
    ),
  )
  await createLayout(database, engine, { ...layout, ddl })
}

describe.each(engines)('a carrier of a map on $engine', ({ engine, create }) => {
  async function opened(carrier: Carrier | undefined, prepare: (database: TestDatabase) => Promise<void>) {
    if (carrier === undefined) throw new Error('no carrier')
    const test = await create()
    await prepare(test)
    const database = await test.open()
    await database.migrate([carrier])
    return { test, database, carrier }
  }

  async function emTranMms() {
    const [carrier] = loadCarriers(emTran)
    return opened(carrier, (database) => createNumbered(database, engine, 'em-tran-mms', ['tran_pr', 'mms_seq']))
  }

  test('writes a message of two tables in one transaction, and reads its result', async () => {
    const { test, database, carrier } = await emTranMms()
    expect(await faultsOf(database, carrier)).toEqual([])
    const sms = rowWith({ text: '안녕하세요', acceptedAt: noon })
    const mms = rowWith({ type: 'mms', text: '가'.repeat(500), subject: '제목', media: [image], acceptedAt: noon })
    expect(await database.flush(carrier, [sms, mms])).toBe(2)
    // SQS delivers again, also after the carrier has moved the rows away.
    expect(await database.flush(carrier, [mms, sms])).toBe(0)
    const rows = await test.sql('SELECT * FROM em_tran')
    expect(rows.find(({ tran_etc1 }) => tran_etc1 === sms.message.id)).toMatchObject({
      tran_phone: '01012345678',
      tran_callback: '15881234',
      tran_status: '1',
      tran_msg: '안녕하세요',
      tran_type: 4,
      tran_etc4: null,
    })
    const written = rows.find(({ tran_etc1 }) => tran_etc1 === mms.message.id)
    expect(written).toMatchObject({ tran_msg: '', tran_type: 6 })
    expect(await test.sql('SELECT * FROM em_tran_mms')).toMatchObject([
      {
        mms_seq: written?.tran_etc4,
        mms_body: '가'.repeat(500),
        mms_subject: '제목',
        file_cnt: 1,
        file_type1: 'IMG',
        file_type2: null,
        file_name1: `live/acme/${image}.jpg`,
        file_name2: null,
      },
    ])

    await test.sql(
      "UPDATE em_tran SET tran_status = '3', tran_rslt = '0', tran_reportdate = '2026-11-23 12:00:05' WHERE tran_type = 4",
    )
    await test.sql(
      "UPDATE em_tran SET tran_status = '3', tran_rslt = 'j', tran_reportdate = '2026-11-23 12:00:06' WHERE tran_type = 6",
    )
    const found = await database.outcomes(carrier, 10)
    expect(found).toMatchObject([
      { id: sms.message.id, customer: 'acme', outcome: 'delivered', code: '0', at: noon + 5000 },
      { id: mms.message.id, outcome: 'failed', code: 'j', at: noon + 6000 },
    ])
    await database.markReported(found.map(({ id }) => id))
    expect(await database.outcomes(carrier, 10)).toEqual([])
  })

  test('leaves nothing of a message in the second table when the first refuses it', async () => {
    const { test, database, carrier } = await emTranMms()
    const trigger = "CREATE TRIGGER no_mms BEFORE INSERT ON em_tran WHEN NEW.tran_type = 6 BEGIN SELECT RAISE(ABORT, 'no'); END"
    await test.sql(engine === 'SQLite' ? trigger : 'ALTER TABLE em_tran ADD CONSTRAINT no_mms CHECK (tran_type <> 6)')
    const rows = [rowWith({ text: 'good' }), rowWith({ type: 'mms', text: 'x', media: [image] })]
    const { written, rejected } = await writeRows(database, carrier, rows)
    expect({ written, rejected: rejected.length }).toEqual({ written: 1, rejected: 1 })
    expect(await test.sql('SELECT tran_msg FROM em_tran')).toEqual([{ tran_msg: 'good' }])
    expect(await test.sql('SELECT mms_seq FROM em_tran_mms')).toEqual([])
  })

  test('finds results by a reference that is shorter than an id', async () => {
    const isServer = engine === 'PostgreSQL'
    const [carrier] = loadCarriers(emma(isServer))
    const {
      test,
      database,
      carrier: one,
    } = await opened(carrier, async (created) => {
      if (isServer) {
        await created.sql('CREATE SEQUENCE em_smt_seq')
        await createLayout(created, engine, layoutOf('em-smt-tran'))
      } else await createNumbered(created, engine, 'em-smt-tran', ['mt_pr'])
    })
    expect(await database.tableFaults(one)).toEqual([])
    const rows = [rowWith({ text: 'one', acceptedAt: noon }), rowWith({ text: 'two', acceptedAt: noon })]
    expect(await database.flush(one, rows)).toBe(2)
    expect(await database.flush(one, rows)).toBe(0)
    const stored = await test.sql('SELECT * FROM em_smt_tran')
    const [first] = rows
    expect(stored.find(({ content }) => content === 'one')).toMatchObject({
      mt_refkey: first?.message.id.slice(0, 20),
      service_type: expect.stringMatching(/^0/),
      broadcast_yn: 'N',
      msg_status: '1',
      recipient_num: '01012345678',
    })
    await test.sql(
      "UPDATE em_smt_tran SET msg_status = '3', mt_report_code_ib = '1000', date_mt_report = '2026-11-23 12:00:05' WHERE content = 'one'",
    )
    expect(await database.outcomes(one, 10)).toMatchObject([
      { id: first?.message.id, outcome: 'delivered', code: '1000', at: noon + 5000 },
    ])
    await database.markReported([first?.message.id ?? ''])
    await database.forget(Date.now() + 1000)
    expect(await test.sql('SELECT msg_id FROM ingest_reference')).toHaveLength(0)
  })

  test('reads results from the log table of the month', async () => {
    const { test, database, carrier } = await emTranMms()
    const row = rowWith({ acceptedAt: noon })
    await database.flush(carrier, [row])
    const now = new Date(Date.now() + 9 * 3_600_000).toISOString()
    const log = `em_log_${now.slice(0, 7).replace('-', '')}`
    await test.sql(`CREATE TABLE ${log} AS SELECT * FROM em_tran`)
    await test.sql('DELETE FROM em_tran')
    await test.sql(`UPDATE ${log} SET tran_status = '3', tran_rslt = '0', tran_reportdate = '2026-11-23 12:00:05'`)
    expect(await database.outcomes(carrier, 10)).toMatchObject([{ id: row.message.id, outcome: 'delivered' }])
  })

  test('rejects a type that the table does not take, and writes the others', async () => {
    const [carrier] = loadCarriers('carriers: [{ queue: q, map: em-tran, write: { types: { sms: 4 } } }]\n')
    const {
      test,
      database,
      carrier: one,
    } = await opened(carrier, (created) => createNumbered(created, engine, 'em-tran', ['tran_pr']))
    const { written, rejected } = await writeRows(database, one, [rowWith(), rowWith({ type: 'lms' }), rowWith()])
    expect(written).toBe(2)
    expect(rejected).toMatchObject([{ why: 'the map of em_tran has no value for lms' }])
    expect(await test.sql('SELECT tran_pr FROM em_tran')).toHaveLength(2)
    expect(await database.outcomes(one, 10)).toMatchObject([{ outcome: 'rejected' }])
  })

  test('has its own key, and names in another case', async () => {
    const [carrier] = loadCarriers(
      'carriers: [{ queue: q, map: biz-msg, write: { reference: CMID, constants: { REQUEST_TIME: "2026-11-23 12:00:00" } } }]\n',
    )
    const {
      test,
      database,
      carrier: one,
    } = await opened(carrier, (created) => createLayout(created, engine, layoutOf('biz-msg')))
    expect(await database.tableFaults(one)).toEqual([])
    const row = rowWith({ type: 'mms', subject: 's', media: [image, other] })
    expect(await database.flush(one, [row])).toBe(1)
    const [stored = {}] = await test.sql('SELECT * FROM BIZ_MSG')
    const byName = Object.fromEntries(Object.entries(stored).map(([name, value]) => [name.toUpperCase(), value]))
    expect(byName).toMatchObject({
      CMID: row.message.id,
      SEND_PHONE: '15881234',
      ATTACHED_FILE: `live/acme/${image}.jpg|live/acme/${other}.jpg`,
    })
    expect(Number(byName.MSG_TYPE)).toBe(5)
    expect(await database.count(one)).toBe(1)
    expect(await database.acceptsRow(one)).toBe(true)
    expect(await database.count(one)).toBe(1)
  })

  test('is not served while its tables lack a column', async () => {
    const { test, database, carrier } = await emTranMms()
    await test.sql('ALTER TABLE em_tran_mms ADD tariff varchar(3) DEFAULT NULL')
    expect(await faultsOf(database, carrier)).toEqual([])
    await test.sql('ALTER TABLE em_tran_mms DROP COLUMN file_cnt')
    expect(await faultsOf(database, carrier)).toMatchObject([{ table: 'em_tran_mms', column: 'file_cnt', keepsOut: 'some' }])
    await test.sql('DROP TABLE em_tran_mms')
    expect(await faultsOf(database, carrier)).toMatchObject([{ table: 'em_tran_mms', keepsOut: 'some' }])
  })
})

test('a sequence of MariaDB numbers both tables', async () => {
  const [, mariadb] = engines
  const database = await mariadb.create()
  await createLayout(database, 'MariaDB', layoutOf('em-mmt-tran'))
  for (const name of ['mmt_seq', 'file_seq']) await database.sql(`CREATE SEQUENCE ${name} START WITH 70`)
  const [carrier] = loadCarriers(`
carriers:
  - queue: q
    map: em-mmt-tran
    write:
      reference: mt_refkey
      referenceLength: 20
      sequence: mmt_seq
      types: { lms: 3, mms: 2 }
      detail: { sequence: file_seq }`)
  if (carrier === undefined) throw new Error('no carrier')
  const opened = await database.open()
  await opened.migrate([carrier])
  expect(await opened.tableFaults(carrier)).toEqual([])
  const media = [image, other]
  await opened.flush(carrier, [rowWith({ type: 'lms', text: 'l' }), rowWith({ type: 'mms', text: 'm', media })])
  const rows = await database.sql('SELECT mt_pr, attach_file_group_key AS files, content FROM em_mmt_tran ORDER BY content')
  expect(rows.map((row) => Number(row.mt_pr)).toSorted()).toEqual([70, 71])
  expect(rows.map((row) => Number(row.files))).toEqual([0, 70])
  expect(
    await database.sql(
      'SELECT attach_file_group_seq AS n, attach_file_subpath AS folder, attach_file_name AS name FROM em_mmt_file ORDER BY 1',
    ),
  ).toMatchObject(media.map((id, at) => ({ n: String(at + 1), folder: 'live/acme', name: `${id}.jpg` })))
})

describe('the list of carriers', () => {
  const problem = (text: string): string => {
    try {
      carriersFrom(text, 'carriers.yaml', shippedMap)
    } catch (error) {
      if (error instanceof Problem) return error.message
      throw error
    }
    return 'no problem'
  }

  test.each([
    [
      '- { queue: q, map: em-smt-tran }',
      'carriers.yaml, line 2, carriers.0.write.reference: is missing: name a column for the id of the message.',
    ],
    [
      '- { queue: q, map: em-tran }',
      'carriers.0.write.types: lacks sms: the map has several values for it (0, 4), so say which is written.',
    ],
    [
      '- { queue: q, map: em-mmt-tran, write: { reference: mt_refkey, types: { lms: 3, mms: 2 } } }',
      'carriers.0.write.detail.sequence: is missing: it numbers the rows of em_mmt_file.',
    ],
    [
      '- { queue: q, map: k-message, existing: { columns: { id: a, recipient: b, body: c }, result: { status: s, done: [1], code: c, delivered: [1] } } }',
      'has more than one of',
    ],
    ['- { queue: q }', 'carriers.0.table: is missing.'],
    ['- { queue: q, table: t, write: { phone: e164 } }', 'carriers.0.write: needs a "map".'],
    ['- { queue: q, map: em-tran, write: { referenceLength: 5 } }', 'carriers.0.write.referenceLength: must be at least 16.'],
  ])('%s', (line, message) => {
    expect(problem(`carriers:\n  ${line}\n`)).toContain(message)
  })

  test('takes the map itself where there are no files', () => {
    const [carrier] = carriersFrom(
      JSON.stringify({ carriers: [{ queue: 'q', table: 'my_tran', tableMap: shippedMap('k-message') }] }),
      'APIGW_CARRIERS',
    )
    expect(carrier).toMatchObject({ table: 'my_tran', mapped: { map: { table: 'my_tran', key: 'MSG_SEQNO' } } })
    expect(() => carriersFrom('carriers: [{ queue: q, map: em-tran }]\n', 'x')).toThrow('cannot be read here')
    expect(() => loadCarriers('carriers: [{ queue: q, map: no-such-map }]\n')).toThrow('"no-such-map" cannot be read')
  })
})
