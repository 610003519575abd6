import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import type { Carrier } from '../../src/domain/carrier.ts'
import { randomId } from '../../src/domain/ids.ts'
import type { Message } from '../../src/domain/message.ts'
import { type Database, openDatabase, type Row } from '../../src/runtime/ports/index.ts'
import type { Engine } from '../../src/runtime/sql/index.ts'
import { temporaryFolder } from './names.ts'

type Values = readonly (string | number | null)[]

/** An empty database for one test, and a second connection to it that does not use apigw's code. */
export interface TestDatabase {
  readonly address: string
  sql(text: string, values?: Values): Promise<Record<string, unknown>[]>
  /** The database port under test; each call opens its own connections. */
  open(): Promise<Database>
  /** The engine under test, where its driver is a fake. */
  openEngine?(): Engine
}

async function sqlite(): Promise<TestDatabase> {
  const path = join(temporaryFolder(), 'carrier.db')
  const db = new DatabaseSync(path, { timeout: 10_000 })
  onTestFinished(() => db.close())
  return withOpen(`sqlite:${path}`, async (text, values = []) => db.prepare(text).all(...values))
}

async function mariadb(): Promise<TestDatabase> {
  const name = `t_${randomId(12).toLowerCase()}`
  const connection = await createConnection({ uri: inject('mariadb'), charset: 'utf8mb4_bin' })
  onTestFinished(() => connection.end())
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  await connection.query(`USE ${name}`)
  onTestFinished(async () => void (await connection.query(`DROP DATABASE ${name}`)))
  return withOpen(`${inject('mariadb')}${name}`, async (text, values = []) => {
    const [rows] = await connection.query(text, [...values])
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  })
}

async function postgres(): Promise<TestDatabase> {
  const name = `t_${randomId(12).toLowerCase()}`
  const admin = new pg.Client(`${inject('postgres')}postgres`)
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  // Numbers as numbers: what the tests count is small.
  const types = { getTypeParser: (oid: number) => (oid === 20 || oid === 21 || oid === 23 ? Number : (text: string) => text) }
  const client = new pg.Client({ connectionString: `${inject('postgres')}${name}`, types })
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  })
  return withOpen(`${inject('postgres')}${name}`, async (text, values = []) => {
    let at = 0
    return (
      await client.query(
        text.replaceAll('?', () => `$${++at}`),
        [...values],
      )
    ).rows
  })
}

function withOpen(address: string, sql: TestDatabase['sql']): TestDatabase {
  return {
    address,
    sql,
    open: async () => {
      const database = await openDatabase(address)
      onTestFinished(() => database.close())
      return database
    },
  }
}

/** Every engine that carriers use. */
export const engines = [
  { engine: 'SQLite', create: sqlite },
  { engine: 'MariaDB', create: mariadb },
  { engine: 'PostgreSQL', create: postgres },
] as const

/** The carriers of most tests. */
export const carrierA: Carrier = { queue: 'carrier-a', table: 'carrier_a' }
export const carrierB: Carrier = { queue: 'carrier-b', table: 'carrier_b' }

/** The ids in a carrier's table, sorted. */
export async function idsIn(database: TestDatabase, table: string): Promise<string[]> {
  return (await database.sql(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => String(id))
}

export function messageWith(changes: Partial<Message> = {}): Message {
  return { id: randomId(), to: '+821012345678', from: '+8215881234', type: 'sms', text: 'hello', acceptedAt: 1, ...changes }
}

export function rowWith(changes: Partial<Message> = {}): Row {
  return { customer: 'acme', environment: 'live', message: messageWith(changes) }
}

export function envelopeOf(route: string, messages: readonly Message[], environment = 'live'): string {
  return JSON.stringify({ v: 1, customer: 'acme', environment, route, messages })
}
