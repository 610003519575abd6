import pg from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { carriersFrom } from '../../../src/domain/carrier.ts'
import { randomId } from '../../../src/domain/ids.ts'
import { type TableMap, tableMap } from '../../../src/domain/table-map.ts'
import { findingsOf } from '../../../src/runtime/agent/index.ts'
import { decoded } from '../../../src/runtime/agent/raw-charset.ts'
import { engines, type TestDatabase } from '../../support/databases.ts'
import { fakeEngines } from '../../support/sql-servers/databases.ts'
import { liveQueue } from '../../support/sqs.ts'
import { noon, startWorld } from '../../support/world.ts'
import { createLayout, layoutOf } from './layouts.ts'
import { shippedMap } from './shipped-maps.ts'
import { useServices } from './stage.ts'
import { outbox, testAgent } from './support.ts'

const services = useServices()
const [sqlite, mariadb, postgres] = engines
/** 안녕하세요 in EUC-KR. */
const hello = 'bec8b3e7c7cfbcbcbfe4'
const raw: TableMap = { ...outbox, charset: 'raw-euckr' }

const columns = (
  time: string,
) => `id integer PRIMARY KEY, recipient varchar(20), sender varchar(20), body varchar(2000), type varchar(2),
  send_at ${time}, state char(1) NOT NULL, claim varchar(26), message_id varchar(26), result varchar(10), result_at varchar(30),
  accepted_at varchar(30)`
const insert = (body: string) =>
  `INSERT INTO outbox (id, recipient, sender, body, type, send_at, state)
   VALUES (1, '01012345678', '15881234', ${body}, '4', '2026-11-23 11:59:00', '1')`

async function sentFrom(database: TestDatabase, map = raw) {
  const world = await startWorld({
    endpoint: services.sqs.endpoint,
    ledger: services.dynamo.open(() => noon),
    quota: { day: 100 },
  })
  const agent = await testAgent({ database, world, map })
  await agent.drain()
  return services.sqs.messages(liveQueue, world.customer).map(({ text }) => text)
}

/** A database of PostgreSQL that takes any bytes. */
async function sqlAscii(): Promise<TestDatabase> {
  const base = await postgres.create()
  const name = `t_${randomId(12).toLowerCase()}`
  await base.sql(`CREATE DATABASE ${name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`)
  const address = `${inject('postgres')}${name}`
  const client = new pg.Client(address)
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await base.sql(`DROP DATABASE ${name} WITH (FORCE)`)
  })
  return { ...base, address, sql: async (text, values = []) => (await client.query(text, [...values])).rows }
}

test('Korean bytes in a latin1 column of MariaDB are sent as they were meant, and stay as they are', async () => {
  const database = await mariadb.create()
  await database.sql(`CREATE TABLE outbox (${columns('datetime')}) CHARACTER SET latin1`)
  await database.sql(insert(`UNHEX('${hello}')`))
  expect(await sentFrom(database)).toEqual(['안녕하세요'])
  expect(await database.sql('SELECT lower(HEX(body)) AS h, state FROM outbox')).toEqual([{ h: hello, state: '3' }])
})

test.each([
  ['a byte that is not Korean', "UNHEX('ff41')"],
  ['no text', "''"],
])('%s fails the row', async (_, body) => {
  const database = await mariadb.create()
  await database.sql(`CREATE TABLE outbox (${columns('datetime')}) CHARACTER SET latin1`)
  await database.sql(insert(body))
  expect(await sentFrom(database)).toEqual([])
  expect(await database.sql('SELECT state, result FROM outbox')).toEqual([{ state: '5', result: 'ER' }])
})

test('without the setting they are not Korean', async () => {
  const database = await mariadb.create()
  await database.sql(`CREATE TABLE outbox (${columns('datetime')}) CHARACTER SET latin1`)
  await database.sql(insert(`UNHEX('${hello}')`))
  expect(await sentFrom(database, outbox)).toEqual([])
})

test('Korean bytes in an SQL_ASCII database of PostgreSQL are sent as they were meant, and stay as they are', async () => {
  const database = await sqlAscii()
  await database.sql(`CREATE TABLE outbox (${columns('timestamp')})`)
  await database.sql(insert(`convert_from(decode('${hello}', 'hex'), 'SQL_ASCII')`))
  expect(await sentFrom(database)).toEqual(['안녕하세요'])
  expect(await database.sql("SELECT encode(convert_to(body, 'SQL_ASCII'), 'hex') AS h, state FROM outbox")).toEqual([
    { h: hello, state: '3' },
  ])
})

test('a second table and its names of files have the charset, too', async () => {
  const database = await mariadb.create()
  await createLayout(database, 'MariaDB', layoutOf('em-tran-mms'))
  for (const table of ['em_tran', 'em_tran_mms']) await database.sql(`ALTER TABLE ${table} CONVERT TO CHARACTER SET latin1`)
  await database.sql(
    `INSERT INTO em_tran_mms (mms_seq, file_cnt, mms_body, mms_subject) VALUES (7, 0, UNHEX('${hello}'), UNHEX('${hello}'))`,
  )
  await database.sql(
    "INSERT INTO em_tran (tran_pr, tran_phone, tran_callback, tran_status, tran_date, tran_etc4, tran_type) VALUES (1, '01012345678', '15881234', '1', '2026-11-23 11:59:00', 7, 6)",
  )
  expect(await sentFrom(database, { ...shippedMap('em-tran-mms'), charset: 'raw-euckr' })).toEqual(['안녕하세요'])
})

test('names of recipients are written back in ASCII only', async () => {
  const database = await mariadb.create()
  await createLayout(database, 'MariaDB', layoutOf('sdk-sms-send'))
  for (const table of ['SDK_SMS_SEND', 'SDK_SMS_REPORT', 'SDK_SMS_REPORT_DETAIL']) {
    await database.sql(`ALTER TABLE ${table} CONVERT TO CHARACTER SET latin1`)
  }
  await database.sql(
    `INSERT INTO SDK_SMS_SEND (MSG_ID, USER_ID, SEND_DATE, CALLBACK, DEST_INFO, SMS_MSG)
     VALUES (1, 'shop', '20261123115900', '15881234', CONCAT(UNHEX('${hello}'), '^01012345678'), UNHEX('${hello}'))`,
  )
  expect(await sentFrom(database, { ...shippedMap('sdk-sms-send'), charset: 'raw-euckr' })).toEqual(['안녕하세요'])
  expect(await database.sql('SELECT DEST_NAME AS n FROM SDK_SMS_REPORT_DETAIL')).toEqual([{ n: '?????' }])
  // A copy within the database keeps the bytes.
  expect(await database.sql('SELECT lower(HEX(SMS_MSG)) AS h FROM SDK_SMS_REPORT')).toEqual([{ h: hello }])
})

test('bytes are read as CP949, and what is not a character is visible', () => {
  // 똠 is in CP949 and not in EUC-KR; 0xff is in neither.
  expect(decoded({ f_text: '8c63', f_subject: 'ff41', f_key: '31', f_file0: 'b0a1', f_folder: null }, raw)).toEqual({
    f_text: '똠',
    f_subject: '\ufffdA',
    f_key: '31',
    f_file0: '가',
    f_folder: null,
  })
})

test('SQLite gives the bytes of a text, too', async () => {
  const database = await sqlite.create()
  await database.sql(`CREATE TABLE outbox (${columns('timestamp')})`)
  await database.sql(insert(`CAST(x'${hello}' AS TEXT)`))
  expect(await sentFrom(database)).toEqual(['안녕하세요'])
})

test.each(fakeEngines)('$engine gives the bytes of a text, and a text of more than 2,000 bytes fails alone', async (one) => {
  const database = await one.create()
  await database.sql(`CREATE TABLE outbox (${columns('datetime')})`)
  await database.sql(insert(`CAST(x'${hello}' AS TEXT)`))
  await database.sql(insert(`CAST(x'${'b0a1'.repeat(1_001)}' AS TEXT)`).replace('(1,', '(2,'))
  expect(await sentFrom(database)).toEqual(['안녕하세요'])
  expect(await database.sql('SELECT state FROM outbox ORDER BY id')).toEqual([{ state: '3' }, { state: '5' }])
})

test('a map that reads bytes writes ASCII, and is not for carriers', () => {
  const result = { ...outbox.result, failed: '실패' }
  expect(tableMap.safeParse({ ...raw, result }).error?.message).toContain('ASCII')
  expect(tableMap.safeParse({ ...outbox, result }).success).toBe(true)
  expect(() => carriersFrom(JSON.stringify({ carriers: [{ queue: 'q', tableMap: raw }] }), 'c')).toThrow(
    'raw-euckr, which is read only',
  )
})

test.each(['latin1', 'iso_1', 'US7ASCII'])('the checks of a map point to a column in %s', (charset) => {
  const names = [
    'id',
    'recipient',
    'sender',
    'type',
    'send_at',
    'state',
    'claim',
    'message_id',
    'result',
    'result_at',
    'accepted_at',
  ]
  const plain = names.map((name) => ({ name, type: 'varchar', length: 100, optional: true }))
  const facts = {
    columns: [...plain, { name: 'body', type: 'varchar', length: 2000, optional: true, charset }],
    transactional: true,
  }
  expect(findingsOf(outbox, { table: facts, indexes: [['state']] })).toMatchObject([{ level: 'note', column: 'body' }])
  expect(findingsOf(raw, { table: facts, indexes: [['state']] })).toEqual([])
})
