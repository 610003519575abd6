import { describe, expect, test } from 'vitest'
import { carriersFrom } from '../../../src/domain/carrier.ts'
import { randomId } from '../../../src/domain/ids.ts'
import type { MappedTable } from '../../../src/domain/mapped-carrier.ts'
import { type Message, message, messageRequest } from '../../../src/domain/message.ts'
import { messageKey } from '../../../src/runtime/agent/identity.ts'
import { prepare } from '../../../src/runtime/agent/prepare.ts'
import { columnsOf, rowFrom } from '../../../src/runtime/agent/rows.ts'
import type { Row } from '../../../src/runtime/ports/index.ts'
import { mappedLayout } from '../../../src/runtime/ports/mapped-layout.ts'

const text = (more = '') => `
carriers:
  - queue: carrier-a
    write: { reference: UMID, originCode: KISA, purpose: WHY }
    tableMap:
      table: BIZ_MSG
      key: CMID
      columns: { to: DEST_PHONE, from: SEND_PHONE, text: MSG_BODY, subject: SUBJECT, type: MSG_TYPE, dueAt: SEND_TIME }
      types: { '0': sms, '5': mms-or-lms, '6': alimtalk }
      ${more}
      status: { column: STATUS, ready: '0', claimed: '1', accepted: '3', delivered: '2', failed: '2' }
      result:
        code: CALL_STATUS
        delivered: { '0': '4100', '5': '6600', '6': '7000' }
        failed: { '0': '4420', '5': '6610', '6': '7100' }
        channel: CALL_STATUS
        channels: { '4100': sms, '6600': lms, '7000': alimtalk }`
const columns = `alimtalk:
        profile: SENDER_KEY
        template: TEMPLATE_CODE
        buttons: KKO_BTN
        fallback: { text: RE_BODY, type: RE_TYPE, types: { sms: S, lms: L } }`

function mapped(more: string): MappedTable {
  const [carrier] = carriersFrom(text(more), 'carriers.yaml')
  if (carrier?.mapped === undefined) throw new Error('no map')
  return carrier.mapped
}

function rowWith(changes: Partial<Message> = {}): Row {
  const usual = { id: randomId(), to: '+821012345678', from: '+8215881234', type: 'sms', text: 'x', acceptedAt: 1 } as const
  return { customer: 'acme', environment: 'live', message: { ...usual, ...changes } }
}

const same = (name: string) => name
const layoutOf = (table: MappedTable) => mappedLayout(table, { main: same, detail: same })
const alimtalk = {
  profile: '@가',
  template: 'T_1',
  buttons: [{ type: 'WL' as const, name: '보기', linkMobile: 'https://a.b' }],
  fallback: { type: 'lms' as const, from: '+8215881234', text: '문자' },
}
const table = mapped(columns)

describe('a map with alimtalk', () => {
  test('takes each field into its column, and reads the channel from the code', () => {
    const layout = layoutOf(table)
    const valuesOf = (row: ReturnType<typeof rowWith>) =>
      Object.fromEntries(layout.columns.map((column, at) => [column, layout.valuesOf(row)[at]]))
    const row = rowWith({ type: 'alimtalk', text: '톡', alimtalk, originCode: '123456789', purpose: 'auth' })
    expect(layout.lackOf(row)).toBeUndefined()
    expect(valuesOf(row)).toMatchObject({
      MSG_TYPE: '6',
      SEND_PHONE: '15881234',
      MSG_BODY: '톡',
      SENDER_KEY: '@가',
      TEMPLATE_CODE: 'T_1',
      KKO_BTN: '{"button":[{"name":"보기","type":"WL","url_mobile":"https://a.b"}]}',
      RE_TYPE: 'L',
      RE_BODY: '문자',
      KISA: '123456789',
      WHY: 'auth',
    })
    expect(valuesOf(rowWith())).toMatchObject({ MSG_TYPE: '0', SENDER_KEY: null, RE_TYPE: null, RE_BODY: null })
    const { channel } = layout.result
    expect(channel?.columns).toEqual(['CALL_STATUS'])
    expect(['7000', '6600 ', '9999', null].map((code) => channel?.of([code], 'delivered'))).toEqual([
      'alimtalk',
      'lms',
      undefined,
      undefined,
    ])
  })

  test('has no place for what its columns do not hold', () => {
    const row = rowWith({ type: 'alimtalk', alimtalk: { ...alimtalk, fallback: { ...alimtalk.fallback, subject: '제목' } } })
    expect(layoutOf(table).lackOf(row)).toBe('fallback-not-taken')
    const few = mapped('alimtalk: { profile: SENDER_KEY, template: TEMPLATE_CODE }')
    expect(layoutOf(few).lackOf(row)).toBe('buttons-not-taken')
    const { buttons: _, ...rest } = alimtalk
    expect(layoutOf(few).lackOf(rowWith({ type: 'alimtalk', alimtalk: rest }))).toBe('fallback-not-taken')
    const without = { ...table, map: { ...table.map, types: { '0': 'sms' as const } } }
    expect(layoutOf(without).lackOf(row)).toBe('alimtalk-not-taken')
    expect(layoutOf(without).lackOf(rowWith())).toBeUndefined()
  })

  test('has to name the columns', () => {
    expect(() => mapped('')).toThrow(/needs "alimtalk", the columns of its profile and template/)
    expect(() => mapped(`charset: raw-euckr\n      ${columns}`)).toThrow(/cannot be combined/)
  })
})

describe('a row of the agent', () => {
  const { map } = table
  const read = {
    f_key: 7,
    f_to: '01012345678',
    f_from: '15881234',
    f_text: '톡 🎉',
    f_subject: 'left over',
    f_dueAt: '2026-11-23 11:59:00',
    f_type: '6',
    f_status: '0',
    f_profile: '@가 ',
    f_template: 'T_1',
    f_buttons: '{"button":[{"name":"보기","type":"WL","url_mobile":"https://a.b","url_pc":""}]}',
    f_fallbackText: '문자',
    f_fallbackType: 'L',
  }
  const prepared = (more: object = {}) =>
    prepare(rowFrom({ ...read, ...more }, map), { map, now: Date.parse('2026-11-23T12:00:00+09:00'), messageKey: 'k'.repeat(22) })

  test('asks for all of its columns, and is what the gateway takes', () => {
    expect(columnsOf(map)).toContainEqual(['f_fallbackText', 'RE_BODY'])
    const made = prepared()
    if (made.kind !== 'message') throw new Error('it is not sent')
    expect(messageRequest.parse(made.message.request)).toMatchObject({
      type: 'alimtalk',
      text: '톡 🎉',
      from: '+8215881234',
      alimtalk: { ...alimtalk, fallback: { ...alimtalk.fallback } },
    })
    const plain = prepared({ f_from: '', f_buttons: '', f_fallbackText: null })
    if (plain.kind !== 'message') throw new Error('it is not sent')
    expect(messageRequest.parse(plain.message.request).alimtalk).toEqual({ profile: '@가', template: 'T_1' })
  })

  test.each(['{', '[]', '{"button":1}', 'null'])('with the buttons %j ends by itself', (buttons) => {
    expect(prepared({ f_buttons: buttons })).toMatchObject({ kind: 'ended', to: 'failed', code: 'buttons-invalid' })
  })

  test('is another message with another fallback, and any other row keeps its key', () => {
    const row = { table: 't', key: '1', dueAt: 'd', to: '1', from: '2', text: 'x' }
    expect(messageKey({ ...row, alimtalk: { template: 'A' } })).not.toBe(messageKey({ ...row, alimtalk: { template: 'B' } }))
    // As the version before made it: its rows are in flight.
    expect(messageKey(row)).toBe('XrwM97BVcr4kdMjdUXO1f5')
  })

  test('of an envelope of the version before is read as it was', () => {
    const old = {
      id: '7ZQ4M8K2X1V9B3N5C6D0F8G2HA',
      to: '+821012345678',
      from: '+8215881234',
      type: 'sms',
      text: 'x',
      acceptedAt: 1,
    }
    expect(message.parse(old)).toEqual(old)
  })
})
