import { describe, expect, it } from 'vitest'
import { Refusal, type Row } from '../../../src/runtime/ports/index.ts'
import { carrierA, carrierB, idsIn, rowWith, type TestDatabase } from '../../support/databases.ts'

const { table } = carrierA
const hour = 3_600_000
const later = (): Row => rowWith({ sendAt: Date.now() + hour })
const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id).sort()
const idsOf = (rows: readonly Row[]): string[] => rows.map(({ message }) => message.id).sort()

/** The guarantees of held messages. @param create gives an empty database */
export function heldContract(create: () => Promise<TestDatabase>): void {
  async function prepared() {
    const test = await create()
    const database = await test.open()
    await database.migrate([carrierA])
    const heldIds = async () => (await test.sql('SELECT msg_id AS id FROM held_messages')).map(({ id }) => String(id)).sort()
    /** As if their time had come. */
    const comeDue = () => test.sql('UPDATE held_messages SET due_at = 1, claimed_at = 0')
    return { test, database, heldIds, comeDue }
  }

  describe('held messages', () => {
    it('are held in the transaction that writes the others, once', async () => {
      const { test, database, heldIds } = await prepared()
      const [now, held] = [
        [rowWith(), rowWith()],
        [later(), rowWith({ purpose: 'ad', adNight: 'consent' })],
      ]
      expect(await database.flush(carrierA, [...now, ...held])).toBe(4)
      expect(await database.flush(carrierA, [...now, ...held])).toBe(0)
      expect(await idsIn(test, table)).toEqual(idsOf(now))
      expect(await heldIds()).toEqual(idsOf(held))
    })

    it('are neither held nor seen where a row of the same flush is refused', async () => {
      const { test, database, heldIds } = await prepared()
      const clash = rowWith()
      await database.flush(carrierA, [clash])
      await test.sql('DELETE FROM ingest_seen')
      await expect(database.flush(carrierA, [clash, later()])).rejects.toBeInstanceOf(Refusal)
      expect(await heldIds()).toEqual([])
      expect(await test.sql('SELECT msg_id FROM ingest_seen')).toEqual([])
    })

    it('are taken when they are due, by one worker at a time', async () => {
      const { test, database, comeDue } = await prepared()
      const rows = Array.from({ length: 40 }, later)
      await database.flush(carrierA, [...rows, later()])
      expect(await database.held.takeDue(carrierA, 100)).toEqual([])
      await comeDue()
      const others = await Promise.all([1, 2, 3].map(() => test.open()))
      const taken = (await Promise.all(others.map(({ held }) => held.takeDue(carrierA, 15)))).flat()
      expect(new Set(ids(taken)).size).toBe(taken.length)
      expect(await database.held.takeDue(carrierB, 100)).toEqual([])
      await database.held.letGo(ids(taken))
      expect(await database.held.takeDue(carrierA, 100)).toHaveLength(41)
    })

    it('keep their whole message', async () => {
      const { database } = await prepared()
      const row = rowWith({
        sendAt: Date.now() + hour,
        text: "안녕 😀 '\\",
        ref: 'r-1',
        units: 3,
        purpose: 'ad',
        adNight: 'hold',
      })
      await database.flush(carrierA, [row])
      const [held] = await database.held.takeUnnoted(carrierA, 10)
      expect(held?.content).toEqual(row)
      await database.held.noted([row.message.id])
      expect(await database.held.takeUnnoted(carrierA, 10)).toEqual([])
      await database.held.holdUntil(row.message.id, 7)
      expect(await database.held.takeUnnoted(carrierA, 10)).toMatchObject([{ id: row.message.id, dueAt: 7 }])
    })

    it('go into the carrier table once, with several workers', async () => {
      const { test, database, heldIds, comeDue } = await prepared()
      const rows = Array.from({ length: 30 }, later)
      await database.flush(carrierA, rows)
      await comeDue()
      const others = await Promise.all([1, 2, 3, 4].map(() => test.open()))
      const moved = await Promise.all(
        others.map(({ held }, at) => held.release(carrierA, [...rows.slice(at * 7), ...rows.slice(0, at * 7)])),
      )
      expect(moved.reduce((sum, one) => sum + one, 0)).toBe(30)
      expect(await idsIn(test, table)).toEqual(idsOf(rows))
      expect(await heldIds()).toEqual([])
      const [row] = await test.sql(`SELECT send_at FROM ${table} WHERE id = ?`, [rows[0]?.message.id ?? ''])
      expect(row?.send_at).toBe(rows[0]?.message.sendAt)
      expect(await database.flush(carrierA, rows)).toBe(0)
    })

    it('stay held where the carrier table refuses one of them', async () => {
      const { test, database, heldIds } = await prepared()
      const rows = [later(), later()]
      await database.flush(carrierA, rows)
      const [clash] = rows
      await test.sql(
        `INSERT INTO ${table} (id, customer, environment, recipient, sender, type, body, send_at, accepted_at)
         VALUES (?, 'a', 'live', '+82', '+82', 'sms', 'x', 1, 1)`,
        [clash?.message.id ?? ''],
      )
      await expect(database.held.release(carrierA, rows)).rejects.toBeInstanceOf(Refusal)
      expect(await heldIds()).toEqual(idsOf(rows))
    })

    it('are remembered for as long as they are held, and from then on like any other', async () => {
      const { test, database } = await prepared()
      const row = later()
      await database.flush(carrierA, [row])
      await test.sql('UPDATE ingest_seen SET seen_at = 1')
      await database.forget(2)
      expect(await database.flush(carrierA, [row])).toBe(0)
      await database.held.release(carrierA, [row])
      await database.forget(2)
      expect(await database.flush(carrierA, [row])).toBe(0)
    })

    it('end with an outcome that is reported once', async () => {
      const { test, database, heldIds } = await prepared()
      const rows = [later(), later(), later(), later()]
      await database.flush(carrierA, rows)
      const [cancelled, failed, rejected, known] = rows.map(
        ({ message: { id } }) => ({ id, customer: 'acme', environment: 'live' }) as const,
      )
      if (!cancelled || !failed || !rejected || !known) throw new Error('four rows were held')
      const ended = [
        { ...cancelled, as: 'cancelled' },
        { ...failed, as: 'failed', code: 'recipient-suppressed' },
        { ...rejected, as: 'rejected', reason: 'it is not JSON' },
        { ...known, as: 'reported' },
      ] as const
      const other = await test.open()
      await Promise.all([database.held.end(carrierA, ended), other.held.end(carrierA, ended)])
      expect(await heldIds()).toEqual([])
      const found = await database.outcomes(carrierA, 10)
      expect(found.map(({ id, outcome, code }) => [id, outcome, code]).sort()).toEqual(
        [
          [cancelled.id, 'cancelled', undefined],
          [failed.id, 'failed', 'recipient-suppressed'],
          [rejected.id, 'rejected', 'invalid'],
        ].sort(),
      )
      expect(await database.held.release(carrierA, rows)).toBe(0)
      await database.markReported(found.map(({ id }) => id))
      await database.archive(carrierA, 10)
      expect(await database.outcomes(carrierA, 10)).toEqual([])
      expect(await test.sql('SELECT msg_id FROM ingest_ended')).toEqual([])
      expect(await database.flush(carrierA, rows)).toBe(0)
    })

    it('that cannot be read are taken like their neighbours', async () => {
      const { test, database, comeDue } = await prepared()
      const rows = [later(), later(), later()]
      await database.flush(carrierA, rows)
      const [first, second] = idsOf(rows)
      await test.sql("UPDATE held_messages SET message = 'x' WHERE msg_id = ?", [first ?? ''])
      await test.sql(`UPDATE held_messages SET message = '{"id":1}' WHERE msg_id = ?`, [second ?? ''])
      await comeDue()
      const taken = await database.held.takeDue(carrierA, 10)
      expect(taken.filter(({ content }) => typeof content === 'string').map(({ id }) => id)).toEqual([first, second].sort())
      expect(taken).toHaveLength(3)
    })

    it('are counted, with the oldest time', async () => {
      const { database, comeDue } = await prepared()
      expect(await database.held.waiting(carrierA)).toEqual({ count: 0 })
      await database.flush(carrierA, [later(), later()])
      await comeDue()
      expect(await database.held.waiting(carrierA)).toEqual({ count: 2, oldestDueAt: 1 })
    })
  })
}
