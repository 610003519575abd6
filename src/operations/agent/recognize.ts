import { readdirSync } from 'node:fs'
import { GatewayClient, parseCredentials } from '../../client/index.ts'
import type { Environment } from '../../domain/names.ts'
import type { TableMap } from '../../domain/table-map.ts'
import { inspectTable, mapFrom } from '../../runtime/agent/index.ts'
import { type Engine, openEngine, withNamesOf } from '../../runtime/sql/index.ts'

/** A table of the database that a shipped map fits. */
export interface Recognized {
  readonly map: string
  readonly title: string
  readonly table: string
}

/** The shipped maps, by name. */
export function shippedMaps(mapsFolder: string): { readonly name: string; readonly map: TableMap }[] {
  const names = readdirSync(mapsFolder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
  return names.map((name) => ({ name, map: mapFrom(name, mapsFolder, mapsFolder) }))
}

/** Whether the database has all that a map names. What the rows hold is for `doctor`. */
async function fits(engine: Engine, given: TableMap): Promise<boolean> {
  const map = await withNamesOf(engine, given)
  const findings = await inspectTable(engine, map, undefined, { looksAtRows: false })
  return findings.every(({ level }) => level !== 'fault')
}

/**
 * Finds the tables of a database that the shipped maps know.
 * @throws Problem `database-unavailable`, `config-invalid`
 */
export async function recognizeTables(address: string, password: string | undefined, mapsFolder: string): Promise<Recognized[]> {
  const engine = await openEngine(address, { password, connections: 1, timeoutMs: 10_000 })
  try {
    return await recognizeIn(engine, mapsFolder)
  } finally {
    await engine.close()
  }
}

/** The same, in a database that is open. */
export async function recognizeIn(engine: Engine, mapsFolder: string): Promise<Recognized[]> {
  const found: { readonly name: string; readonly map: TableMap }[] = []
  for (const one of shippedMaps(mapsFolder)) if (await fits(engine, one.map)) found.push(one)
  // Two maps of one table would send its rows in two ways: the one that reads a second table knows more of them.
  const withDetail = new Set(found.flatMap(({ map }) => (map.detail === undefined ? [] : map.table)))
  return found
    .filter(({ map }) => map.detail !== undefined || !withDetail.has(map.table))
    .map(({ name, map }) => ({ map: name, title: map.title ?? name, table: map.table }))
}

/** The database's clock, and how far it is ahead of this machine's, in milliseconds. */
export async function databaseClock(address: string, password: string | undefined): Promise<{ now: number; aheadMs: number }> {
  const engine = await openEngine(address, { password, connections: 1, timeoutMs: 10_000 })
  try {
    const now = await engine.transaction((session) => engine.now(session))
    return { now, aheadMs: now - Date.now() }
  } finally {
    await engine.close()
  }
}

/** How a key signs in, found by trying. */
export interface FoundScheme {
  readonly scheme: 'basic' | 'hmac'
  /** Why the gateway accepts neither; absent: it accepts this one. */
  readonly refusal?: string
}

/** Which scheme the gateway accepts these credentials with. The signature is tried first: it does not show the secret. */
export async function findScheme(gateway: string, credentials: string, environment: Environment): Promise<FoundScheme> {
  const parts = parseCredentials(credentials)
  let refusal = ''
  for (const scheme of ['hmac', 'basic'] as const) {
    const client = new GatewayClient({ gateway, credentials: parts, scheme, environment })
    const answer = await client.check(AbortSignal.timeout(10_000))
    if (answer.kind === 'ok') return { scheme }
    refusal = answer.kind === 'unclear' ? `${gateway} does not answer: ${answer.why}` : `${answer.code}: ${answer.detail}`
  }
  return { scheme: 'basic', refusal }
}
