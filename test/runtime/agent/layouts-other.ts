import { accepted, done, due, images, type Layout, type Sample } from './layout.ts'

/** Tables of other vendors, and our own. */
export const otherLayouts: readonly Layout[] = [
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
      if (type === '6') return { row, after: { STATUS: '2', CALL_STATUS: '9090', REPORT_TIME: accepted } }
      const kind = ['sms', 'lms', 'mms'][at] ?? ''
      return {
        row,
        message: { type: kind, text: `text ${at}`, ...(at > 0 && { subject: '제목' }), ...(at === 2 && { images: 2 }) },
        after: { STATUS: '1', CALL_STATUS: null, REPORT_TIME: null },
        delivered: { STATUS: '2', CALL_STATUS: at === 0 ? '4100' : '6600', REPORT_TIME: done },
        failed: { STATUS: '2', CALL_STATUS: at === 0 ? '4420' : '6610', REPORT_TIME: done },
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
