import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Carrier, carriersFrom } from '../../../src/domain/carrier.ts'
import { watchMs } from '../../../src/domain/erasure.ts'
import { recipientHash, recipientKeys } from '../../../src/domain/recipient-hash.ts'
import { masterKeysFrom } from '../../../src/domain/seal.ts'
import { addCustomer } from '../../../src/operations/customers/index.ts'
import { cancelFor, type ErasureContext, erasePerson, planErasure } from '../../../src/operations/messages/index.ts'
import { openOperatorRegistry } from '../../../src/registry/index.ts'
import { Eraser } from '../../../src/runtime/erasure/index.ts'
import { AwsClient, type Row } from '../../../src/runtime/ports/index.ts'
import { Releaser, ReportPump } from '../../../src/runtime/worker/index.ts'
import { noteOf } from '../../../src/runtime/worker/notes.ts'
import { carrierA, engines, rowWith, type TestDatabase } from '../../support/databases.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'
import { temporaryFolder, uniqueName } from '../../support/names.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

const number = '+821098765432'
const secret = 'The result of your test is negative'
const masterKeys = masterKeysFrom(Buffer.alloc(32, 7).toString('base64'))
const keys = recipientKeys(masterKeys)
const month = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7).replace('-', '')

/** A carrier whose agent moves finished rows, with numbers as they are dialled and no column for the customer. */
const adopted: readonly Carrier[] = carriersFrom(
  `
carriers:
  - queue: biz
    table: biz_tran
    existing:
      columns: { id: msg_key, recipient: phone, body: content, subject: title }
      phone: national
      log: "biz_log_{yyyymm}"
      result: { status: state, done: [3], code: code, delivered: ["100"] }`,
  'carriers.yaml',
)
const carriers = [carrierA, ...adopted]
const bizColumns =
  'msg_key varchar(26) PRIMARY KEY, phone varchar(16) NOT NULL, content varchar(2000) NOT NULL, title varchar(80)'

async function prepared(create: () => Promise<TestDatabase>) {
  const test = await create()
  for (const table of ['biz_tran', `biz_log_${month}`]) {
    await test.sql(`CREATE TABLE ${table} (${bizColumns}, state integer DEFAULT 0, code varchar(10))`)
  }
  const database = await test.open()
  await database.migrate(carriers)
  const registry = await openOperatorRegistry(`sqlite:${join(temporaryFolder(), 'registry.db')}`, {})
  const actor = { who: 'kim', from: 'here' }
  const customer = uniqueName('acme')
  await addCustomer({ registry, actor, now: Date.now }, { id: customer, queue: 'carrier-a' })
  const owner = { customer, environment: 'live' } as const
  const ledger = dynamo.open()
  const row = (changes: Parameters<typeof rowWith>[0] = {}, to = number): Row => ({
    ...rowWith({ to, text: secret, acceptedAt: Date.now(), recipientHash: recipientHash(keys.current, owner, to), ...changes }),
    ...owner,
  })
  /** Writes rows as a worker does. */
  const write = async (carrier: Carrier | undefined, ...rows: Row[]) => {
    if (carrier === undefined) throw new Error('no carrier')
    await database.flush(carrier, rows)
    const direct = rows.filter(({ message }) => message.sendAt === undefined)
    await ledger.queued(
      owner,
      direct.map(({ message }) => noteOf(message, Date.now(), carrier.queue)),
    )
    await new Releaser({ database, ledger, carriers, observe: () => undefined }).once()
  }
  const deliver = async (...rows: Row[]) => {
    await database.writeResults(
      carrierA,
      rows.map(({ message: { id } }) => ({ id, delivered: true, code: '', at: Date.now() })),
    )
    await new ReportPump({ database, ledger, carriers, observe: () => undefined }).once()
    await database.archive(carrierA, 100)
  }
  const context: ErasureContext = { registry, actor, ledger, masterKeys, database, carriers }
  /** All that is stored, as text. */
  const everything = async () => {
    const client = new AwsClient('dynamodb', { endpoint: dynamo.endpoint, region: 'ap-northeast-2' })
    const items = await client.call('DynamoDB_20120810.Scan', { TableName: 'apigw-ledger' })
    const names = ['carrier_a', `carrier_a_log_${month}`, 'biz_tran', `biz_log_${month}`, 'held_messages', 'ingest_rejected']
    const rows = await Promise.all(names.map((name) => test.sql(`SELECT * FROM ${name}`)))
    const log = await registry.history(customer, 100)
    return JSON.stringify({ items: { ...items, ConsumedCapacity: null }, rows, log })
  }
  return { test, database, ledger, owner, row, write, deliver, context, everything, registry, customer }
}

const wish = { number, reason: 'ticket 4711', cancelScheduled: false }
const traces = [number, '01098765432', '1098765432', secret]

it.each(engines)('erases a person everywhere, and what is under way after it has settled, over $engine', async ({ create }) => {
  const { test, ledger, owner, row, write, deliver, context, everything, registry, customer, database } = await prepared(create)
  const [sent, waiting, held, moved] = [row({ ref: 'r-1' }), row(), row({ sendAt: Date.now() + 3_600_000 }), row()]
  const other = row({ text: 'Hello' }, '+821011112222')
  await write(carrierA, sent, waiting, held, other)
  await write(adopted[0], moved)
  await deliver(sent, other)
  // Older than what the ledger keeps: no entry leads to it.
  await test.sql(`INSERT INTO biz_log_${month} VALUES ('${'0'.repeat(26)}', '010-9876-5432', '${secret}', 'T', 3, '100')`)
  await ledger.suppress(owner, [{ number, at: 1, note: 'called' }])
  const reports = await ledger.reports(owner, undefined, 100)
  const plan = await planErasure(context, wish, Date.now())
  expect(plan).toMatchObject({ customers: 1, messages: 4, scheduled: 1, underWay: 2, optOuts: 1, rows: 5 })

  const first = await erasePerson(context, wish, Date.now)
  expect(first).toMatchObject({ state: 'open', messages: 2, waiting: 3, optOuts: 1, failures: [], searched: true })
  // What is under way is as it was: it is sent once.
  expect(await test.sql(`SELECT recipient, body FROM carrier_a WHERE id = '${waiting.message.id}'`)).toEqual([
    { recipient: number, body: secret },
  ])
  const [gone] = await test.sql(`SELECT * FROM carrier_a_log_${month} WHERE id = '${sent.message.id}'`)
  expect(gone).toMatchObject({ customer, body: '', subject: null, result: 'delivered', ref: 'r-1' })
  expect(String(gone?.recipient)).toMatch(/^erased \d{8}$/)
  expect((await ledger.message(owner, sent.message.id))?.erasedAt).toBeGreaterThan(0)
  expect((await ledger.message(owner, other.message.id))?.erasedAt).toBeUndefined()
  expect(await ledger.suppressed(owner, [number])).toEqual(new Set())
  const hashed = { of: (one: string) => [recipientHash(keys.current, owner, one)], keyIds: keys.ids }
  expect(await ledger.suppressed(owner, [number, '+821011112222'], undefined, hashed)).toEqual(new Set([number]))

  // The rest settles, and the worker continues.
  await cancelFor(ledger, owner, held.message.id)
  await deliver(waiting)
  await test.sql(`UPDATE biz_tran SET state = 3, code = '100' WHERE msg_key = '${moved.message.id}'`)
  await deliver()
  const later = Date.now() + watchMs + 1_000
  const eraser = new Eraser({ ledger, database, carriers, now: () => later })
  expect(await eraser.once(60_000)).toBe(1)
  expect(await eraser.once(60_000)).toBe(0)
  const all = await everything()
  for (const trace of traces) expect(all).not.toContain(trace)
  for (const hash of keys.all.map((key) => recipientHash(key, owner, number))) {
    // It is left where it is the opt-out.
    expect(all.split(hash)).toHaveLength(2)
  }
  expect(all).toContain('Hello')
  expect(all).toContain('ticket 4711')
  // The books are as they were.
  const after = await ledger.reports(owner, undefined, 100)
  expect(after.reports.slice(0, reports.reports.length)).toEqual(reports.reports)
  expect(after.reports).toHaveLength(5)
  expect(await test.sql(`SELECT count(*) AS n FROM carrier_a_log_${month}`)).toEqual([{ n: 3 }])
  expect((await registry.history(customer, 1))[0]?.what).toContain(first.person)
})
