import { describe, expect, onTestFinished, test } from 'vitest'
import { type Carrier, carriersFrom } from '../../../src/domain/carrier.ts'
import type { Message } from '../../../src/domain/message.ts'
import { schemaStatus } from '../../../src/operations/schema/index.ts'
import { drive, Sandbox } from '../../../src/runtime/worker/index.ts'
import { carrierA, engines, rowWith, type TestDatabase } from '../../support/databases.ts'
import { until } from '../../support/until.ts'

const fallback = { type: 'lms', from: '+8215881234', text: '주문 안내', subject: '주문' } as const
const alimtalk = (more: Partial<Message> = {}, without: 'fallback' | 'nothing' = 'nothing') =>
  rowWith({
    type: 'alimtalk',
    text: '홍길동님, 주문이 접수되었습니다. 🎉',
    alimtalk: {
      profile: '@가나다몰',
      template: 'ORDER_1',
      buttons: [{ type: 'WL', name: '주문 보기', linkMobile: 'https://example.com/1' }],
      ...(without === 'nothing' && { fallback }),
    },
    ...more,
  })

const later = ['purpose', 'origin_code', 'profile', 'template', 'buttons', 'channel']
const ofFallback = ['fallback_type', 'fallback_sender', 'fallback_subject', 'fallback_body']
const monthOf = (at: number): string => new Date(at + 9 * 3_600_000).toISOString().slice(0, 7).replace('-', '')

function adopted(columns: string, more = ''): Carrier {
  const [carrier] = carriersFrom(
    `
carriers:
  - queue: carrier-a
    table: own
    existing:
      columns: { id: id, recipient: tel, sender: callback, body: msg, type: kind, purpose: why, originCode: kisa${columns} }
      result: { status: state, done: [2], code: result, delivered: [OK]${more} }`,
    'carriers.yaml',
  )
  if (carrier === undefined) throw new Error('no carrier')
  return carrier
}

describe.each(engines)('alimtalk over $engine', ({ engine, create }) => {
  const number = engine === 'SQLite' ? 'INTEGER' : 'INT'

  async function migrated(carriers: readonly Carrier[] = [carrierA]) {
    const given = await create()
    const database = await given.open()
    await database.migrate(carriers)
    return { given, database }
  }

  /** A database as the version before made it. */
  async function asBefore(given: TestDatabase): Promise<void> {
    for (const table of ['carrier_a', `carrier_a_log_${monthOf(Date.now())}`]) {
      for (const column of [...later, ...ofFallback]) await given.sql(`ALTER TABLE ${table} DROP COLUMN ${column}`)
      if (engine === 'MariaDB') await given.sql(`ALTER TABLE ${table} MODIFY type VARCHAR(3) NOT NULL`)
      if (engine === 'PostgreSQL') await given.sql(`ALTER TABLE ${table} ALTER COLUMN type TYPE varchar(3)`)
    }
    await given.sql('DELETE FROM apigw_schema WHERE version = 3')
  }

  test('writes every column that the carrier reads, and reads what a message was delivered as', async () => {
    const { given, database } = await migrated()
    const sms = rowWith({ purpose: 'auth', originCode: '123456789' })
    const row = alimtalk()
    expect(await database.tableFaults(carrierA)).toEqual([])
    expect(await database.flush(carrierA, [sms, row])).toBe(2)
    const rows = await given.sql('SELECT * FROM carrier_a')
    expect(rows.find(({ id }) => id === sms.message.id)).toMatchObject({
      purpose: 'auth',
      origin_code: '123456789',
      profile: null,
      fallback_type: null,
    })
    expect(rows.find(({ id }) => id === row.message.id)).toMatchObject({
      type: 'alimtalk',
      sender: '+8215881234',
      body: '홍길동님, 주문이 접수되었습니다. 🎉',
      purpose: 'normal',
      origin_code: null,
      profile: '@가나다몰',
      template: 'ORDER_1',
      buttons: '{"button":[{"name":"주문 보기","type":"WL","url_mobile":"https://example.com/1"}]}',
      fallback_type: 'lms',
      fallback_sender: '+8215881234',
      fallback_subject: '주문',
      fallback_body: '주문 안내',
      channel: null,
    })
    const cases = [
      [row, 'sms', 'sms'],
      [alimtalk(), 'RCS', 'RCS'],
      [alimtalk(), null, undefined],
      [alimtalk({}, 'fallback'), null, 'alimtalk'],
      [sms, null, undefined],
    ] as const
    await database.flush(
      carrierA,
      cases.map(([one]) => one),
    )
    for (const [{ message }, channel] of cases) {
      const set = "UPDATE carrier_a SET status = 2, result = 'delivered', channel = ?, result_at = ? WHERE id = ?"
      await given.sql(set, [channel, Date.now(), message.id])
    }
    const found = new Map((await database.outcomes(carrierA, 10)).map(({ id, channel }) => [id, channel]))
    for (const [{ message }, , expected] of cases) expect(found.get(message.id)).toBe(expected)
  })

  test('completes a table of the version before and its monthly tables, and keeps their rows', async () => {
    const { given, database } = await migrated()
    const log = `carrier_a_log_${monthOf(Date.now())}`
    const old = rowWith({ acceptedAt: Date.now() })
    const first = rowWith({ acceptedAt: Date.now() })
    await database.flush(carrierA, [old, first])
    const done = (id: string) =>
      given.sql("UPDATE carrier_a SET status = 2, result = 'delivered', result_at = ? WHERE id = ?", [Date.now(), id])
    await done(first.message.id)
    await database.markReported([first.message.id])
    expect(await database.archive(carrierA, 10)).toBe(1)
    await asBefore(given)

    const again = await given.open()
    expect((await again.pending()).map(({ version }) => version)).toEqual([3])
    const faults = await again.tableFaults(carrierA)
    expect(faults.map(({ fix, keepsOut }) => [fix, keepsOut])).toContainEqual(['apigw schema apply', 'all'])
    // What `schema apply` adds is not a fault while it has yet to run; afterwards, of a carrier that is listed later, it is.
    const shown = async () => (await schemaStatus({ address: given.address }, [carrierA])).carriers[0]
    expect(await shown()).toMatchObject({ served: true, faults: [] })
    await given.sql("INSERT INTO apigw_schema (version, name, applied_at) VALUES (3, 'x', 1)")
    expect(await shown()).toMatchObject({ served: false })
    await again.migrate([carrierA])
    expect(await again.pending()).toEqual([])
    expect(await again.tableFaults(carrierA)).toEqual([])
    // A second run changes nothing.
    await again.migrate([carrierA])
    const kakao = alimtalk()
    expect(await again.flush(carrierA, [kakao, old])).toBe(1)
    await done(old.message.id)
    expect(await again.outcomes(carrierA, 10)).toMatchObject([{ id: old.message.id, outcome: 'delivered' }])
    await again.markReported([old.message.id])
    expect(await again.archive(carrierA, 10)).toBe(1)
    expect(await given.sql(`SELECT id, purpose FROM ${log}`)).toHaveLength(2)

    // A worker of the version before makes a monthly table as it knows it.
    for (const column of ofFallback) await given.sql(`ALTER TABLE ${log} DROP COLUMN ${column}`)
    const last = await given.open()
    await given.sql("UPDATE carrier_a SET status = 2, result = 'delivered', channel = 'lms', result_at = ?", [Date.now()])
    await last.markReported([kakao.message.id])
    expect(await last.archive(carrierA, 10)).toBe(1)
    expect(await given.sql(`SELECT channel, fallback_type FROM ${log} WHERE id = ?`, [kakao.message.id])).toEqual([
      { channel: 'lms', fallback_type: 'lms' },
    ])
  })

  test.runIf(engine === 'SQLite')('the sandbox delivers, falls back and fails, each with its channel', async () => {
    const sandbox: Carrier = { queue: 'sandbox', table: 'sandbox' }
    const { database } = await migrated([sandbox])
    const rows = [
      alimtalk(),
      alimtalk({ to: '+821012340007' }),
      alimtalk({ to: '+821012340007' }, 'fallback'),
      rowWith({ to: '+821012340007' }),
    ]
    await database.flush(sandbox, rows)
    const running = drive({ database, carrier: sandbox, driver: new Sandbox() })
    onTestFinished(() => running.stop())
    await until(async () => (await database.outcomes(sandbox, 10)).length === rows.length)
    const found = new Map(
      (await database.outcomes(sandbox, 10)).map(({ id, outcome, code, channel }) => [id, [outcome, code, channel]]),
    )
    expect(rows.map(({ message }) => found.get(message.id))).toEqual([
      ['delivered', 'delivered', 'alimtalk'],
      ['delivered', 'delivered', 'lms'],
      ['failed', 'sandbox-no-kakao', undefined],
      ['delivered', 'delivered', undefined],
    ])
  })

  test('an adopted table gets the fields that it has columns for; what it has no place for ends by itself', async () => {
    const carrier = adopted(
      ', profile: ch, template: tpl, fallbackBody: re_msg',
      ', channel: via, channels: { A: alimtalk, S: sms }',
    )
    const { given, database } = await migrated()
    await given.sql(
      `CREATE TABLE own (id char(26), tel varchar(16), callback varchar(16), msg varchar(2000), kind varchar(8), why varchar(6),
       kisa varchar(20), ch varchar(40), tpl varchar(50), re_msg varchar(2000), state ${number} DEFAULT 0, result varchar(9), via varchar(9))`,
    )
    expect(await database.tableFaults(carrier)).toEqual([])
    const sms = rowWith({ purpose: 'auth', originCode: '123456789' })
    const plain = alimtalk({ alimtalk: { profile: '@가', template: 'T' } })
    const whole = alimtalk({
      alimtalk: { profile: '@가', template: 'T', fallback: { type: 'sms', from: '+8215881234', text: '문자' } },
    })
    const buttons = alimtalk()
    const subject = alimtalk({ alimtalk: { profile: '@가', template: 'T', fallback } })
    expect(await database.flush(carrier, [sms, plain, whole, buttons, subject])).toBe(3)
    expect(await database.flush(carrier, [buttons])).toBe(0)
    const rows = await given.sql('SELECT * FROM own')
    expect(rows).toHaveLength(3)
    expect(rows.find(({ id }) => id === sms.message.id)).toMatchObject({ why: 'auth', kisa: '123456789', ch: null })
    expect(rows.find(({ id }) => id === whole.message.id)).toMatchObject({
      ch: '@가',
      tpl: 'T',
      re_msg: '문자',
      kind: 'alimtalk',
    })
    await given.sql("UPDATE own SET state = 2, result = 'OK', via = 'S' WHERE id = ?", [whole.message.id])
    const found = await database.outcomes(carrier, 10)
    const byId = new Map(found.map(({ id, outcome, code, channel }) => [id, [outcome, code, channel]]))
    expect(byId.get(whole.message.id)).toEqual(['delivered', 'OK', 'sms'])
    expect(byId.get(buttons.message.id)).toEqual(['rejected', 'buttons-not-taken', undefined])
    expect(byId.get(subject.message.id)).toEqual(['rejected', 'fallback-not-taken', undefined])
  })

  test.runIf(engine === 'SQLite')('a table that takes no alimtalk takes its neighbours', async () => {
    const carrier = adopted('')
    const { given, database } = await migrated()
    await given.sql(
      `CREATE TABLE own (id char(26), tel varchar(16), callback varchar(16), msg varchar(2000), kind varchar(3), why varchar(6),
       kisa varchar(20), state ${number} DEFAULT 0, result varchar(9))`,
    )
    const [sms, kakao] = [rowWith(), alimtalk()]
    // One that was held ends in the same way.
    const held = alimtalk({ sendAt: Date.now() + 600_000 })
    expect(await database.flush(carrier, [sms, kakao, held])).toBe(2)
    expect(await database.held.release(carrier, [held])).toBe(0)
    expect(await given.sql('SELECT id FROM own')).toEqual([{ id: sms.message.id }])
    const found = await database.outcomes(carrier, 10)
    expect(found.map(({ id }) => id).sort()).toEqual([kakao.message.id, held.message.id].sort())
    for (const one of found) expect(one).toMatchObject({ outcome: 'rejected', code: 'alimtalk-not-taken' })
  })
})
