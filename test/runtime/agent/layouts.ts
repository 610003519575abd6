import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type TableMap, tableMap } from '../../../src/domain/table-map.ts'
import type { TestDatabase } from '../../support/databases.ts'

type Row = Readonly<Record<string, string | number | null>>

/** A row to send, and what it has to become. */
export interface Sample {
  /** The second table's row, by its name. */
  readonly detail?: readonly [table: string, row: Row]
  readonly row: Row
  /** As the carrier gets it; absent: it is not sent. */
  readonly message?: { readonly type: string; readonly text: string; readonly subject?: string; readonly images?: number }
  /** Columns after the gateway accepted it, or where it was not sent, after that. */
  readonly after: Row
  /** Columns after its report. */
  readonly delivered?: Row
  readonly failed?: Row
}

/** A table in use, with the types and lengths that it has at customers. */
export interface Layout {
  readonly map: string
  readonly table: string
  readonly key: string
  readonly ddl: readonly string[]
  readonly samples: readonly Sample[]
}

export const mapFolder = 'templates/agent/maps'

export function shippedMap(name: string): TableMap {
  return tableMap.parse(parse(readFileSync(join(mapFolder, `${name}.yaml`), 'utf8')))
}

/** Image files that samples name. */
export const images = ['one.jpg', 'two.jpg'] as const

const due = '2026-11-23 11:59:00'
const accepted = '2026-11-23 12:00:00'
const done = '2026-11-23 12:00:05'
const longText = '가나다라마바사아자차카타파하'.repeat(10)

const emTranColumns = `tran_pr int NOT NULL PRIMARY KEY, tran_refkey varchar(40), tran_id varchar(20), tran_phone varchar(15) NOT NULL,
  tran_callback varchar(15), tran_status char(1), tran_date datetime NOT NULL, tran_rsltdate datetime, tran_reportdate datetime,
  tran_rslt char(1), tran_net varchar(3), tran_msg varchar(255), tran_etc1 varchar(64), tran_etc2 varchar(16), tran_etc3 varchar(16),
  tran_etc4 int, tran_type int NOT NULL`

const emTran: Layout['ddl'] = [
  `CREATE TABLE em_tran (${emTranColumns})`,
  'CREATE INDEX idx_em_tran_01 ON em_tran (tran_status, tran_date)',
]

function emTranSample(key: number, type: number, changes: Row = {}): Row {
  return {
    tran_pr: key,
    tran_phone: '01012345678',
    tran_callback: '15881234',
    tran_status: '1',
    tran_date: due,
    tran_msg: `text ${key}`,
    tran_type: type,
    ...changes,
  }
}

const emTranAfter = {
  after: { tran_status: '2', tran_rslt: null, tran_rsltdate: accepted, tran_reportdate: null },
  delivered: { tran_status: '3', tran_rslt: '0', tran_rsltdate: accepted, tran_reportdate: done },
  failed: { tran_status: '3', tran_rslt: 'z', tran_rsltdate: accepted, tran_reportdate: done },
}
const emTranRefused = { after: { tran_status: '3', tran_rslt: 'z', tran_rsltdate: null, tran_reportdate: accepted } }

const emSms: Sample[] = [
  // What programs keep in tran_etc4 of an SMS is theirs.
  { row: emTranSample(1, 4, { tran_etc4: 31 }), message: { type: 'sms', text: 'text 1' }, ...emTranAfter },
  { row: emTranSample(2, 0), message: { type: 'sms', text: 'text 2' }, ...emTranAfter },
  { row: emTranSample(3, 5), ...emTranRefused },
  {
    row: emTranSample(4, 4, { tran_date: '2026-11-23 12:00:01' }),
    after: { tran_status: '1', tran_rslt: null, tran_etc1: null },
  },
]

const mmsBody = (seq: number, more: Row = {}): NonNullable<Sample['detail']> => [
  'em_tran_mms',
  { mms_seq: seq, file_cnt: 1, mms_body: `${longText} ${seq}`, mms_subject: '제목', ...more },
]

export const layouts: readonly Layout[] = [
  {
    map: 'em-tran',
    table: 'em_tran',
    key: 'tran_pr',
    ddl: emTran,
    samples: [...emSms, { row: emTranSample(6, 6), ...emTranRefused }],
  },
  {
    map: 'em-tran-mms',
    table: 'em_tran',
    key: 'tran_pr',
    ddl: [
      ...emTran,
      `CREATE TABLE em_tran_mms (mms_seq int NOT NULL PRIMARY KEY, file_cnt int NOT NULL, build_yn char(1), mms_body text,
         mms_subject varchar(40), file_type1 varchar(3), file_type2 varchar(3), file_type3 varchar(3), file_type4 varchar(3),
         file_type5 varchar(3), file_name1 varchar(100), file_name2 varchar(100), file_name3 varchar(100), file_name4 varchar(100),
         file_name5 varchar(100), service_dep1 varchar(3))`,
    ],
    samples: [
      ...emSms,
      {
        detail: mmsBody(31, { file_type1: 'IMG', file_name1: images[0], file_type2: 'IMG', file_name2: images[1] }),
        row: emTranSample(5, 6, { tran_etc4: 31, tran_msg: '' }),
        message: { type: 'mms', text: `${longText} 31`, subject: '제목', images: 2 },
        ...emTranAfter,
      },
      {
        detail: mmsBody(32),
        row: emTranSample(6, 6, { tran_etc4: 32 }),
        message: { type: 'lms', text: `${longText} 32`, subject: '제목' },
        ...emTranAfter,
      },
    ],
  },
  {
    map: 'em-smt-tran',
    table: 'em_smt_tran',
    key: 'mt_pr',
    ddl: [
      `CREATE TABLE em_smt_tran (mt_pr numeric(11) NOT NULL PRIMARY KEY, msg_key varchar(20), input_type char(1) DEFAULT '0' NOT NULL,
         mt_refkey varchar(20), priority char(2) DEFAULT 'S' NOT NULL, date_client_req datetime NOT NULL, content varchar(4000) NOT NULL,
         callback varchar(25) NOT NULL, service_type char(2) NOT NULL, broadcast_yn char(1) DEFAULT 'N' NOT NULL,
         msg_status char(1) DEFAULT '1' NOT NULL, recipient_num varchar(25), date_mt_sent datetime, date_rslt datetime,
         date_mt_report datetime, mt_report_code_ib char(4), mt_report_code_ibtype char(1), carrier int, rs_id varchar(20),
         country_code varchar(8) DEFAULT '82' NOT NULL, emma_id char(2) DEFAULT ' ')`,
      'CREATE INDEX idx_em_smt_tran_1 ON em_smt_tran (msg_status, date_client_req)',
    ],
    samples: [1, 2, 3, 4, 5].map((key): Sample => {
      const row = {
        mt_pr: key + 10_000_000_000,
        date_client_req: due,
        content: `text ${key}`,
        callback: '15881234',
        service_type: key === 3 ? '1' : '0',
        recipient_num: '01012345678',
        broadcast_yn: key === 4 ? 'Y' : 'N',
        emma_id: key === 5 ? 'A' : ' ',
      }
      if (key > 3) return { row, after: { msg_status: '1', mt_report_code_ib: null } }
      if (key === 3) return { row, after: { msg_status: '3', mt_report_code_ib: 'E999', date_mt_report: accepted } }
      return {
        row,
        message: { type: 'sms', text: `text ${key}` },
        after: { msg_status: '2', mt_report_code_ib: null, date_mt_sent: accepted },
        delivered: { msg_status: '3', mt_report_code_ib: '1000', date_mt_sent: accepted, date_mt_report: done },
        failed: { msg_status: '3', mt_report_code_ib: '2000', date_mt_sent: accepted, date_mt_report: done },
      }
    }),
  },
  {
    map: 'sc-tran',
    table: 'SC_TRAN',
    key: 'TR_NUM',
    ddl: [
      `CREATE TABLE SC_TRAN (TR_NUM numeric(16) NOT NULL PRIMARY KEY, TR_SENDDATE datetime, TR_ID varchar(16),
         TR_SENDSTAT varchar(1) DEFAULT '0' NOT NULL, TR_RSLTSTAT varchar(2) DEFAULT '00', TR_MSGTYPE varchar(1) DEFAULT '0' NOT NULL,
         TR_PHONE varchar(20) NOT NULL, TR_CALLBACK varchar(20), TR_RSLTDATE datetime, TR_MODIFIED datetime, TR_MSG varchar(160),
         TR_NET varchar(4), TR_ETC1 varchar(160), TR_ETC2 varchar(160), TR_ETC3 varchar(160), TR_ETC4 varchar(160), TR_ETC5 varchar(160),
         TR_ETC6 varchar(160), TR_ROUTEID varchar(20), TR_REALSENDDATE datetime)`,
      'CREATE INDEX SC_TRAN_IDX1 ON SC_TRAN (TR_SENDSTAT, TR_SENDDATE)',
    ],
    samples: [1, 2, 3].map((key): Sample => {
      const row = { TR_NUM: key, TR_SENDDATE: due, TR_PHONE: '010-1234-5678', TR_CALLBACK: '1588-1234', TR_MSG: `text ${key}` }
      if (key === 3) {
        return { row: { ...row, TR_MSGTYPE: '1' }, after: { TR_SENDSTAT: '2', TR_RSLTSTAT: '99', TR_RSLTDATE: accepted } }
      }
      return {
        row,
        message: { type: 'sms', text: `text ${key}` },
        after: { TR_SENDSTAT: '1', TR_RSLTSTAT: '00', TR_RSLTDATE: null, TR_REALSENDDATE: accepted },
        delivered: { TR_SENDSTAT: '2', TR_RSLTSTAT: '06', TR_RSLTDATE: done, TR_REALSENDDATE: accepted },
        failed: { TR_SENDSTAT: '2', TR_RSLTSTAT: '99', TR_RSLTDATE: done, TR_REALSENDDATE: accepted },
      }
    }),
  },
  {
    map: 'mms-msg',
    table: 'MMS_MSG',
    key: 'MSGKEY',
    ddl: [
      `CREATE TABLE MMS_MSG (MSGKEY numeric(15) NOT NULL PRIMARY KEY, SUBJECT varchar(120), PHONE varchar(15) NOT NULL,
         CALLBACK varchar(15) NOT NULL, STATUS varchar(2) DEFAULT '0' NOT NULL, REQDATE datetime NOT NULL, MSG varchar(4000),
         FILE_CNT int DEFAULT 0, FILE_PATH1 varchar(512), FILE_PATH2 varchar(512), FILE_PATH3 varchar(512), FILE_PATH4 varchar(512),
         FILE_PATH5 varchar(512), EXPIRETIME varchar(10) DEFAULT '43200' NOT NULL, SENTDATE datetime, RSLTDATE datetime,
         REPORTDATE datetime, RSLT varchar(4), TYPE varchar(2) DEFAULT '0' NOT NULL, TELCOINFO varchar(10), ETC1 varchar(64),
         ETC2 varchar(32), ETC3 varchar(32), ETC4 int)`,
      'CREATE INDEX MMS_MSG_IDX1 ON MMS_MSG (STATUS, REQDATE)',
    ],
    samples: [1, 2, 3].map((key): Sample => {
      const row = { MSGKEY: key, SUBJECT: '제목', PHONE: '01012345678', CALLBACK: '15881234', REQDATE: due, MSG: `text ${key}` }
      if (key === 3) return { row: { ...row, TYPE: '7' }, after: { STATUS: '3', RSLT: '9999', REPORTDATE: accepted } }
      return {
        row: key === 1 ? row : { ...row, FILE_CNT: 1, FILE_PATH1: images[0], FILE_PATH2: '' },
        message: { type: key === 1 ? 'lms' : 'mms', text: `text ${key}`, subject: '제목', ...(key === 2 && { images: 1 }) },
        after: { STATUS: '2', RSLT: null, SENTDATE: accepted, REPORTDATE: null },
        delivered: { STATUS: '3', RSLT: '1000', SENTDATE: accepted, REPORTDATE: done },
        failed: { STATUS: '3', RSLT: '9999', SENTDATE: accepted, REPORTDATE: done },
      }
    }),
  },
  {
    map: 'biz-msg',
    table: 'BIZ_MSG',
    key: 'CMID',
    ddl: [
      `CREATE TABLE BIZ_MSG (CMID varchar(32) NOT NULL PRIMARY KEY, UMID varchar(32), MSG_TYPE numeric(2) DEFAULT 0 NOT NULL,
         STATUS numeric(1) DEFAULT 0 NOT NULL, REQUEST_TIME datetime NOT NULL, SEND_TIME datetime NOT NULL, REPORT_TIME datetime,
         DEST_PHONE varchar(16) NOT NULL, DEST_NAME varchar(32), SEND_PHONE varchar(16), SEND_NAME varchar(32), SUBJECT varchar(64),
         MSG_BODY varchar(2000) NOT NULL, SENDER_KEY varchar(40), TEMPLATE_CODE varchar(64), ATTACHED_FILE varchar(1000),
         CALL_STATUS varchar(4), TEL_INFO varchar(10), CINFO varchar(32))`,
      'CREATE INDEX IDX_BIZ_MSG_1 ON BIZ_MSG (STATUS, SEND_TIME)',
    ],
    samples: ['0', '5', '5', '6'].map((type, at): Sample => {
      const row = {
        CMID: `20261123-order-${at}`,
        MSG_TYPE: type,
        REQUEST_TIME: due,
        SEND_TIME: due,
        DEST_PHONE: '01012345678',
        SEND_PHONE: '15881234',
        SUBJECT: type === '0' ? null : '제목',
        MSG_BODY: `text ${at}`,
        ATTACHED_FILE: at === 2 ? images.join('|') : null,
      }
      if (type === '6') return { row, after: { STATUS: '2', CALL_STATUS: '9999', REPORT_TIME: accepted } }
      const kind = ['sms', 'lms', 'mms'][at] ?? ''
      return {
        row,
        message: { type: kind, text: `text ${at}`, ...(at > 0 && { subject: '제목' }), ...(at === 2 && { images: 2 }) },
        after: { STATUS: '1', CALL_STATUS: null, REPORT_TIME: null },
        delivered: { STATUS: '2', CALL_STATUS: at === 0 ? '4100' : '6600', REPORT_TIME: done },
        failed: { STATUS: '2', CALL_STATUS: '9999', REPORT_TIME: done },
      }
    }),
  },
  {
    map: 'k-message',
    table: 'K_MESSAGE',
    key: 'MSG_SEQNO',
    ddl: [
      `CREATE TABLE K_MESSAGE (MSG_SEQNO numeric(15) NOT NULL PRIMARY KEY, KKO_MSG varchar(4000), TITLE varchar(255),
         PHONE_MSG varchar(4000), MSG_TYPE varchar(10) NOT NULL, MOBILE_NO varchar(50) NOT NULL, SENDER_NO varchar(50) NOT NULL,
         SEND_TYPE varchar(10) DEFAULT 'S' NOT NULL, RESERVE_DATE datetime NOT NULL, KKO_TEMPLATE_CD varchar(50),
         MMS_IMG1 varchar(255), MMS_IMG2 varchar(255), MMS_IMG3 varchar(255), APIGW_STATUS char(1) DEFAULT '0' NOT NULL,
         APIGW_ID varchar(26), APIGW_RESULT varchar(20), APIGW_SENT_AT datetime, APIGW_DONE_AT datetime)`,
      'CREATE INDEX K_MESSAGE_DUE ON K_MESSAGE (APIGW_STATUS, RESERVE_DATE)',
    ],
    samples: ['XS', 'XM', 'XM', 'KS'].map((type, at): Sample => {
      const row = {
        MSG_SEQNO: 100_000_000_000_000 + at,
        TITLE: '제목',
        PHONE_MSG: `text ${at}`,
        MSG_TYPE: type,
        MOBILE_NO: '010-1234-5678',
        SENDER_NO: '1588-1234',
        RESERVE_DATE: due,
        MMS_IMG1: at === 2 ? images[0] : null,
      }
      if (type === 'KS') return { row, after: { APIGW_STATUS: '4', APIGW_RESULT: 'failed', APIGW_DONE_AT: accepted } }
      return {
        row,
        message: {
          type: ['sms', 'lms', 'mms'][at] ?? '',
          text: `text ${at}`,
          ...(at > 0 && { subject: '제목' }),
          ...(at === 2 && { images: 1 }),
        },
        after: { APIGW_STATUS: '2', APIGW_RESULT: null, APIGW_SENT_AT: accepted },
        delivered: { APIGW_STATUS: '3', APIGW_RESULT: 'delivered', APIGW_SENT_AT: accepted, APIGW_DONE_AT: done },
        failed: { APIGW_STATUS: '4', APIGW_RESULT: 'failed', APIGW_SENT_AT: accepted, APIGW_DONE_AT: done },
      }
    }),
  },
  {
    map: 'ums-msg',
    table: 'UMS_MSG',
    key: 'CLIENT_KEY',
    ddl: [
      `CREATE TABLE UMS_MSG (CLIENT_KEY varchar(40) NOT NULL PRIMARY KEY, REQ_CH varchar(10) NOT NULL,
         TRAFFIC_TYPE varchar(10) DEFAULT 'normal' NOT NULL, MSG_STATUS varchar(10) DEFAULT 'ready' NOT NULL, REQ_DATE datetime NOT NULL,
         CALLBACK_NUMBER varchar(16), PHONE varchar(16), MSG varchar(2000), TITLE varchar(100), FILE_DATA varchar(4000),
         KISA_ORIGCODE varchar(20), ETC1 varchar(50), DONE_CH varchar(10), DONE_CODE varchar(10), DONE_DATE datetime)`,
      'CREATE INDEX IDX_UMS_MSG_1 ON UMS_MSG (MSG_STATUS, REQ_DATE)',
    ],
    samples: ['SMS', 'MMS', 'MMS', 'ALIMTALK'].map((type, at): Sample => {
      const row = {
        CLIENT_KEY: `20261123120000acme0123456789abcdef00${at}`,
        REQ_CH: type,
        REQ_DATE: due,
        CALLBACK_NUMBER: '15881234',
        PHONE: '01012345678',
        MSG: `text ${at}`,
        TITLE: '제목',
        FILE_DATA: at === 2 ? images[1] : null,
      }
      if (type === 'ALIMTALK') return { row, after: { MSG_STATUS: 'complete', DONE_CODE: '99999', DONE_DATE: accepted } }
      return {
        row,
        message: {
          type: ['sms', 'lms', 'mms'][at] ?? '',
          text: `text ${at}`,
          ...(at > 0 && { subject: '제목' }),
          ...(at === 2 && { images: 1 }),
        },
        after: { MSG_STATUS: 'request', DONE_CODE: null, DONE_DATE: null },
        delivered: { MSG_STATUS: 'complete', DONE_CODE: '10000', DONE_DATE: done },
        failed: { MSG_STATUS: 'complete', DONE_CODE: '99999', DONE_DATE: done },
      }
    }),
  },
  {
    map: 'apigw',
    table: 'apigw_outbox',
    key: 'id',
    ddl: [
      `CREATE TABLE apigw_outbox (id bigint NOT NULL PRIMARY KEY, recipient varchar(20) NOT NULL, sender varchar(20) NOT NULL,
         body varchar(2000) NOT NULL, subject varchar(120), type varchar(3), send_at datetime NOT NULL, image1 varchar(500),
         image2 varchar(500), image3 varchar(500), status smallint DEFAULT 0 NOT NULL, claim varchar(25), message_id varchar(26),
         result varchar(20), result_at datetime, accepted_at datetime)`,
      'CREATE INDEX apigw_outbox_due ON apigw_outbox (status, send_at)',
    ],
    samples: ['sms', 'lms', 'mms', 'fax'].map((type, at): Sample => {
      const row = {
        id: at + 1,
        recipient: '010-1234-5678',
        sender: '1588-1234',
        body: `text ${at}`,
        subject: '제목',
        type,
        send_at: due,
        image1: at === 2 ? images[0] : null,
      }
      if (type === 'fax') return { row, after: { status: '4', result: 'type-unknown', result_at: accepted, message_id: null } }
      return {
        row,
        message: { type, text: `text ${at}`, ...(at > 0 && { subject: '제목' }), ...(at === 2 && { images: 1 }) },
        after: { status: '2', result: null, accepted_at: accepted },
        delivered: { status: '3', result: 'delivered', accepted_at: accepted, result_at: done },
        failed: { status: '4', result: 'failed', accepted_at: accepted, result_at: done },
      }
    }),
  },
]

export function layoutOf(map: string): Layout {
  const found = layouts.find((layout) => layout.map === map)
  if (found === undefined) throw new Error(`no layout ${map}`)
  return found
}

type EngineName = 'SQLite' | 'MariaDB' | 'PostgreSQL'

/** Creates the tables of a layout. PostgreSQL has no DATETIME, and folds the names to small letters. */
export async function createLayout(database: TestDatabase, engine: EngineName, layout: Layout): Promise<void> {
  for (const sql of layout.ddl) {
    await database.sql(engine === 'PostgreSQL' ? sql.replaceAll(/\bdatetime\b/g, 'timestamp') : sql)
  }
}

export async function insertRow(database: TestDatabase, table: string, row: Row): Promise<void> {
  const columns = Object.keys(row)
  const marks = columns.map(() => '?').join(', ')
  await database.sql(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`, Object.values(row))
}

/** Columns of one row as text, without the blanks that CHAR adds. */
export async function readRow(
  database: TestDatabase,
  engine: EngineName,
  { table, key }: Pick<Layout, 'table' | 'key'>,
  value: string | number,
  columns: readonly string[],
): Promise<Row> {
  const text = engine === 'MariaDB' ? 'CHAR(60)' : 'varchar(60)'
  const list = columns.map((column, at) => `CAST(${column} AS ${text}) AS c${at}`)
  const [row = {}] = await database.sql(`SELECT ${list.join(', ')} FROM ${table} WHERE ${key} = ?`, [value])
  return Object.fromEntries(
    columns.map((column, at) => {
      const found = row[`c${at}`]
      return [column, found === null || found === undefined ? null : String(found).trimEnd()]
    }),
  )
}
