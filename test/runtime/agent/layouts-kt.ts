import { images, type Layout, longText, type Sample } from './layout.ts'

const reserved = [1, 2, 3, 4, 5, 6].map((at) => `RESERVED${at} varchar(50)`).join(', ')

function ddlOf(kind: 'SMS' | 'MMS', message: string, contents: string): string[] {
  const common = `USER_ID varchar(20) NOT NULL, SCHEDULE_TYPE int DEFAULT 0 NOT NULL, SUBJECT varchar(64), ${message},
    NOW_DATE varchar(20), SEND_DATE varchar(20) NOT NULL, CALLBACK varchar(20), DEST_COUNT int DEFAULT 0 NOT NULL,
    DEST_INFO text NOT NULL, KT_OFFICE_CODE varchar(20), CDR_ID varchar(20), ${contents} ${reserved}`
  return [
    `CREATE TABLE SDK_${kind}_SEND (MSG_ID int NOT NULL PRIMARY KEY, ${common}, SEND_STATUS int DEFAULT 0 NOT NULL,
       SEND_COUNT int DEFAULT 0 NOT NULL, SEND_RESULT int DEFAULT 0 NOT NULL, SEND_PROC_TIME varchar(20), STD_ID int)`,
    `CREATE INDEX IDX_SDK_${kind}_0 ON SDK_${kind}_SEND (SEND_STATUS, SCHEDULE_TYPE, SEND_DATE)`,
    `CREATE TABLE SDK_${kind}_REPORT (MSG_ID int NOT NULL PRIMARY KEY, JOB_ID int DEFAULT 0 NOT NULL, ${common},
       SUCC_COUNT int DEFAULT 0 NOT NULL, FAIL_COUNT int DEFAULT 0 NOT NULL, STD_ID int)`,
    `CREATE TABLE SDK_${kind}_REPORT_DETAIL (MSG_ID int NOT NULL, USER_ID varchar(20) NOT NULL, JOB_ID int DEFAULT 0 NOT NULL,
       SUBJOB_ID int NOT NULL, SEND_DATE varchar(20) NOT NULL, DEST_NAME varchar(20) NOT NULL, PHONE_NUMBER varchar(20) NOT NULL,
       RESULT int DEFAULT 0 NOT NULL, TCS_RESULT int, DELIVER_DATE varchar(20), REPORT_RES_DATE varchar(20),
       STAT_STATUS int DEFAULT 0 NOT NULL, PRIMARY KEY (MSG_ID, SUBJOB_ID))`,
  ]
}

const after = { after: { SEND_STATUS: '2' }, delivered: { SEND_STATUS: '3' }, failed: { SEND_STATUS: '-1' } }

function row(key: number, message: Readonly<Record<string, string | number | null>>) {
  const due = { NOW_DATE: '20261123115900', SEND_DATE: '20261123115900' }
  return {
    MSG_ID: key,
    USER_ID: 'shop',
    ...due,
    CALLBACK: '15881234',
    DEST_COUNT: 1,
    DEST_INFO: '홍길동^01012345678',
    ...message,
  }
}

/** KT. `recipients.test.ts` has rows with many recipients. */
export const ktLayouts: readonly Layout[] = [
  {
    map: 'sdk-sms-send',
    table: 'SDK_SMS_SEND',
    key: 'MSG_ID',
    ddl: ddlOf('SMS', 'SMS_MSG varchar(200), CALLBACK_URL varchar(200)', ''),
    samples: [
      { row: row(1, { SMS_MSG: 'text 1' }), message: { type: 'sms', text: 'text 1' }, ...after },
      // KT's own examples have times without seconds.
      { row: row(2, { SMS_MSG: 'text 2', SEND_DATE: '202611231159' }), message: { type: 'sms', text: 'text 2' }, ...after },
      { row: row(3, { SMS_MSG: 'text 3', SEND_DATE: '20261123120001' }), after: { SEND_STATUS: '0' } },
      { row: row(4, { SMS_MSG: 'text 4', SEND_DATE: 'now' }), after: { SEND_STATUS: '0' } },
    ],
  },
  {
    map: 'sdk-mms-send',
    table: 'SDK_MMS_SEND',
    key: 'MSG_ID',
    ddl: ddlOf(
      'MMS',
      'MMS_MSG text',
      'CONTENT_COUNT int DEFAULT 0 NOT NULL, CONTENT_DATA varchar(250), MSG_TYPE int DEFAULT 0 NOT NULL,',
    ),
    samples: [null, `${images[0]}^1^0|${images[1]}^1^0`].map(
      (files, at): Sample => ({
        row: row(at + 1, { MMS_MSG: `${longText} ${at}`, SUBJECT: '제목', CONTENT_COUNT: at * 2, CONTENT_DATA: files }),
        message: { type: at === 0 ? 'lms' : 'mms', text: `${longText} ${at}`, subject: '제목', ...(at === 1 && { images: 2 }) },
        ...after,
      }),
    ),
  },
]
