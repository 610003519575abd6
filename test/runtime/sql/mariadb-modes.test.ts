import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { mariadbServer } from '../../../src/dev/servers/mariadb.ts'
import type { Server } from '../../../src/dev/servers/victim.ts'
import { openEngine } from '../../../src/runtime/sql/index.ts'

let server: Server
let folder: string
let address: string

beforeAll(async () => {
  // The services of the tests are there, so the programs are installed.
  expect(inject('mariadb')).toContain('mariadb://')
  folder = mkdtempSync(join(tmpdir(), 'apigw-mariadb-'))
  server = await mariadbServer(folder, ['--log-bin=binlog', '--binlog-format=STATEMENT', '--server-id=1'])
  await server.start()
  const root = await createConnection(`mysql://root@127.0.0.1:${server.port}/`)
  await root.query('CREATE DATABASE shop')
  await root.query('CREATE TABLE shop.outbox (id int PRIMARY KEY, state char(1)) ENGINE = InnoDB')
  await root.query("CREATE USER 'agent'@'127.0.0.1'")
  await root.query("GRANT SELECT, INSERT, UPDATE ON shop.* TO 'agent'@'127.0.0.1'")
  await root.end()
  address = `mysql://agent@127.0.0.1:${server.port}/shop`
})
afterAll(async () => {
  await server.kill()
  rmSync(folder, { recursive: true, force: true })
})

async function asRoot(sql: string): Promise<void> {
  const root = await createConnection(`mysql://root@127.0.0.1:${server.port}/shop`)
  await root.query(sql)
  await root.end()
}

test('a statement-based binary log refuses READ COMMITTED with error 1665, and the engine writes all the same', async () => {
  const plain = await createConnection(address)
  await plain.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
  await expect(plain.query("INSERT INTO outbox VALUES (1, '1')")).rejects.toMatchObject({ errno: 1665 })
  await plain.end()
  const engine = await openEngine(address)
  await engine.transaction((session) => session.insert('outbox', ['id', 'state'], [[1, '1']]))
  expect(await engine.transaction((session) => session.run("UPDATE outbox SET state = '2' WHERE id = 1"))).toBe(1)
  await engine.close()
})

test('a plain poll under REPEATABLE READ misses rows that come later, and the engine sees them', async () => {
  const plain = await createConnection(address)
  await plain.query('SET autocommit = 0')
  const count = async () => JSON.stringify((await plain.query("SELECT count(*) AS n FROM outbox WHERE state = '1'"))[0])
  expect(await count()).toBe('[{"n":0}]')
  const engine = await openEngine(address)
  const due = () => engine.transaction((session) => session.all("SELECT id FROM outbox WHERE state = '1'"))
  expect(await due()).toEqual([])
  await asRoot("INSERT INTO outbox VALUES (2, '1')")
  expect(await count()).toBe('[{"n":0}]')
  expect(await due()).toEqual([{ id: 2 }])
  await engine.close()
  await plain.end()
})

test('a server that became read-only is unavailable, and its connection is not kept', async () => {
  const engine = await openEngine(address, { connections: 1 })
  const write = () => engine.transaction((session) => session.run("UPDATE outbox SET state = '3' WHERE id = 1"))
  const connection = () => engine.transaction((session) => session.all('SELECT CONNECTION_ID() AS id'))
  await write()
  const before = await connection()
  await asRoot('SET GLOBAL read_only = 1')
  await expect(write()).rejects.toMatchObject({ code: 'database-unavailable' })
  expect(await connection()).not.toEqual(before)
  await asRoot('SET GLOBAL read_only = 0')
  await write()
  await engine.close()
})
