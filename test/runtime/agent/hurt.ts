import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { mariadbServer } from '../../../src/dev/servers/mariadb.ts'
import { postgresServer } from '../../../src/dev/servers/postgres.ts'
import type { Server } from '../../../src/dev/servers/victim.ts'
import { openDatabase } from '../../../src/runtime/ports/index.ts'
import type { TestDatabase } from '../../support/databases.ts'
import { temporaryFolder } from '../../support/names.ts'

/** A database of the test's own that can be hurt: other tests must not feel it. */
export interface HurtDatabase extends TestDatabase {
  /** How the agent gets in: it may read all columns and change them, and nothing else. */
  readonly agentAddress: string
  /** To be called when the table is there. */
  grant(): Promise<void>
  /** What can happen to it, by name. Each comes back after the database works again. */
  readonly faults: Readonly<Record<string, (milliseconds: number) => Promise<void>>>
}

const open = (address: string) => async () => {
  const database = await openDatabase(address)
  onTestFinished(() => database.close())
  return database
}

async function started(server: Server): Promise<Server> {
  await server.start()
  onTestFinished(() => server.kill())
  return server
}

/** A server answers before it takes statements. */
async function takesStatements(sql: TestDatabase['sql']): Promise<void> {
  for (let done = false; !done; ) {
    done = await sql('SELECT 1').then(
      () => true,
      () => sleep(50, false),
    )
  }
}

const restart = (server: Server, sql: TestDatabase['sql']) => async (): Promise<void> => {
  await server.kill()
  await server.start()
  await takesStatements(sql)
}

export async function hurtMariadb(): Promise<HurtDatabase> {
  const server = await started(await mariadbServer(temporaryFolder()))
  const sql: TestDatabase['sql'] = async (text, values = []) => {
    const connection = await createConnection({ host: '127.0.0.1', port: server.port, user: 'root', charset: 'utf8mb4_bin' })
    try {
      await connection.query('CREATE DATABASE IF NOT EXISTS chaos CHARACTER SET utf8mb4')
      await connection.query('USE chaos')
      const [rows] = await connection.query(text, [...values])
      return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : []
    } finally {
      await connection.end()
    }
  }
  await takesStatements(sql)
  const address = `mariadb://root@127.0.0.1:${server.port}/chaos`
  return {
    address,
    agentAddress: `mariadb://agent@127.0.0.1:${server.port}/chaos`,
    sql,
    open: open(address),
    grant: async () => {
      await sql("CREATE USER agent@'127.0.0.1'")
      await sql("GRANT SELECT, UPDATE ON chaos.outbox TO agent@'127.0.0.1'")
    },
    faults: {
      'connections killed': async () => {
        const ids = await sql("SELECT id FROM information_schema.processlist WHERE user = 'agent'")
        for (const { id } of ids) await sql(`KILL ${Number(id)}`).catch(() => undefined)
      },
      'read-only': async (milliseconds) => {
        await sql('SET GLOBAL read_only = 1')
        await sleep(milliseconds)
        await sql('SET GLOBAL read_only = 0')
      },
      'database restarted': restart(server, sql),
    },
  }
}

export async function hurtPostgres(): Promise<HurtDatabase> {
  const server = await started(await postgresServer(temporaryFolder()))
  const types = { getTypeParser: (oid: number) => (oid === 20 || oid === 21 || oid === 23 ? Number : (text: string) => text) }
  const address = `postgres://postgres@127.0.0.1:${server.port}/postgres`
  const sql: TestDatabase['sql'] = async (text, values = []) => {
    const client = new pg.Client({ connectionString: address, types })
    // A server that stops between two answers is an event, and without a listener it ends the test.
    client.on('error', () => undefined)
    let at = 0
    try {
      await client.connect()
      return (
        await client.query(
          text.replaceAll('?', () => `$${++at}`),
          [...values],
        )
      ).rows
    } finally {
      await client.end()
    }
  }
  await takesStatements(sql)
  return {
    address,
    agentAddress: address.replace('postgres@', 'agent@'),
    sql,
    open: open(address),
    grant: async () => {
      await sql('CREATE ROLE agent LOGIN')
      await sql('GRANT SELECT, UPDATE ON outbox TO agent')
    },
    faults: {
      'connections killed': async () => {
        await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'agent'")
      },
      'read-only': async (milliseconds) => {
        await sql('ALTER ROLE agent SET default_transaction_read_only = on')
        await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'agent'")
        await sleep(milliseconds)
        await sql('ALTER ROLE agent RESET default_transaction_read_only')
        await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'agent'")
      },
      'database restarted': restart(server, sql),
    },
  }
}

export async function hurtSqlite(): Promise<HurtDatabase> {
  const path = join(temporaryFolder(), 'outbox.db')
  // No wait for the lock: it would stop the event loop, and with it the end of the lock.
  const db = new DatabaseSync(path, { timeout: 0 })
  db.exec('PRAGMA journal_mode = WAL')
  onTestFinished(() => db.close())
  const address = `sqlite:${path}`
  return {
    address,
    agentAddress: address,
    sql: async (text, values = []) => db.prepare(text).all(...values),
    open: open(address),
    grant: async () => undefined,
    faults: {
      locked: async (milliseconds) => {
        const other = new DatabaseSync(path, { timeout: 30_000 })
        other.exec('BEGIN IMMEDIATE')
        await sleep(milliseconds)
        other.close()
      },
    },
  }
}
