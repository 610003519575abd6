import { describe, expect, onTestFinished, test } from 'vitest'
import { openCarrierEngine, openEngine, Refusal } from '../../../src/runtime/sql/index.ts'
import { type FakeDatabase, oracle, sqlServer } from '../../support/sql-servers/databases.ts'
import { oracleError } from '../../support/sql-servers/fake-oracledb.ts'

function numbered(number: number): Error {
  return Object.assign(new Error(`error ${number}`), { code: 'EREQUEST', number })
}

const servers = [
  {
    ...sqlServer,
    name: 'sqlserver',
    packageName: 'tedious',
    table: 'outbox',
    again: [1205, 1222, 3960].map(numbered),
    gone: [...[3906, 978, 40613].map(numbered), Object.assign(new Error('lost'), { code: 'ESOCKET' })],
    unlisted: numbered(50_000),
    said: 'error 50000: error 50000',
    begin: 'BEGIN TRANSACTION ISOLATION 2',
    rollback: 'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION',
  },
  {
    ...oracle,
    name: 'oracle',
    packageName: 'oracledb',
    table: 'OUTBOX',
    again: ['ORA-00060', 'ORA-30006', 'ORA-00054', 'ORA-08177'].map((code) => oracleError(code, 'busy')),
    gone: ['ORA-16000', 'NJS-500', 'NJS-123', 'ORA-03113', 'ORA-01033'].map((code) => oracleError(code, 'gone')),
    unlisted: oracleError('ORA-20001', 'the words of a trigger'),
    said: 'ORA-20001: the words of a trigger',
    begin: undefined,
    rollback: 'ROLLBACK',
  },
] as const

async function outbox(create: () => Promise<FakeDatabase>) {
  const database = await create()
  await database.sql('CREATE TABLE OUTBOX (ID integer PRIMARY KEY, STATE char(1), MARK varchar(5) NOT NULL)')
  await database.sql("INSERT INTO OUTBOX VALUES (1, '1', ''), (2, '1', 'x')")
  const engine = database.openEngine()
  onTestFinished(() => engine.close())
  const { quoted } = engine
  const set = (state: string) =>
    engine.transaction((session) =>
      session.run(`UPDATE ${quoted('OUTBOX')} SET ${quoted('STATE')} = ? WHERE ${quoted('ID')} = ?`, [state, 1]),
    )
  const state = async () => (await database.sql('SELECT STATE FROM OUTBOX WHERE ID = 1'))[0]?.STATE
  return { database, server: database.server, engine, set, state }
}

describe.each(servers)(
  'the engine of $engine',
  ({ create, again, gone, unlisted, said, begin, rollback, table, name, packageName }) => {
    test('runs a transaction again from the start after an error that asks for it', async () => {
      const { server, set, state } = await outbox(create)
      server.faults.push(...again.map((error) => ({ at: /^UPDATE/, error })))
      expect(await set('2')).toBe(1)
      expect(await state()).toBe('2')
      const rolledBack = server.statements.filter((sql) => sql === rollback)
      expect(rolledBack).toHaveLength(again.length)
      // One connection is enough: none was ended.
      expect(server.opened).toBe(1)
    })

    test('gives up after five times', async () => {
      const { server, set, state } = await outbox(create)
      const [error = new Error('none')] = again
      server.faults.push(...Array.from({ length: 5 }, () => ({ at: /^UPDATE/, error })))
      await expect(set('2')).rejects.toMatchObject({ code: 'database-unavailable', retryable: true })
      expect(await state()).toBe('1')
      expect(await set('2')).toBe(1)
    })

    test.each(gone.map((error) => [error.message, error] as const))('ends the connection after: %s', async (_, error) => {
      const { server, set } = await outbox(create)
      server.faults.push({ at: /^UPDATE/, error })
      await expect(set('2')).rejects.toMatchObject({ code: 'database-unavailable' })
      expect(server.statements).not.toContain(rollback)
      expect(server.open).toBe(0)
      expect(await set('2')).toBe(1)
      expect(server.opened).toBe(2)
    })

    test('says what the server refused, and rolls back', async () => {
      const { server, engine, set, state } = await outbox(create)
      server.faults.push({ at: /^UPDATE/, error: unlisted })
      await expect(set('2')).rejects.toMatchObject({ name: 'Refusal', message: said })
      await expect(set('2, and more')).rejects.toBeInstanceOf(Refusal)
      expect(await state()).toBe('1')
      const missing = engine.transaction((session) => {
        const { sql, values } = engine.dialect.select({
          columns: `${engine.quoted('ID')} AS k`,
          table: 'MISSING',
          where: `${engine.quoted('ID')} = ?`,
          values: [1],
        })
        return session.all(sql, values)
      })
      await expect(missing).rejects.toMatchObject({ name: 'Refusal', missingTable: true })
      expect(server.open).toBe(1)
    })

    test('does not know whether a COMMIT without an answer took effect', async () => {
      const { server, set, state } = await outbox(create)
      const [, error = new Error('none')] = gone
      server.faults.push({ at: /^COMMIT$/, error, after: true })
      await expect(set('2')).rejects.toMatchObject({ code: 'database-unavailable' })
      expect(await state()).toBe('2')
      expect(server.open).toBe(0)
    })

    test('sets its session up before anything else', async () => {
      const { server, set } = await outbox(create)
      await set('2')
      const [first = '', second] = server.statements
      expect(first).toContain(begin === undefined ? 'ALTER SESSION SET NLS_DATE_FORMAT' : 'SET DATEFORMAT ymd')
      if (begin !== undefined) expect(second).toBe(begin)
    })

    test('shares its connections, and ends them', async () => {
      const { server, engine, set } = await outbox(create)
      await Promise.all(['2', '3', '4', '5', '6', '7'].map(set))
      expect(server.opened).toBeLessThanOrEqual(4)
      await engine.close()
      expect(server.open).toBe(0)
      await expect(set('2')).rejects.toMatchObject({ code: 'database-unavailable' })
    })

    test('counts the rows of a statement, and writes an empty text into a column that takes no NULL', async () => {
      const { database, engine } = await outbox(create)
      const { quoted } = engine
      const clear = `UPDATE ${quoted('OUTBOX')} SET ${quoted('MARK')} = ? WHERE ${quoted('STATE')} = ?`
      expect(await engine.transaction((session) => session.run(clear, ['', '1']))).toBe(2)
      const marks = (await database.sql('SELECT MARK FROM OUTBOX')).map(({ MARK }) => String(MARK).trim())
      expect(marks).toEqual(['', ''])
    })

    test('says the time of the server, and what a table has', async () => {
      const { engine } = await outbox(create)
      const now = await engine.transaction((session) => engine.now(session))
      expect(Math.abs(now - Date.now())).toBeLessThan(60_000)
      const facts = await engine.transaction((session) => engine.facts(session, table.toUpperCase()))
      expect(facts?.columns.map(({ name: column, length, optional }) => [column, length, optional])).toEqual([
        ['ID', undefined, true],
        ['STATE', 1, true],
        ['MARK', 5, false],
      ])
      expect(await engine.transaction((session) => engine.facts(session, 'MISSING'))).toBeUndefined()
    })

    test('inserts rows, all or none', async () => {
      const { database, engine } = await outbox(create)
      const insert = (rows: readonly (readonly (string | number)[])[]) =>
        engine.transaction((session) => session.insert('OUTBOX', ['ID', 'STATE', 'MARK'], rows))
      await insert([
        [3, '1', ''],
        [4, '1', 'x'],
      ])
      await expect(
        insert([
          [5, '1', ''],
          [4, '1', ''],
        ]),
      ).rejects.toThrow()
      expect((await database.sql('SELECT ID FROM OUTBOX ORDER BY ID')).map(({ ID }) => ID)).toEqual([1, 2, 3, 4])
    })

    test('a statement that the fake does not know fails', async () => {
      const { engine } = await outbox(create)
      const { quoted } = engine
      const refused = engine.transaction((session) => session.run(`DELETE FROM ${quoted('OUTBOX')}`))
      await expect(refused).rejects.toThrow('an unknown statement: DELETE FROM')
    })

    test('says how to install its driver', async () => {
      await expect(openEngine(`${name}://agent@127.0.0.1/shop`)).rejects.toMatchObject({
        code: 'driver-missing',
        next: expect.stringMatching(new RegExp(`^run: npm install --no-save --prefix .+ ${packageName}@\\d+$`)),
      })
    })

    test('is not one of carriers', async () => {
      await expect(openCarrierEngine(`${name}://agent@127.0.0.1/shop`)).rejects.toMatchObject({ code: 'config-invalid' })
    })
  },
)

test.each(['sqlserver://agent@127.0.0.1', 'oracle:shop', 'db2://agent@127.0.0.1/shop'])(
  '%s is not an address',
  async (address) => {
    await expect(openEngine(address)).rejects.toMatchObject({
      code: 'config-invalid',
      next: expect.stringContaining('oracle://'),
    })
  },
)
