import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Refusal, type Row } from '../../../src/runtime/ports/index.ts'
import { carrierA, carrierB, idsIn, rowWith, type TestDatabase } from '../../support/databases.ts'

const { table } = carrierA
const idsOf = (rows: readonly Row[]): string[] => rows.map(({ message }) => message.id).sort()
const some = (count: number): Row[] => Array.from({ length: count }, () => rowWith())

/** The guarantees of every database port. @param create gives an empty database */
export function databaseContract(create: () => Promise<TestDatabase>): void {
  async function prepared() {
    const test = await create()
    const database = await test.open()
    await database.migrate([carrierA])
    return { test, database }
  }

  /** Expects a refusal, and not an error that suggests a retry. */
  async function expectBadRow(flushing: Promise<number>): Promise<void> {
    const error = await flushing.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(Refusal)
  }

  describe('flush', () => {
    it('writes every field to the column that the carrier reads', async () => {
      const { test, database } = await prepared()
      const row = rowWith({
        type: 'lms',
        subject: '제목',
        text: '안녕',
        ref: 'r-1',
        sendAt: 5_000,
        expiresAt: 9_000,
        acceptedAt: 4_000,
      })
      expect(await database.flush(carrierA, [row])).toBe(1)
      expect(await test.sql(`SELECT * FROM ${table}`)).toMatchObject([
        {
          id: row.message.id,
          customer: 'acme',
          environment: 'live',
          recipient: '+821012345678',
          sender: '+8215881234',
          type: 'lms',
          subject: '제목',
          body: '안녕',
          ref: 'r-1',
          send_at: 5_000,
          expires_at: 9_000,
          accepted_at: 4_000,
          status: 0,
          result: null,
        },
      ])
    })

    it('writes a message without a time like one to be sent at once', async () => {
      const { test, database } = await prepared()
      await database.flush(carrierA, [rowWith({ acceptedAt: 77 })])
      expect(await test.sql(`SELECT send_at, subject, ref, expires_at FROM ${table}`)).toMatchObject([
        { send_at: 77, subject: null, ref: null, expires_at: null },
      ])
    })

    it('keeps any text unchanged', async () => {
      const { database } = await prepared()
      // A message cannot contain NUL, and PostgreSQL cannot store it.
      const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }).map((one) => one.replaceAll('\0', ' '))
      const nasty = fc.constantFrom("'; DROP TABLE ingest_seen; --", '\\', "\\'", '?', '??', ':id', '😀가', '%s', ' x ')
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(text, nasty), { minLength: 1, maxLength: 8 }), async (texts) => {
          const rows = texts.map((one) => rowWith({ text: one, ref: one.slice(0, 30) }))
          expect(await database.flush(carrierA, rows)).toBe(rows.length)
          const found = new Map((await database.waitingRows(carrierA, 1000)).map(({ id, body }) => [id, body]))
          for (const { message } of rows) expect(found.get(message.id)).toBe(message.text)
          await database.writeResults(
            carrierA,
            [...found.keys()].map((id) => ({ id, delivered: true, code: '', at: 1 })),
          )
        }),
        { numRuns: 40 },
      )
    })

    it('accepts an empty batch', async () => {
      const { database } = await prepared()
      expect(await database.flush(carrierA, [])).toBe(0)
    })

    it('skips rows that were written before', async () => {
      const { test, database } = await prepared()
      const rows = some(5)
      expect(await database.flush(carrierA, rows)).toBe(5)
      expect(await database.flush(carrierA, rows)).toBe(0)
      const more = [...rows, ...some(2)]
      expect(await database.flush(carrierA, more)).toBe(2)
      expect(await idsIn(test, table)).toEqual(idsOf(more))
    })

    it('skips them even after the carrier has moved its row away', async () => {
      const { test, database } = await prepared()
      const rows = some(3)
      await database.flush(carrierA, rows)
      await test.sql(`DELETE FROM ${table}`)
      expect(await database.flush(carrierA, [...rows].reverse())).toBe(0)
      expect(await idsIn(test, table)).toEqual([])
    })

    it('skips them even for a different carrier', async () => {
      const { test, database } = await prepared()
      await database.migrate([carrierA, carrierB])
      const rows = some(3)
      await database.flush(carrierA, rows)
      expect(await database.flush(carrierB, rows)).toBe(0)
      expect(await idsIn(test, 'carrier_b')).toEqual([])
    })

    it('writes a message once that is twice in a batch', async () => {
      const { test, database } = await prepared()
      const rows = some(3)
      expect(await database.flush(carrierA, [...rows, ...rows, ...rows])).toBe(3)
      expect(await idsIn(test, table)).toEqual(idsOf(rows))
    })

    it('writes nothing of a batch with a bad row, marks nothing as seen, and continues', async () => {
      const { test, database } = await prepared()
      const rows = some(5)
      const clashing = rows.slice(2, 3)
      await database.flush(carrierA, clashing)
      // Its row exists but is not in ingest_seen: the insert violates the primary key.
      await test.sql('DELETE FROM ingest_seen')
      for (let round = 0; round < 10; round++) await expectBadRow(database.flush(carrierA, rows))
      expect(await idsIn(test, table)).toEqual(idsOf(clashing))
      expect(await test.sql('SELECT msg_id FROM ingest_seen')).toEqual([])
      const good = rows.filter((row) => !clashing.includes(row))
      expect(await database.flush(carrierA, good)).toBe(4)
      expect(await idsIn(test, table)).toEqual(idsOf(rows))
    })

    it('writes one row each when many write the same ids at once', async () => {
      const { test } = await prepared()
      const databases = await Promise.all(Array.from({ length: 4 }, () => test.open()))
      for (let round = 0; round < 10; round++) {
        const rows = some(40)
        const shuffled = databases.map((_, i) => [...rows.slice(i * 10), ...rows.slice(0, i * 10)])
        const written = await Promise.all(databases.map((database, i) => database.flush(carrierA, shuffled[i] ?? [])))
        expect(written.reduce((sum, one) => sum + one, 0)).toBe(40)
      }
      const [count] = await test.sql(`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM ${table}`)
      expect(count).toEqual({ n: 400, ids: 400 })
    })

    it('writes one row each when batches overlap only in part', async () => {
      const { test } = await prepared()
      const [one, other] = await Promise.all([test.open(), test.open()])
      const rows = some(60)
      const written = await Promise.all([one.flush(carrierA, rows.slice(0, 40)), other.flush(carrierA, rows.slice(20))])
      expect(written[0] + written[1]).toBe(60)
      expect(await idsIn(test, table)).toEqual(idsOf(rows))
    })
  })

  it('creates its tables once', async () => {
    const { database } = await prepared()
    await database.flush(carrierA, some(1))
    await database.migrate([carrierA, carrierB])
    expect(await database.waitingRows(carrierA, 10)).toHaveLength(1)
    expect(await database.waitingRows(carrierB, 10)).toHaveLength(0)
  })

  it('can be prepared concurrently', async () => {
    const test = await create()
    const databases = await Promise.all(Array.from({ length: 4 }, () => test.open()))
    await Promise.all(databases.map((database) => database.migrate([carrierA])))
    expect(await databases[0]?.flush(carrierA, some(1))).toBe(1)
  })

  it('forgets only old ids', async () => {
    const { test, database } = await prepared()
    const [old, fresh] = [rowWith(), rowWith()]
    await database.flush(carrierA, [old, fresh])
    await test.sql('UPDATE ingest_seen SET seen_at = 1000 WHERE msg_id = ?', [old.message.id])
    await database.forget(1000)
    expect(await test.sql('SELECT msg_id FROM ingest_seen')).toHaveLength(2)
    await database.forget(1001)
    expect(await test.sql('SELECT msg_id FROM ingest_seen')).toEqual([{ msg_id: fresh.message.id }])
  })

  it('returns what waits, oldest first, and takes its results', async () => {
    const { test, database } = await prepared()
    const rows = [
      rowWith({ sendAt: 30 }),
      rowWith({ sendAt: 10 }),
      rowWith({ sendAt: 20 }),
      rowWith({ sendAt: Date.now() + 3_600_000 }),
    ]
    await database.flush(carrierA, rows)
    const [third, first, second] = rows.map(({ message }) => message.id)
    expect((await database.waitingRows(carrierA, 10)).map(({ id }) => id)).toEqual([first, second, third])
    expect((await database.waitingRows(carrierA, 2)).map(({ id }) => id)).toEqual([first, second])
    await database.writeResults(
      carrierA,
      [first, second].map((id) => ({ id: String(id), delivered: true, code: '', at: 99 })),
    )
    await database.writeResults(carrierA, [])
    expect((await database.waitingRows(carrierA, 10)).map(({ id }) => id)).toEqual([third])
    expect(await test.sql(`SELECT id FROM ${table} WHERE status = 2 AND result = 'delivered' AND result_at = 99`)).toHaveLength(2)
  })
}
