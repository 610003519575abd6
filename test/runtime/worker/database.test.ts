import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import { openDatabase, Refusal } from '../../../src/runtime/ports/index.ts'
import { carrierA, engines, idsIn, rowWith } from '../../support/databases.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'
import { databaseContract } from './database-contract.ts'

describe.each(engines)('$engine', ({ create }) => databaseContract(create))

const [sqlite, mariadb] = engines

describe('MariaDB alone', () => {
  async function prepared() {
    const test = await mariadb.create()
    const database = await test.open()
    await database.migrate([carrierA])
    return { test, database }
  }

  it.each([
    ['text', { text: 'x'.repeat(4001) }],
    ['ref', { ref: 'x'.repeat(65) }],
    ['subject', { subject: 'x'.repeat(81) }],
    ['id', { id: 'X'.repeat(27) }],
  ])('refuses a %s that is too long, even if the server would truncate it', async (_, changes) => {
    const test = await mariadb.create()
    const [mode] = await test.sql('SELECT @@GLOBAL.sql_mode AS before_this')
    onTestFinished(async () => void (await test.sql('SET GLOBAL sql_mode = ?', [String(mode?.before_this)])))
    await test.sql("SET GLOBAL sql_mode = ''")
    const database = await test.open()
    await database.migrate([carrierA])
    const error = await database.flush(carrierA, [rowWith(), rowWith(changes), rowWith()]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Refusal)
    expect(await idsIn(test, 'carrier_a')).toEqual([])
    expect(await test.sql('SELECT msg_id FROM ingest_seen')).toEqual([])
  })

  it("refuses a character that the carrier's own table cannot hold", async () => {
    const { test, database } = await prepared()
    await test.sql('ALTER TABLE carrier_a MODIFY body VARCHAR(4000) CHARACTER SET euckr NOT NULL')
    const error = await database.flush(carrierA, [rowWith({ text: '가 \u{1f600}' })]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Refusal)
    expect(await database.flush(carrierA, [rowWith({ text: '가' })])).toBe(1)
  })

  it('retries a transaction that lost a deadlock', async () => {
    const { test, database } = await prepared()
    const row = rowWith()
    const { id } = row.message
    const insert = (one: string) =>
      `INSERT INTO carrier_a (id, customer, environment, recipient, sender, type, body, send_at, accepted_at)
       VALUES ('${one}', 'a', 'live', '+82', '+82', 'sms', 'x', 1, 1)`
    const deadlocks = async () => Number((await test.sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'"))[0]?.Value)
    const before = await deadlocks()
    await test.sql('BEGIN')
    // The transaction with fewer rows loses, and that must be the one under test.
    for (let i = 0; i < 50; i++) await test.sql(insert(`other${i}`))
    await test.sql(insert(id))
    const flushing = database.flush(carrierA, [row])
    const watcher = await createConnection(inject('mariadb'))
    await until(async () => {
      // InnoDB refreshes this table only if it was not read for 100 ms
      // (https://dev.mysql.com/doc/refman/8.4/en/innodb-information-schema-internal-data.html).
      await sleep(200)
      const [waiting] = await watcher.query(
        "SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE ?",
        [`%${id}%`],
      )
      return Array.isArray(waiting) && waiting.length > 0
    })
    await watcher.end()
    await test.sql(
      `INSERT INTO ingest_seen (msg_id, seen_at, customer, environment, batch) VALUES ('${id}', 1, 'a', 'live', '12345678')`,
    )
    expect(await deadlocks()).toBeGreaterThan(before)
    await test.sql('ROLLBACK')
    expect(await flushing).toBe(1)
    expect(await idsIn(test, 'carrier_a')).toEqual([id])
  })

  it('is unavailable while nothing answers, and recovers on new connections', async () => {
    const test = await mariadb.create()
    const url = new URL(test.address)
    const proxy = await startTcpProxy(Number(url.port))
    onTestFinished(() => proxy.close())
    url.port = String(proxy.port)
    const database = await openDatabase(url.href)
    onTestFinished(() => database.close())
    await database.migrate([carrierA])
    const row = rowWith()
    proxy.set('refuse')
    for (let i = 0; i < 8; i++)
      await expect(database.flush(carrierA, [row])).rejects.toMatchObject({ code: 'database-unavailable' })
    proxy.set('pass')
    expect(await database.flush(carrierA, [row])).toBe(1)
  })

  it.each([
    ['nothing listens', () => 'mariadb://root@127.0.0.1:1/nowhere'],
    ['there is no such database', () => `${inject('mariadb')}nowhere`],
    ['the password is wrong', () => `${inject('mariadb').replace('root@', 'stranger:hunter2@')}nowhere`],
  ])('reports itself as unavailable when %s, without a password', async (_, address) => {
    const database = await openDatabase(address())
    onTestFinished(() => database.close())
    const error = await database.flush(carrierA, [rowWith()]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Problem)
    expect(error).toMatchObject({ code: 'database-unavailable', retryable: true })
    expect(String(error)).not.toContain('hunter2')
  })
})

describe('SQLite alone', () => {
  it('is unavailable while a different program holds the lock, and recovers afterwards', async () => {
    const test = await sqlite.create()
    const database = await test.open()
    await database.migrate([carrierA])
    await test.sql('BEGIN IMMEDIATE')
    await expect(database.flush(carrierA, [rowWith()])).rejects.toMatchObject({ code: 'database-unavailable' })
    await test.sql('ROLLBACK')
    expect(await database.flush(carrierA, [rowWith()])).toBe(1)
  })
})

describe('openDatabase', () => {
  it.each(['', 'sqlite:', 'mariadb://host', 'mariadb:///db', 'postgres://host', 'carrier.db'])(
    'refuses "%s"',
    async (address) => {
      await expect(openDatabase(address)).rejects.toMatchObject({ code: 'config-invalid' })
    },
  )
})
