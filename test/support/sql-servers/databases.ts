import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { type Engine, openEngine } from '../../../src/runtime/sql/index.ts'
import { oracleEngine } from '../../../src/runtime/sql/oracle.ts'
import { sqlServerEngine } from '../../../src/runtime/sql/sqlserver.ts'
import { engines, type TestDatabase } from '../databases.ts'
import { temporaryFolder } from '../names.ts'
import { fakeOracledb, oracleWords } from './fake-oracledb.ts'
import { FakeServer } from './fake-server.ts'
import { fakeTedious, sqlServerWords } from './fake-tedious.ts'

/** A database behind a driver that is a fake. */
export interface FakeDatabase extends TestDatabase {
  readonly server: FakeServer
  openEngine(): Engine
}

function fakeDatabase(address: string, words: ConstructorParameters<typeof FakeServer>[1], open: (server: FakeServer) => Engine) {
  const path = join(temporaryFolder(), 'customer.db')
  const db = new DatabaseSync(path, { timeout: 10_000 })
  db.exec('PRAGMA journal_mode = WAL')
  const server = new FakeServer(path, words)
  onTestFinished(() => {
    db.close()
    server.db.close()
  })
  const database: FakeDatabase = {
    address,
    server,
    sql: async (text, values = []) => db.prepare(text).all(...values),
    open: () => Promise.reject(new Error('carriers do not use this engine')),
    openEngine: () => open(server),
  }
  return database
}

export const sqlServer = {
  engine: 'SQL Server',
  create: async () =>
    fakeDatabase('sqlserver://agent@db.example.com/shop', sqlServerWords, (server) =>
      sqlServerEngine(fakeTedious(server), { url: 'sqlserver://agent@db.example.com/shop', password: 'not used' }),
    ),
} as const

export const oracle = {
  engine: 'Oracle',
  create: async () =>
    fakeDatabase('oracle://agent@db.example.com/SHOP', oracleWords, (server) =>
      oracleEngine(fakeOracledb(server), { url: 'oracle://agent@db.example.com/SHOP', password: 'not used' }),
    ),
} as const

/** Engines whose drivers are fakes. */
export const fakeEngines = [sqlServer, oracle] as const

/** Every engine that the agent reads. */
export const agentEngines = [...engines, ...fakeEngines] as const

/** The engine of a test database. */
export async function engineOf({ openEngine: open, address }: TestDatabase): Promise<Engine> {
  return open?.() ?? openEngine(address)
}
