import { describe, expect, onTestFinished, test } from 'vitest'
import { tableMap } from '../../../src/domain/table-map.ts'
import { findingsOf, inspectTable, type MapFacts } from '../../../src/runtime/agent/index.ts'
import { type Column, withNamesOf } from '../../../src/runtime/sql/index.ts'
import { agentEngines, engineOf } from '../../support/sql-servers/databases.ts'
import { createLayout, insertRow, layoutOf } from './layouts.ts'
import { shippedMap } from './shipped-maps.ts'

const map = {
  table: 'msg',
  key: 'id',
  columns: { to: 'phone', from: 'callback', text: 'body', dueAt: 'due' },
  status: { column: 'state', ready: '0', claimed: '1', accepted: '2', delivered: '3', failed: '4' },
  claim: 'mark',
  id: 'gateway_id',
  result: { code: 'code', delivered: 'OK', failed: 'ER', at: 'done' },
}

const text = (name: string, length: number): Column => ({ name, type: 'varchar', length, optional: true })
const columns: Readonly<Record<string, Column>> = {
  id: { name: 'id', type: 'int', optional: false },
  phone: text('phone', 20),
  callback: text('callback', 20),
  body: text('body', 2000),
  due: { name: 'due', type: 'datetime', optional: false },
  state: text('state', 1),
  mark: text('mark', 25),
  gateway_id: text('gateway_id', 26),
  code: text('code', 2),
  done: { name: 'done', type: 'datetime', optional: true },
}

/** What is found with some columns otherwise; `null`: the column is not there. */
function found(changes: Readonly<Record<string, Column | null>>, mapChanges: object = {}, more: Partial<MapFacts> = {}) {
  const all = Object.values({ ...columns, ...changes }).filter((column) => column !== null)
  const facts = { table: { columns: all, transactional: true }, indexes: [['STATE', 'due']], ...more }
  return findingsOf(tableMap.parse({ ...map, ...mapChanges }), facts).map(({ level, detail }) => `${level}: ${detail}`)
}

describe('a table', () => {
  test('that fits has no finding', () => expect(found({})).toEqual([]))

  test.each([
    ['has no column of the map', { body: null }, {}, 'fault: msg has no column body'],
    ['has no column of a condition', {}, { where: { agent: 'A' } }, 'fault: msg has no column agent'],
    [
      'has a short claim',
      { mark: text('mark', 24) },
      {},
      'fault: msg.mark holds 24 characters, and the name of an agent takes 25',
    ],
    [
      'has a short id',
      { gateway_id: text('gateway_id', 20) },
      {},
      "fault: msg.gateway_id holds 20 characters, and the gateway's id of a message takes 26",
    ],
    [
      'has a number as its claim',
      { mark: { name: 'mark', type: 'int', optional: true } },
      {},
      'fault: msg.mark is int, and the name of an agent is text',
    ],
    [
      'has a short result',
      { code: text('code', 1) },
      { result: { ...map.result, failed: '0' } },
      'fault: msg.code holds 1 character, and the map writes "OK"',
    ],
    [
      'has a result of a type that is too wide',
      {},
      { types: { '0': 'sms' }, result: { ...map.result, delivered: { '0': '4100' } } },
      'fault: msg.code holds 2 characters, and the map writes "4100"',
    ],
    [
      'has a short state',
      {},
      { status: { ...map.status, claimed: 'CLAIMED' } },
      'fault: msg.state holds 1 character, and the map writes "CLAIMED"',
    ],
    [
      'has a number as its state',
      { state: { name: 'state', type: 'smallint', optional: false } },
      { status: { ...map.status, claimed: 'S' } },
      'fault: msg.state is smallint, and the map writes "S"',
    ],
    [
      'is compared with a number',
      {},
      { status: { ...map.status, ready: 0 } },
      'note: msg.state is varchar, and the map compares it with the number 0',
    ],
    ['has times as text', { due: text('due', 14) }, {}, 'fault: msg.due is varchar, and holds 14 of the 19 characters of a time'],
    [
      'has other times',
      { done: { name: 'done', type: 'bigint', optional: true } },
      {},
      "fault: msg.done is bigint, and the map's time is datetime",
    ],
    [
      'has times with a zone',
      { done: { name: 'done', type: 'timestamp with time zone', optional: true } },
      {},
      'fault: msg.done is timestamp with time zone, and reads a time in the zone of each session',
    ],
    [
      'has times with a zone in Oracle',
      { due: { name: 'due', type: 'timestamp with local time zone', optional: false } },
      {},
      'fault: msg.due is timestamp with local time zone, and reads a time in the zone of each session',
    ],
    [
      'has times with a zone in SQL Server',
      { due: { name: 'due', type: 'datetimeoffset', optional: false } },
      {},
      'fault: msg.due is datetimeoffset, and reads a time in the zone of each session',
    ],
    [
      'has money as its id',
      { gateway_id: { name: 'gateway_id', type: 'money', optional: true } },
      {},
      "fault: msg.gateway_id is money, and the gateway's id of a message is text",
    ],
    [
      'has a number as its state in Oracle',
      { state: { name: 'state', type: 'number', optional: false } },
      { status: { ...map.status, claimed: 'C' } },
      'fault: msg.state is number, and the map writes "C"',
    ],
  ])('that %s is found', (_what, changes, mapChanges, finding) => expect(found(changes, mapChanges)).toEqual([finding]))

  test('may have compact times, and numbers that the map writes as text', () => {
    const state = { name: 'state', type: 'int', optional: false }
    expect(found({ due: text('due', 14), done: text('done', 14), state }, { time: 'compact' })).toEqual([])
  })

  test('without an index of the state is read as a whole', () => {
    const [finding] = found({}, {}, { indexes: [['id'], ['due', 'state']] })
    expect(finding).toBe('note: msg has no index that begins with state, so that each look for due rows reads the whole table')
  })

  test('of this month is compared too', () => {
    const { code: _code, ...others } = columns
    const log = { name: 'msg_202611', columns: Object.values({ ...others, mark: text('mark', 20) }), transactional: true }
    expect(found({}, { log: 'msg_{yyyymm}' }, { log })).toEqual([
      'fault: msg_202611 has no column code',
      'fault: msg_202611.mark holds 20 characters, and the name of an agent takes 25',
    ])
  })

  test('that is not there, or its second table, is said', () => {
    expect(findingsOf(tableMap.parse(map), { indexes: [] })).toMatchObject([{ level: 'fault', detail: 'there is no table msg' }])
    const detail = { table: 'mms', key: 'seq', link: 'id', columns: { text: 'body', files: ['file1'] } }
    expect(found({}, { detail })).toEqual(['fault: there is no table mms'])
    const facts = { columns: [{ name: 'SEQ', type: 'int', optional: false }], transactional: true }
    expect(found({}, { detail }, { detail: facts })).toEqual(['fault: mms has no column body', 'fault: mms has no column file1'])
  })
})

describe.each(agentEngines)('the tables of $engine', ({ engine, create }) => {
  test('are asked for their columns and indexes', async () => {
    const database = await create()
    const layout = layoutOf('em-tran-mms')
    const [table = ''] = layout.ddl
    // A site with a narrow spare column and without an index.
    await createLayout(database, engine, { ...layout, ddl: [table.replace('tran_etc1 varchar(64)', 'tran_etc1 varchar(16)')] })
    const sql = await engineOf(database)
    onTestFinished(() => sql.close())
    const findings = await inspectTable(sql, await withNamesOf(sql, shippedMap('em-tran-mms')))
    const widths = [
      'em_tran.tran_etc1 holds 16 characters, and the name of an agent takes 25',
      "em_tran.tran_etc1 holds 16 characters, and the gateway's id of a message takes 26",
    ]
    // Oracle has the names in capitals.
    const details = findings.map(({ detail }) => detail.replaceAll(/EM_TRAN|TRAN_\w+/g, (name) => name.toLowerCase()))
    expect(details).toEqual([
      // SQLite keeps no widths.
      ...(engine === 'SQLite' ? [] : widths),
      'em_tran has no index that begins with tran_status, so that each look for due rows reads the whole table',
      'there is no table em_tran_mms',
    ])
  })

  test('say when programs of the customer use the column of the claim', async () => {
    const database = await create()
    const layout = layoutOf('sc-tran')
    await createLayout(database, engine, layout)
    const marks = [null, '', 'apigw:a1:t3u8gw', '0123456789ABCDEFGHJKMNPQRS', 'order 7']
    const [sample] = layout.samples
    for (const [at, mark] of marks.entries()) await insertRow(database, 'SC_TRAN', { ...sample?.row, TR_NUM: at, TR_ETC6: mark })
    const sql = await engineOf(database)
    onTestFinished(() => sql.close())
    const [finding, ...more] = await inspectTable(sql, await withNamesOf(sql, shippedMap('sc-tran')))
    expect(more).toEqual([])
    expect(finding?.detail.toLowerCase()).toBe(
      'sc_tran.tr_etc6 is in use: 1 of 5 waiting rows hold something there, which a claim would overwrite',
    )
  })
})
