import { accepted, done, due, images, type Layout, longText, type Row, type Sample } from './layout.ts'

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

const mmsBody = (seq: number, more: Row = {}): readonly [string, Row] => [
  'em_tran_mms',
  { mms_seq: seq, file_cnt: 1, mms_body: `${longText} ${seq}`, mms_subject: '제목', ...more },
]

/** EM_TRAN and EMMA. */
export const emLayouts: readonly Layout[] = [
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
        details: [mmsBody(31, { file_type1: 'IMG', file_name1: images[0], file_type2: 'IMG', file_name2: images[1] })],
        row: emTranSample(5, 6, { tran_etc4: 31, tran_msg: '' }),
        message: { type: 'mms', text: `${longText} 31`, subject: '제목', images: 2 },
        ...emTranAfter,
      },
      {
        details: [mmsBody(32)],
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
        failed: { msg_status: '3', mt_report_code_ib: '3014', date_mt_sent: accepted, date_mt_report: done },
      }
    }),
  },
  {
    map: 'em-mmt-tran',
    table: 'em_mmt_tran',
    key: 'mt_pr',
    ddl: [
      `CREATE TABLE em_mmt_tran (mt_pr numeric(11) NOT NULL PRIMARY KEY, msg_key varchar(20), mt_refkey varchar(20),
         priority char(2) DEFAULT 'S' NOT NULL, msg_class char(1) DEFAULT '1', date_client_req datetime NOT NULL,
         subject varchar(40) NOT NULL, content_type numeric(5) DEFAULT 0, content varchar(4000) NOT NULL,
         attach_file_group_key numeric(11) DEFAULT 0, callback varchar(25) NOT NULL, service_type char(2) NOT NULL,
         broadcast_yn char(1) DEFAULT 'N' NOT NULL, msg_status char(1) DEFAULT '1' NOT NULL, recipient_num varchar(25),
         date_mt_sent datetime, date_rslt datetime, date_mt_report datetime, mt_report_code_ib char(4), rs_id varchar(20),
         country_code varchar(8) DEFAULT '82' NOT NULL, emma_id char(2) DEFAULT ' ', client_sub_id varchar(20), origin_cid varchar(20))`,
      'CREATE INDEX ix_em_mmt_tran_01 ON em_mmt_tran (msg_status, date_client_req)',
      `CREATE TABLE em_mmt_file (attach_file_group_key numeric(11) NOT NULL, attach_file_group_seq numeric(11) NOT NULL,
         attach_file_seq numeric(11), attach_file_subpath varchar(64), attach_file_name varchar(64) NOT NULL,
         PRIMARY KEY (attach_file_group_key, attach_file_group_seq))`,
    ],
    samples: ['3', '2', '2', '6'].map((type, at): Sample => {
      const file = (seq: number, name: string, subpath: string | null) =>
        [
          'em_mmt_file',
          { attach_file_group_key: at, attach_file_group_seq: seq, attach_file_subpath: subpath, attach_file_name: name },
        ] as const
      const row = {
        mt_pr: at + 1,
        date_client_req: due,
        subject: '제목',
        content: `text ${at}`,
        attach_file_group_key: at,
        callback: '15881234',
        service_type: type,
        recipient_num: '01012345678',
      }
      if (type === '6') return { row, after: { msg_status: '3', mt_report_code_ib: 'E999', date_mt_report: accepted } }
      return {
        row,
        ...(at === 1 && { details: [file(2, images[1], null), file(1, images[0], 'sub')] }),
        ...(at === 2 && { details: [file(1, images[0], null)] }),
        message: { type: at === 0 ? 'lms' : 'mms', text: `text ${at}`, subject: '제목', ...(at > 0 && { images: 3 - at }) },
        after: { msg_status: '2', mt_report_code_ib: null, date_mt_sent: accepted, date_mt_report: null },
        delivered: { msg_status: '3', mt_report_code_ib: '1000', date_mt_sent: accepted, date_mt_report: done },
        failed: { msg_status: '3', mt_report_code_ib: '3014', date_mt_sent: accepted, date_mt_report: done },
      }
    }),
  },
]
