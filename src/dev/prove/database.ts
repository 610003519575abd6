import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { recordOf } from '../../domain/record.ts'
import type { Victim } from '../servers/index.ts'
import { findProgram, mariadbServer, postgresServer, programs } from '../servers/index.ts'
import { insist } from './patience.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export const databases = ['mariadb', 'postgres', 'sqlite'] as const
export type DatabaseKind = (typeof databases)[number]

export type SqlRow = Readonly<Record<string, unknown>>

/** A way in of the carrier and of the checks: past the proxy, so no fault of the way there reaches it. */
export interface Sql {
  all(text: string): Promise<SqlRow[]>
  close(): void
}

/** The carriers' database of a proof. */
export interface RowStore {
  readonly kind: DatabaseKind
  readonly engine: string
  /** Where the workers find it: through the proxy. */
  readonly address: string
  /** Where it is. */
  readonly direct: string
  readonly victim?: Victim
  readonly proxy?: TcpProxy
  /** Every statement in a connection that is opened anew after a failure. */
  readonly sql: Sql
  /** Makes the table refuse every row whose text says so, as a carrier's own trigger does. */
  readonly refusing: readonly string[]
  /** Ends every session but the one that says so. */
  readonly endSessions?: string
  close(): Promise<void>
}

/** A text that the carrier's table does not take. */
export const refusedText = 'The table refuses this row'
/** Longest that a statement of the harness may take. */
const statementMs = 20_000

/** The first that this machine has. */
export function defaultDatabase(): DatabaseKind {
  if (findProgram(programs.mariadb) !== undefined && findProgram(programs.mariadbInstall) !== undefined) return 'mariadb'
  return findProgram(programs.postgresInstall) === undefined ? 'sqlite' : 'postgres'
}

export function startRowStore(kind: DatabaseKind, folder: string, signal: AbortSignal): Promise<RowStore> {
  if (kind === 'sqlite') return sqliteStore(folder)
  return kind === 'mariadb' ? mariadbStore(folder, signal) : postgresStore(folder, signal)
}

interface Session {
  all(text: string): Promise<SqlRow[]>
  close(): void
}

/** One connection for all statements; one that failed is dropped, and the next statement opens another. */
class Reopened implements Sql {
  readonly #open: () => Promise<Session>
  #session: Promise<Session> | undefined

  constructor(open: () => Promise<Session>) {
    this.#open = open
  }

  async all(text: string): Promise<SqlRow[]> {
    this.#session ??= this.#open()
    const session = this.#session
    try {
      return await (await session).all(text)
    } catch (error) {
      if (this.#session === session) this.close()
      throw error
    }
  }

  close(): void {
    const session = this.#session
    this.#session = undefined
    session?.then((one) => one.close()).catch(() => undefined)
  }
}

async function sqliteStore(folder: string): Promise<RowStore> {
  const path = join(folder, 'messages.db')
  const sql = new Reopened(async () => {
    // A lock is waited for by trying again: waiting inside would stop everything else of this process.
    const db = new DatabaseSync(path, { timeout: 20 })
    return { all: async (text) => db.prepare(text).all(), close: () => db.close() }
  })
  return {
    kind: 'sqlite',
    engine: 'SQLite',
    address: `sqlite:${path}`,
    direct: `sqlite:${path}`,
    sql,
    refusing: [
      `CREATE TRIGGER refuse BEFORE INSERT ON carrier_a WHEN NEW.body LIKE '${refusedText}%' BEGIN SELECT RAISE(ABORT, 'the carrier refuses it'); END`,
    ],
    close: async () => sql.close(),
  }
}

async function mariadbStore(folder: string, signal: AbortSignal): Promise<RowStore> {
  const victim = await mariadbServer(folder)
  await victim.start()
  const { port } = victim
  const open = async (database?: string): Promise<Session> => {
    const address = { host: '127.0.0.1', port, user: 'root', connectTimeout: 5_000 }
    const connection = await createConnection({ ...address, ...(database !== undefined && { database }) })
    connection.on('error', () => undefined)
    return {
      all: async (text) => {
        const [rows] = await connection.query({ sql: text, timeout: statementMs })
        return Array.isArray(rows) ? rows.map(recordOf) : []
      },
      close: () => connection.destroy(),
    }
  }
  const admin = new Reopened(() => open())
  await insist('open MariaDB', signal, () => admin.all('CREATE DATABASE IF NOT EXISTS prove'))
  admin.close()
  const proxy = await startTcpProxy(port)
  const sql = new Reopened(() => open('prove'))
  return {
    kind: 'mariadb',
    engine: 'MariaDB',
    address: `mariadb://root@127.0.0.1:${proxy.port}/prove`,
    direct: `mariadb://root@127.0.0.1:${port}/prove`,
    victim,
    proxy,
    sql,
    refusing: [
      `CREATE TRIGGER refuse BEFORE INSERT ON carrier_a FOR EACH ROW IF NEW.body LIKE '${refusedText}%' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the carrier refuses it'; END IF`,
    ],
    endSessions: `SELECT CONCAT('KILL CONNECTION ', id) AS command FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'`,
    close: async () => {
      sql.close()
      await proxy.close()
      await victim.kill()
    },
  }
}

async function postgresStore(folder: string, signal: AbortSignal): Promise<RowStore> {
  const victim = await postgresServer(folder)
  await victim.start()
  const { port } = victim
  const open = async (database: string): Promise<Session> => {
    const limits = { connectionTimeoutMillis: 5_000, query_timeout: statementMs }
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database, ...limits })
    client.on('error', () => undefined)
    await client.connect()
    return { all: async (text) => (await client.query(text)).rows, close: () => void client.end().catch(() => undefined) }
  }
  const admin = new Reopened(() => open('postgres'))
  await insist('open PostgreSQL', signal, () => admin.all('SELECT 1'))
  await admin.all('CREATE DATABASE prove')
  admin.close()
  const proxy = await startTcpProxy(port)
  const sql = new Reopened(() => open('prove'))
  return {
    kind: 'postgres',
    engine: 'PostgreSQL',
    address: `postgres://postgres@127.0.0.1:${proxy.port}/prove`,
    direct: `postgres://postgres@127.0.0.1:${port}/prove`,
    victim,
    proxy,
    sql,
    refusing: [
      `CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN
         IF NEW.body LIKE '${refusedText}%' THEN RAISE EXCEPTION 'the carrier refuses it'; END IF; RETURN NEW;
       END $$ LANGUAGE plpgsql`,
      'CREATE TRIGGER refuse BEFORE INSERT ON carrier_a FOR EACH ROW EXECUTE FUNCTION refuse()',
    ],
    endSessions: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    close: async () => {
      sql.close()
      await proxy.close()
      await victim.kill()
    },
  }
}
