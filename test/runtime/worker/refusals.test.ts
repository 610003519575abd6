import { createConnection } from 'mysql2/promise'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { Carrier } from '../../../src/domain/carrier.ts'
import type { Message } from '../../../src/domain/message.ts'
import { writeRows } from '../../../src/runtime/worker/isolate.ts'
import { carrierA, engines, idsIn, rowWith, type TestDatabase } from '../../support/databases.ts'

const { table } = carrierA
const [sqlite, mariadb, postgres] = engines
const idsOf = (rows: ReturnType<typeof rowWith>[]) => rows.map(({ message }) => message.id).sort()

async function prepared(create: () => Promise<TestDatabase>, ...changes: string[]) {
  const test = await create()
  const database = await test.open()
  await database.migrate([carrierA])
  for (const sql of changes) await test.sql(sql)
  return { test, database }
}

const bad = { text: 'bad' } as const
const pgTrigger = [
  `CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN
     IF NEW.body = 'bad' THEN RAISE EXCEPTION 'not today'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql`,
  'CREATE TRIGGER t BEFORE INSERT ON carrier_a FOR EACH ROW EXECUTE FUNCTION refuse()',
]
type Case = readonly [string, () => Promise<TestDatabase>, readonly string[], Partial<Message>]

/** Tables that accept some rows and refuse others, for different reasons and with different SQL states. */
const rowsAtFault: readonly Case[] = [
  ['MariaDB ENUM (01000)', mariadb.create, ["ALTER TABLE carrier_a MODIFY type ENUM('sms') NOT NULL"], { type: 'lms' }],
  [
    'MariaDB partition (1526)',
    mariadb.create,
    [
      'ALTER TABLE carrier_a DROP PRIMARY KEY',
      "ALTER TABLE carrier_a PARTITION BY LIST COLUMNS (type) (PARTITION p VALUES IN ('sms'))",
    ],
    { type: 'lms' },
  ],
  [
    'MariaDB trigger (45000)',
    mariadb.create,
    [
      `CREATE TRIGGER t BEFORE INSERT ON carrier_a FOR EACH ROW
         IF NEW.body = 'bad' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'; END IF`,
    ],
    bad,
  ],
  ['MariaDB check', mariadb.create, ["ALTER TABLE carrier_a ADD CHECK (body <> 'bad')"], bad],
  ['MariaDB length', mariadb.create, ['ALTER TABLE carrier_a MODIFY body VARCHAR(10) NOT NULL'], { text: 'x'.repeat(11) }],
  [
    'MariaDB character set',
    mariadb.create,
    ['ALTER TABLE carrier_a MODIFY body VARCHAR(10) CHARACTER SET euckr NOT NULL'],
    { text: '😀' },
  ],
  ['PostgreSQL trigger (P0001)', postgres.create, pgTrigger, bad],
  ['PostgreSQL check', postgres.create, ["ALTER TABLE carrier_a ADD CHECK (body <> 'bad')"], bad],
  ['PostgreSQL length', postgres.create, ['ALTER TABLE carrier_a ALTER body TYPE varchar(10)'], { text: 'x'.repeat(11) }],
  [
    'SQLite trigger',
    sqlite.create,
    [`CREATE TRIGGER t BEFORE INSERT ON carrier_a WHEN NEW.body = 'bad' BEGIN SELECT RAISE(ABORT, 'not today'); END`],
    bad,
  ],
]

/** Tables that accept no row. */
const tableAtFault: readonly Case[] = [
  ['MariaDB id too narrow', mariadb.create, ['ALTER TABLE carrier_a MODIFY id CHAR(20) NOT NULL'], {}],
  ['MariaDB no default (1364)', mariadb.create, ['ALTER TABLE carrier_a ADD needed INT NOT NULL'], {}],
  ['MariaDB column dropped', mariadb.create, ['ALTER TABLE carrier_a DROP body'], {}],
  ['MariaDB table missing', mariadb.create, ['DROP TABLE carrier_a'], {}],
  [
    'MariaDB trigger',
    mariadb.create,
    ["CREATE TRIGGER t BEFORE INSERT ON carrier_a FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'"],
    {},
  ],
  [
    'MariaDB text too narrow for all of many',
    mariadb.create,
    ['ALTER TABLE carrier_a MODIFY body VARCHAR(8) NOT NULL'],
    { text: 'longer than eight' },
  ],
  ['PostgreSQL id too narrow', postgres.create, ['ALTER TABLE carrier_a ALTER id TYPE varchar(20)'], {}],
  [
    'PostgreSQL enum in a table that apigw created',
    postgres.create,
    [
      "CREATE TYPE kind AS ENUM ('sms')",
      'ALTER TABLE carrier_a ALTER type TYPE kind USING type::kind',
      'ALTER TABLE carrier_a ADD spare int',
    ],
    {},
  ],
  ['PostgreSQL no default', postgres.create, ['ALTER TABLE carrier_a ADD needed int NOT NULL'], {}],
  ['PostgreSQL column dropped', postgres.create, ['ALTER TABLE carrier_a DROP body'], {}],
  ['PostgreSQL table missing', postgres.create, ['DROP TABLE carrier_a'], {}],
  [
    'PostgreSQL trigger',
    postgres.create,
    [
      `CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$ LANGUAGE plpgsql`,
      'CREATE TRIGGER t BEFORE INSERT ON carrier_a FOR EACH ROW EXECUTE FUNCTION refuse()',
    ],
    {},
  ],
  ['SQLite column dropped', sqlite.create, ['ALTER TABLE carrier_a DROP media'], {}],
  ['SQLite table missing', sqlite.create, ['DROP TABLE carrier_a'], {}],
  [
    'SQLite trigger',
    sqlite.create,
    [`CREATE TRIGGER t BEFORE INSERT ON carrier_a BEGIN SELECT RAISE(ABORT, 'not today'); END`],
    {},
  ],
]

describe('a row is at fault', () => {
  it.each(rowsAtFault)('%s: two among ten are rejected, the others written', async (_, create, changes, wrong) => {
    const { test, database } = await prepared(create, ...changes)
    const good = Array.from({ length: 10 }, () => rowWith())
    const wrongs = [rowWith(wrong), rowWith(wrong)]
    const result = await writeRows(database, carrierA, [...good.slice(0, 5), ...wrongs, ...good.slice(5)])
    expect(result).toMatchObject({ written: 10, repeated: 0 })
    expect(idsOf(result.rejected.map(({ row }) => row))).toEqual(idsOf(wrongs))
    expect(await idsIn(test, table)).toEqual(idsOf(good))
    expect(await database.outcomes(carrierA, 10)).toHaveLength(2)
  })

  it.each(rowsAtFault)(
    '%s: alone in an idle queue it is rejected too, and no trial row remains',
    async (_, create, changes, wrong) => {
      const { test, database } = await prepared(create, ...changes)
      const row = rowWith(wrong)
      const result = await writeRows(database, carrierA, [row])
      expect(result.rejected.map((one) => one.row.message.id)).toEqual([row.message.id])
      expect(await idsIn(test, table)).toEqual([])
      expect(await test.sql('SELECT msg_id FROM ingest_seen')).toEqual([{ msg_id: row.message.id }])
    },
  )
})

describe('a table is at fault', () => {
  it.each(tableAtFault)('%s: many messages are kept, none is rejected', async (_, create, changes, message) => {
    const { test, database } = await prepared(create, ...changes)
    const rows = Array.from({ length: 60 }, () => rowWith(message))
    await expect(writeRows(database, carrierA, rows)).rejects.toMatchObject({ code: 'table-refuses' })
    expect(await test.sql('SELECT msg_id FROM ingest_seen')).toEqual([])
    expect(await test.sql('SELECT msg_id FROM ingest_rejected')).toEqual([])
  })

  it.each(tableAtFault.filter(([name]) => !name.includes('of many')))(
    '%s: a single message is kept',
    async (_, create, changes, message) => {
      const { test, database } = await prepared(create, ...changes)
      await expect(writeRows(database, carrierA, [rowWith(message)])).rejects.toMatchObject({ code: 'table-refuses' })
      expect(await test.sql('SELECT msg_id FROM ingest_rejected')).toEqual([])
    },
  )

  it('keeps what a table refuses that accepted such rows before', async () => {
    const { test, database } = await prepared(mariadb.create)
    const long = { text: 'longer than eight' }
    expect(await writeRows(database, carrierA, [rowWith(long)])).toMatchObject({ written: 1 })
    // An invented row still fits, and says nothing about the existing rows.
    await test.sql('DELETE FROM carrier_a')
    await test.sql('ALTER TABLE carrier_a MODIFY body VARCHAR(8) NOT NULL')
    await expect(writeRows(database, carrierA, [rowWith(long)])).rejects.toMatchObject({ code: 'table-refuses' })
    expect(await writeRows(database, carrierA, [rowWith({ text: 'short' }), rowWith(long)])).toMatchObject({
      written: 1,
      rejected: [{}],
    })
  })

  it('keeps the rows when a table breaks during the search for the bad one', async () => {
    const { test, database } = await prepared(mariadb.create, "ALTER TABLE carrier_a ADD CHECK (body <> 'bad')")
    const good = Array.from({ length: 12 }, () => rowWith())
    const breaking = {
      ...passing(database),
      flush: async (carrier: Carrier, rows: Parameters<typeof database.flush>[1]) => {
        const written = await database.flush(carrier, rows)
        if (written > 0) await test.sql('ALTER TABLE carrier_a ADD COLUMN IF NOT EXISTS needed INT NOT NULL')
        return written
      },
    }
    await expect(writeRows(breaking, carrierA, [rowWith(bad), ...good])).rejects.toMatchObject({ code: 'table-refuses' })
    expect(await test.sql('SELECT msg_id FROM ingest_rejected')).toEqual([])
    await test.sql('ALTER TABLE carrier_a DROP needed')
    expect((await writeRows(database, carrierA, [rowWith(bad), ...good])).rejected).toHaveLength(1)
    expect(await idsIn(test, table)).toEqual(idsOf(good))
  })
})

describe('max_allowed_packet', () => {
  it('bounds the bytes of a statement, not only its rows', async () => {
    const admin = await createConnection(inject('mariadb'))
    onTestFinished(() => admin.end())
    const test = await mariadb.create()
    await admin.query('SET GLOBAL max_allowed_packet = 65536')
    onTestFinished(async () => void (await admin.query('SET GLOBAL max_allowed_packet = 16777216')))
    const database = await test.open()
    await database.migrate([carrierA])
    const rows = Array.from({ length: 300 }, () => rowWith({ text: "'가\\".repeat(600) }))
    expect(await writeRows(database, carrierA, rows)).toEqual({ written: 300, repeated: 0, rejected: [] })
    expect(await writeRows(database, carrierA, [...rows, rowWith()])).toMatchObject({ written: 1, repeated: 300 })
  })

  it('rejects only the row that ends its connection each time', async () => {
    const { test, database } = await prepared(mariadb.create)
    const killer = rowWith(bad)
    const good = Array.from({ length: 10 }, () => rowWith())
    await test.sql(
      `CREATE TRIGGER t BEFORE INSERT ON carrier_a FOR EACH ROW BEGIN IF NEW.body = 'bad' THEN KILL CONNECTION_ID(); END IF; END`,
    )
    const result = await writeRows(database, carrierA, [...good, killer])
    expect(result.rejected.map(({ row }) => row.message.id)).toEqual([killer.message.id])
    expect(await idsIn(test, table)).toEqual(idsOf(good))
  })
})

/** The methods that `write` uses, one by one: a class instance cannot be spread. */
function passing(database: Awaited<ReturnType<TestDatabase['open']>>) {
  return {
    answers: () => database.answers(),
    acceptsRow: (carrier: Carrier, invented?: boolean) => database.acceptsRow(carrier, invented),
    reject: (...all: Parameters<typeof database.reject>) => database.reject(...all),
  }
}
