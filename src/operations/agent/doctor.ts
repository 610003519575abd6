import { environmentProxy } from '../../client/index.ts'
import { apigw, type NextStep, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import {
  type AgentTable,
  CustomerTable,
  gatewayTooOld,
  inspectTable,
  type LoadedSettings,
  notifyTrigger,
  type OpenAgent,
} from '../../runtime/agent/index.ts'
import type { Engine } from '../../runtime/sql/index.ts'
import { checkPlans } from './plans.ts'

export interface AgentCheck {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail' | 'skipped'
  readonly detail: string
  readonly fix?: NextStep
}

/** A signature is refused when the clocks differ by more than five minutes. */
const maxClockMs = 60_000
/** A row is sent that much too early or late. */
const maxDatabaseClockMs = 2_000
/** A full count of a big table takes too long. */
const maxCounted = 100_000

function seconds(ms: number): string {
  return `${Math.round(Math.abs(ms) / 100) / 10} s`
}

async function checkGateway({ settings }: LoadedSettings, { gateway }: OpenAgent, env: NodeJS.ProcessEnv): Promise<AgentCheck> {
  const answer = await gateway.check(AbortSignal.timeout(10_000))
  const proxy = settings.proxy ?? environmentProxy(env)
  const through = proxy === undefined ? '' : ` through the proxy ${proxy}`
  if (answer.kind === 'unclear') {
    const detail = `${settings.gateway} does not answer${through}: ${answer.why}`
    return { name: 'gateway', state: 'fail', detail, fix: 'check gateway, proxy and ca in agent.yaml' }
  }
  if (answer.kind === 'refused') {
    return {
      name: 'gateway',
      state: 'fail',
      detail: `${answer.code}: ${answer.detail}`,
      fix: 'check credentials and scheme in agent.yaml',
    }
  }
  const ahead = answer.aheadMs ?? 0
  if (Math.abs(ahead) > maxClockMs) {
    const detail = `its clock is ${seconds(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`
    return { name: 'gateway', state: 'fail', detail, fix: 'synchronize the clock of this machine (NTP)' }
  }
  const support = await gateway.keySupport(AbortSignal.timeout(10_000))
  if (support.kind === 'known' && support.keys === false) {
    return { name: 'gateway', state: 'fail', detail: gatewayTooOld, fix: 'ask the operator of the gateway to update it' }
  }
  const described = support.kind === 'known' && support.keys === true
  const detail = `${settings.gateway} accepts the credentials${through}`
  if (described) return { name: 'gateway', state: 'ok', detail }
  const why = support.kind === 'unclear' ? support.why : 'it is not a description of the API'
  return {
    name: 'gateway',
    state: 'warn',
    detail: `${detail}, but whether it is new enough is not known: ${settings.gateway}/openapi.json cannot be read: ${why}`,
    fix: 'let the path /openapi.json pass through the proxy',
  }
}

async function checkDatabase({ engine }: OpenAgent, tables: readonly AgentTable[]): Promise<AgentCheck[]> {
  const ahead = (await tables[0]?.table.connect()) ?? 0
  const clock: AgentCheck =
    Math.abs(ahead) > maxDatabaseClockMs
      ? {
          name: 'clock',
          state: 'warn',
          detail: `the database's clock is ${seconds(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's; rows become due by the database's clock`,
          fix: 'synchronize both clocks (NTP)',
        }
      : { name: 'clock', state: 'ok', detail: `the clocks of the database and of this machine differ by ${seconds(ahead)}` }
  return [{ name: 'database', state: 'ok', detail: `${engine.name} answers` }, clock]
}

/** Rights are asked for by an UPDATE that matches no row: the server checks them even so. */
async function missingRights({ engine }: OpenAgent, { map }: CustomerTable): Promise<string[]> {
  const { status, claim, id, result } = map
  const columns = [status.column, claim, id, result.code, result.at, result.acceptedAt].flatMap((column) => column ?? [])
  const missing: string[] = []
  for (const column of new Set(columns)) {
    const sql = `UPDATE ${engine.quoted(map.table)} SET ${engine.quoted(column)} = ${engine.quoted(column)} WHERE 1 = 0`
    try {
      await engine.transaction((session) => session.run(sql))
    } catch (error) {
      if (error instanceof Problem) throw error
      missing.push(`${column} (${error instanceof Error ? error.message : String(error)})`)
    }
  }
  return missing
}

function counted(rows: number): string {
  return `${rows === maxCounted ? 'more than ' : ''}${quantity(rows, 'row')}`
}

/** Ready rows that were due at a time, counted up to a limit. */
async function rowsDueBefore({ engine }: OpenAgent, { map }: CustomerTable, at: number): Promise<number> {
  const { due } = await new CustomerTable(engine, map, () => at).counts(maxCounted)
  return due
}

async function checkTable(agent: OpenAgent, { table, maxAgeMs }: AgentTable): Promise<AgentCheck[]> {
  const { engine } = agent
  const name = table.name
  const findings = await inspectTable(engine, table.map, table.now())
  const checks = findings.map(({ level, detail, fix }): AgentCheck => {
    return { name, state: level === 'fault' ? 'fail' : 'warn', detail, fix }
  })
  if (checks.some(({ state }) => state === 'fail')) return checks
  const missing = await missingRights(agent, table)
  if (missing.length > 0) {
    checks.push({
      name,
      state: 'fail',
      detail: `UPDATE is refused: ${missing.join('; ')}`,
      fix: 'grant SELECT and UPDATE on the table',
    })
  }
  const foreign = await table.foreignClaims(1_000)
  if (foreign > 0) {
    const detail = `${quantity(foreign, 'row')} being sent by another program, such as the agent that was here before`
    checks.push({ name, state: 'warn', detail, fix: 'stop the other program before this agent starts: two senders send twice' })
  }
  // A finding says the same about a table without an index for its status.
  if (!findings.some(({ column }) => column === table.map.status.column)) checks.push(...(await checkPlans(engine, table)))
  const { due } = await table.counts(maxCounted)
  const late = maxAgeMs === undefined ? 0 : await rowsDueBefore(agent, table, table.now() - maxAgeMs)
  if (late > 0) {
    const detail = `${counted(late)} due for longer than maxAge: the agent sends none of these, and they end as expired`
    checks.push({ name, state: 'warn', detail, fix: step`see ${apigw('agent preview')}, and set maxAge in agent.yaml` })
  }
  if (checks.length > 0) return checks
  return [{ name, state: 'ok', detail: `${counted(due)} due` }]
}

const triggers = `SELECT count(*) AS n FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
  WHERE t.tgrelid = to_regclass(?) AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND strpos(p.prosrc, ?) > 0`

/** Tables without a trigger whose function names the channel. */
export async function checkNotify(engine: Engine, channel: string, tables: readonly string[]): Promise<AgentCheck[]> {
  const without = await engine.transaction(async (session) => {
    const missing: string[] = []
    for (const table of tables) {
      const [row] = await session.all(triggers, [engine.quoted(table), channel])
      if (Number(row?.n) === 0) missing.push(table)
    }
    return missing
  })
  if (without.length === 0) return [{ name: 'notify', state: 'ok', detail: `triggers notify the channel ${channel}` }]
  const detail = `no trigger of ${without.join(', ')} notifies the channel ${channel}, so that new rows are found by polling only`
  return [{ name: 'notify', state: 'warn', detail, fix: notifyTrigger(channel, without).replaceAll(/\n\s*/g, ' ') }]
}

async function guarded(name: string, work: () => Promise<AgentCheck[]>): Promise<AgentCheck[]> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return [{ name, state: 'fail', detail: error.message, ...(error.next !== undefined && { fix: error.next }) }]
  }
}

/** Checks everything that an agent needs. It changes nothing. */
export async function examineAgent(loaded: LoadedSettings, agent: OpenAgent, env: NodeJS.ProcessEnv): Promise<AgentCheck[]> {
  const gateway = checkGateway(loaded, agent, env)
  const database = await guarded('database', () => checkDatabase(agent, agent.tables))
  const reachable = database.every(({ state }) => state !== 'fail')
  const tables = reachable
    ? await Promise.all(agent.tables.map((one) => guarded(one.table.name, () => checkTable(agent, one))))
    : []
  const { notify } = loaded.settings
  const names = [...new Set(agent.tables.map(({ table }) => table.map.table))]
  const notified =
    notify !== undefined && reachable ? await guarded('notify', () => checkNotify(agent.engine, notify, names)) : []
  const journal = await guarded('journal', async () => {
    const { states } = agent.journal().counts()
    const rows = Object.values(states).reduce((sum, n) => sum + n, 0)
    return [{ name: 'journal', state: 'ok', detail: `${loaded.resolve(loaded.settings.journal)}, ${quantity(rows, 'row')}` }]
  })
  return [await gateway, ...database, ...tables.flat(), ...notified, ...journal]
}
