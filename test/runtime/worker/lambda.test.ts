import { describe, expect, it, onTestFinished } from 'vitest'
import type { Ledger } from '../../../src/runtime/ports/index.ts'
import type { WorkerEvent } from '../../../src/runtime/worker/index.ts'
import { handlerOf } from '../../../src/runtime/worker/lambda.ts'
import { carrierA, engines, envelopeOf, idsIn, messageWith } from '../../support/databases.ts'
import { startDynamo } from '../../support/dynamodb.ts'

/** A record as AWS documents it (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html). */
function record(messageId: string, body: string, queue = carrierA.queue) {
  return {
    messageId,
    receiptHandle: `receipt-${messageId}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1763870400000',
      SenderId: 'x',
      ApproximateFirstReceiveTimestamp: '1763870400001',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:ap-northeast-2:123456789012:${queue}`,
    awsRegion: 'ap-northeast-2',
  }
}

describe.each(engines)('the worker as a Lambda trigger, over $engine', ({ engine, create }) => {
  async function prepared(options: { patienceMs?: number } = {}) {
    const test = await create()
    const database = await test.open()
    await database.migrate([carrierA])
    const events: WorkerEvent[] = []
    const handle = handlerOf({ database, carriers: [carrierA], ...options, observe: (event) => void events.push(event) })
    return { test, database, handle, events }
  }

  it('writes what is valid, and returns the failures that SQS must keep', async () => {
    const { test, handle, events } = await prepared()
    const [one, two] = [messageWith(), messageWith()]
    const result = await handle({
      Records: [
        record('a', envelopeOf(carrierA.queue, [one])),
        record('b', 'junk'),
        record('c', envelopeOf(carrierA.queue, [two, one])),
        record('d', envelopeOf('other', [messageWith()]), 'other'),
      ],
    })
    expect(result.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()).toEqual(['b', 'd'])
    expect(await idsIn(test, 'carrier_a')).toEqual([one.id, two.id].sort())
    expect(events.map(({ kind }) => kind).sort()).toEqual(['bad', 'bad', 'flushed'])
    // The same event again, as after a timeout of the function.
    await handle({ Records: [record('a', envelopeOf(carrierA.queue, [one]))] })
    expect(await idsIn(test, 'carrier_a')).toHaveLength(2)
  })

  it('rejects the message that cannot be read, and keeps an envelope whose ids cannot be read', async () => {
    const { test, database, handle, events } = await prepared()
    const [one, two, spoiled] = [messageWith(), messageWith(), messageWith({ sendAt: -1 })]
    const result = await handle({
      Records: [
        record('a', envelopeOf(carrierA.queue, [one, spoiled])),
        record('b', envelopeOf(carrierA.queue, [messageWith({ id: '' }), two])),
      ],
    })
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'b' }] })
    expect(await idsIn(test, 'carrier_a')).toEqual([one.id, two.id].sort())
    expect(events.map(({ kind }) => kind).sort()).toEqual(['bad', 'flushed', 'rejected'])
    expect(await database.outcomes(carrierA, 10)).toMatchObject([{ id: spoiled.id, outcome: 'rejected' }])
  })

  it('isolates a bad row, and deletes its message', async () => {
    const { test, database, handle, events } = await prepared()
    const bad = messageWith()
    await database.flush(carrierA, [{ customer: 'acme', environment: 'live', message: bad }])
    await test.sql('DELETE FROM ingest_seen')
    const good = Array.from({ length: 9 }, () => messageWith())
    const result = await handle({ Records: [record('a', envelopeOf(carrierA.queue, [...good, bad]))] })
    expect(result).toEqual({ batchItemFailures: [] })
    expect(await idsIn(test, 'carrier_a')).toHaveLength(10)
    expect(events).toMatchObject([
      { kind: 'flushed', written: 9 },
      { kind: 'rejected', id: bad.id },
    ])
  })

  it('keeps everything when the database cannot be written', async () => {
    const { test, handle, events } = await prepared()
    await test.sql('DROP TABLE ingest_seen')
    const result = await handle({ Records: ['a', 'b'].map((id) => record(id, envelopeOf(carrierA.queue, [messageWith()]))) })
    expect(result.batchItemFailures).toEqual([{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }])
    expect(events).toMatchObject([{ kind: 'failed', error: { code: 'schema-outdated', next: 'apigw schema apply' } }])
  })

  it('writes nothing while a column is missing, gives the reason each time, and resumes when the table is fixed', async () => {
    const { test, handle, events } = await prepared()
    await test.sql('ALTER TABLE carrier_a RENAME COLUMN media TO pictures')
    const one = messageWith()
    const event = { Records: [record('a', envelopeOf(carrierA.queue, [one]))] }
    for (let times = 1; times <= 2; times++) {
      expect(await handle(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] })
      const unfit = events.filter(({ kind }) => kind === 'unfit')
      expect(unfit).toHaveLength(times)
      expect(unfit[0]).toMatchObject({ keepsOut: 'all', detail: 'carrier_a has no column media' })
    }
    expect(events.filter(({ kind }) => kind !== 'unfit')).toEqual([])
    await test.sql('ALTER TABLE carrier_a RENAME COLUMN pictures TO media')
    expect(await handle(event)).toEqual({ batchItemFailures: [] })
    expect(await idsIn(test, 'carrier_a')).toEqual([one.id])
  })

  describe('many bad rows without a good one', () => {
    async function manyBad(patienceMs: number) {
      const { test, database, handle, events } = await prepared({ patienceMs })
      const bad = Array.from({ length: 50 }, () => messageWith())
      await database.flush(
        carrierA,
        bad.map((message) => ({ customer: 'acme', environment: 'live', message })),
      )
      // Their ids are in the table, so the table refuses only these.
      await test.sql('DELETE FROM ingest_seen')
      return { database, handle, events, bad, event: { Records: [record('a', envelopeOf(carrierA.queue, bad))] } }
    }

    it('are kept at first: the table may be at fault', async () => {
      const { handle, event, events } = await manyBad(Number.MAX_SAFE_INTEGER)
      expect(await handle(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] })
      expect(events).toMatchObject([{ kind: 'failed', error: { code: 'table-refuses' } }])
    })

    it('end with a report each after a long wait, and do not come again', async () => {
      const { database, handle, event, events, bad } = await manyBad(3_600_000)
      expect(await handle(event)).toEqual({ batchItemFailures: [] })
      expect(events.filter(({ kind }) => kind === 'rejected')).toHaveLength(50)
      expect((await database.outcomes(carrierA, 100)).map(({ id }) => id).sort()).toEqual(bad.map(({ id }) => id).sort())
    })
  })

  it('are kept after a long wait when the table refuses a trial row too', async () => {
    const { test, database, handle, events } = await prepared()
    // A fault that is not visible in the columns.
    const never = "CREATE TRIGGER never BEFORE INSERT ON carrier_a BEGIN SELECT RAISE(ABORT, 'never'); END"
    await test.sql(engine === 'SQLite' ? never : 'ALTER TABLE carrier_a ADD CONSTRAINT never CHECK (id IS NULL)')
    const many = Array.from({ length: 50 }, () => messageWith())
    expect(await handle({ Records: [record('a', envelopeOf(carrierA.queue, many))] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'a' }],
    })
    expect(events.map(({ kind }) => kind)).toEqual(['failed', 'failed'])
    expect(await database.outcomes(carrierA, 100)).toEqual([])
  })
})

describe('the notes of a worker as a Lambda trigger', () => {
  async function noting(ledger: Ledger) {
    const [sqlite] = engines.filter(({ engine }) => engine === 'SQLite')
    if (sqlite === undefined) throw new Error('SQLite is always there')
    const database = await (await sqlite.create()).open()
    await database.migrate([carrierA])
    const events: WorkerEvent[] = []
    const handle = handlerOf({ database, carriers: [carrierA], ledger, observe: (event) => void events.push(event) })
    return { handle, events }
  }

  it('are in the ledger when the function has answered, except those of held messages', async () => {
    const dynamo = await startDynamo()
    onTestFinished(() => dynamo.stop())
    const ledger = dynamo.open()
    const { handle, events } = await noting(ledger)
    const [sent, held] = [messageWith({ ref: 'order-17' }), messageWith({ sendAt: Date.now() + 3_600_000 })]
    await handle({ Records: [record('a', envelopeOf(carrierA.queue, [sent, held]))] })
    const owner = { customer: 'acme', environment: 'live' } as const
    const standings = await ledger.standings(owner, [sent.id, held.id])
    expect([...standings.values()]).toMatchObject([{ id: sent.id, status: 'queued', ref: 'order-17' }])
    expect((await ledger.find(owner, { ref: 'order-17' }, undefined, 10)).messages).toMatchObject([{ id: sent.id }])
    expect(events.map(({ kind }) => kind)).toEqual(['flushed'])
    // The one right of the function in the ledger, beside the reads of this test.
    expect([...dynamo.seen.keys()].filter((action) => /Put|Write|Update/.test(action))).toEqual(['BatchWriteItem'])
  })

  it('keep no message when the ledger is away, or never answers', async () => {
    const dynamo = await startDynamo()
    const away = dynamo.open()
    await dynamo.stop()
    for (const queued of [away.queued.bind(away), () => new Promise<void>(() => undefined)]) {
      const { handle, events } = await noting(Object.assign(Object.create(away), { queued }))
      expect(await handle({ Records: [record('a', envelopeOf(carrierA.queue, [messageWith()]))] })).toEqual({
        batchItemFailures: [],
      })
      expect(events).toMatchObject([{ kind: 'flushed' }, { kind: 'unnoted', messages: 1 }])
    }
  })
})
