import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createConnection } from 'mysql2/promise'
import { freePort, programPath, Victim } from './process.ts'

/** The carriers' database of a proof, with a way in for the carrier that moves its rows. */
export interface RowStore {
  readonly engine: string
  readonly address: string
  readonly victim?: Victim
  /** Runs a statement and gives back its rows. */
  sql(text: string): Promise<Record<string, unknown>[]>
}

export interface RegistryStore {
  readonly engine: string
  readonly address: string
  readonly victim?: Victim
}

/** Redis where this machine has it: it can be killed and come back empty. */
export async function startRegistryStore(folder: string): Promise<RegistryStore> {
  const program = programPath('redis-server')
  if (program === undefined) return { engine: 'SQLite', address: `sqlite:${join(folder, 'registry.db')}` }
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const victim = new Victim('Redis', [program, ...args], {}, port)
  await victim.start()
  return { engine: 'Redis', address: `redis://127.0.0.1:${port}`, victim }
}

/** MariaDB where this machine has it, and a SQLite file where not. */
export async function startRowStore(folder: string): Promise<RowStore> {
  const program = programPath('mariadbd')
  const installer = programPath('mariadb-install-db')
  return program === undefined || installer === undefined ? sqliteStore(folder) : mariadbStore(folder, program, installer)
}

function sqliteStore(folder: string): RowStore {
  const path = join(folder, 'messages.db')
  return {
    engine: 'SQLite',
    address: `sqlite:${path}`,
    sql: async (text) => {
      const db = new DatabaseSync(path, { timeout: 10_000 })
      try {
        return db.prepare(text).all()
      } finally {
        db.close()
      }
    },
  }
}

async function mariadbStore(folder: string, program: string, installer: string): Promise<RowStore> {
  const port = await freePort()
  const data = join(folder, 'mariadb')
  const root = process.getuid?.() === 0
  const user = root ? ['--user=mysql'] : []
  if (root) chmodSync(folder, 0o777)
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...user]
  execFileSync(installer, install, { stdio: 'ignore' })
  const places = [`--socket=${join(folder, 'm.sock')}`, `--pid-file=${join(folder, 'm.pid')}`]
  const args = ['--no-defaults', `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1', ...places, ...user]
  const victim = new Victim('MariaDB', [program, ...args], {}, port)
  await victim.start()
  const connect = (database?: string) =>
    createConnection({ host: '127.0.0.1', port, user: 'root', ...(database !== undefined && { database }) })
  const admin = await connect()
  await admin.query('CREATE DATABASE prove')
  await admin.end()
  return {
    engine: 'MariaDB',
    address: `mariadb://root@127.0.0.1:${port}/prove`,
    victim,
    sql: async (text) => {
      const connection = await connect('prove')
      try {
        const [rows] = await connection.query(text)
        return Array.isArray(rows) ? rows.map((row): Record<string, unknown> => Object(row)) : []
      } finally {
        await connection.end()
      }
    },
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
