import type { Carrier } from '../../domain/carrier.ts'
import type { Environment } from '../../domain/names.ts'
import { outcomes as knownOutcomes } from '../../domain/report.ts'
import { type Engine, marks, type Session, type SqlRow } from '../sql/index.ts'
import type { FinishedMessage } from './database.ts'
import type { Layout } from './layout.ts'
import type { Owner } from './ledger.ts'
import { referencesTable } from './sql-insert.ts'

/** The shortest month. */
const monthMs = 28 * 86_400_000

/** The environment of a column that only this code writes. */
export function environmentOf(value: unknown): Environment {
  return value === 'test' ? 'test' : 'live'
}

function optional(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value)
}

function ownerValues(owners: readonly Owner[]): string[] {
  return owners.flatMap(({ customer, environment }) => [customer, environment])
}

/** As `Database.outcomes`. */
export async function readOutcomes(
  engine: Engine,
  session: Session,
  { carrier, layout }: { readonly carrier: Carrier; readonly layout: Layout },
  limit: number,
  except: readonly Owner[],
): Promise<FinishedMessage[]> {
  const read = async (table: string, max: number): Promise<FinishedMessage[]> => {
    const values = [...ownerValues(except), ...layout.result.done, max]
    const rows = await session.all(outcomesSql(engine, layout, table, except.length), values)
    return rows.map((row) => finishedMessage(layout, row))
  }
  const outcomes = await read(layout.table, limit)
  // apigw moves rows of managed tables after their report; a carrier's agent moves its own rows before it.
  const now = Date.now()
  const logs = layout.managed ? [] : [layout.logOf(now), layout.logOf(now - monthMs)]
  for (const log of new Set(logs)) {
    if (log === undefined || outcomes.length >= limit || !(await engine.hasTable(session, log))) continue
    outcomes.push(...(await read(log, limit - outcomes.length)))
  }
  for (const readMore of [readEnded, readRejected]) {
    if (outcomes.length < limit) outcomes.push(...(await readMore(session, carrier, limit - outcomes.length, except)))
  }
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
  return [...byId.values()].sort((a, b) => a.at - b.at)
}

function outcomesSql({ quoted }: Engine, { id, idLength, result }: Layout, table: string, except: number): string {
  const at = result.at === undefined ? 'NULL' : `t.${quoted(result.at)}`
  const whole = `t.${quoted(id)}`
  const channel = (result.channel?.columns ?? []).map((column, place) => `, t.${quoted(column)} AS c${place}`).join('')
  const joined =
    idLength === undefined
      ? `JOIN ingest_seen s ON s.msg_id = ${whole}`
      : `JOIN ${referencesTable} r ON r.reference = ${whole} JOIN ingest_seen s ON s.msg_id = r.msg_id`
  return `SELECT s.msg_id AS id, t.${quoted(result.code)} AS code, ${at} AS at, s.customer, s.environment, s.ref, s.callback${channel}
    FROM ${quoted(table)} t ${joined} AND s.reported_at IS NULL${excludedOwners(except)}
    WHERE t.${quoted(result.status)} IN ${marks(result.done.length)} LIMIT ?`
}

async function readRejected(
  session: Session,
  { queue }: Carrier,
  limit: number,
  except: readonly Owner[],
): Promise<FinishedMessage[]> {
  const rows = await session.all(
    `SELECT r.msg_id AS id, r.rejected_at AS at, s.customer, s.environment, s.ref, s.callback
     FROM ingest_rejected r JOIN ingest_seen s ON s.msg_id = r.msg_id AND s.reported_at IS NULL${excludedOwners(except.length)}
     WHERE r.queue = ? LIMIT ?`,
    [...ownerValues(except), queue, limit],
  )
  return rows.map((row) => ({ ...namesOf(row), outcome: 'rejected', code: 'invalid', at: Number(row.at) }))
}

/** Messages that were held, and never went to their carrier. */
async function readEnded(
  session: Session,
  { queue }: Carrier,
  limit: number,
  except: readonly Owner[],
): Promise<FinishedMessage[]> {
  const rows = await session.all(
    `SELECT e.msg_id AS id, e.outcome, e.code, e.ended_at AS at, s.customer, s.environment, s.ref, s.callback
     FROM ingest_ended e JOIN ingest_seen s ON s.msg_id = e.msg_id AND s.reported_at IS NULL${excludedOwners(except.length)}
     WHERE e.queue = ? LIMIT ?`,
    [...ownerValues(except), queue, limit],
  )
  return rows.map((row) => {
    const code = optional(row.code)
    const outcome = knownOutcomes.find((known) => known === row.outcome) ?? 'failed'
    return { ...namesOf(row), outcome, ...(code !== undefined && { code }), at: Number(row.at) }
  })
}

/** Takes outcomes of held messages away that were reported, so that the next look reads only what is open. */
export async function forgetEnded(session: Session, limit: number): Promise<void> {
  const sql = `SELECT e.msg_id FROM ingest_ended e JOIN ingest_seen s ON s.msg_id = e.msg_id AND s.reported_at IS NOT NULL LIMIT ?`
  const ids = (await session.all(sql, [limit])).map(({ msg_id }) => String(msg_id))
  if (ids.length > 0) await session.run(`DELETE FROM ingest_ended WHERE msg_id IN ${marks(ids.length)}`, ids)
}

/** The SQL condition that excludes a number of owners. */
function excludedOwners(count: number): string {
  return ' AND NOT (s.customer = ? AND s.environment = ?)'.repeat(count)
}

function namesOf(row: SqlRow): Pick<FinishedMessage, 'id' | 'customer' | 'environment' | 'ref' | 'callback'> {
  const ref = optional(row.ref)
  const callback = optional(row.callback)
  return {
    id: String(row.id),
    customer: String(row.customer),
    environment: environmentOf(row.environment),
    ...(ref !== undefined && { ref }),
    ...(callback !== undefined && { callback }),
  }
}

/** Times outside this range are not credible: the service is younger, and no carrier's clock is a day ahead. */
const firstTime = Date.UTC(2000, 0)
const aheadMs = 86_400_000
const maxCode = 64

/** The time of an outcome; if it is not credible, now and the value that was read. A zero date is not a time. */
export function outcomeTime(layout: Layout, value: unknown): { readonly at: number; readonly unreadable?: string } {
  const now = Date.now()
  if (value === null || value === undefined) return { at: now }
  const at = layout.timeOf(value)
  if (at !== undefined && at >= firstTime && at <= now + aheadMs) return { at: Math.round(at) }
  return { at: now, unreadable: `the time "${String(value).slice(0, 40)}"` }
}

/** The carrier's result code, cut to what a report can hold. */
function codeOf(code: string): { readonly code: string; readonly unreadable?: string } {
  const shown = code.replaceAll(/\p{C}/gu, '\ufffd').slice(0, maxCode)
  return shown === code ? { code } : { code: shown, unreadable: `the code ${JSON.stringify(shown)}, cut to what a report holds` }
}

/** A finished row. An unreadable value is replaced, so that it does not hold up the reports of other rows. */
function finishedMessage(layout: Layout, row: SqlRow): FinishedMessage {
  const raw = optional(row.code)
  const code = raw === undefined ? undefined : codeOf(raw)
  const time = outcomeTime(layout, row.at)
  const outcome = layout.outcomeOf(raw)
  const { channel } = layout.result
  const deliveredAs = channel?.of(
    channel.columns.map((_, place) => row[`c${place}`]),
    outcome,
  )
  const unreadable = [time.unreadable, code?.unreadable].filter((one) => one !== undefined).join(' and ')
  return {
    ...namesOf(row),
    outcome,
    ...(code !== undefined && { code: code.code }),
    ...(deliveredAs !== undefined && { channel: deliveredAs }),
    at: time.at,
    ...(unreadable !== '' && { unreadable }),
  }
}
