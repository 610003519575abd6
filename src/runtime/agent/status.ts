import type { AgentTable } from './agent.ts'
import type { OpenAgent } from './open.ts'
import { masked } from './status-page.ts'

/** What one table waits for. */
export interface TableStatus {
  readonly table: string
  /** Due rows, counted up to a limit. */
  readonly due: number
  readonly claimed: number
  /** How long the oldest due row has been due, in milliseconds; `null`: none is due. */
  readonly oldestMs: number | null
}

export interface AgentStatus {
  readonly tables: readonly TableStatus[]
  /** Rows in the journal, by state. */
  readonly journal: Readonly<Record<string, number>>
  readonly openCalls: number
  /** Outcomes that are not in the customer's table yet. */
  readonly unwritten: number
  /** Why rows wait, as the running agent said last; `null`: nothing stands in the way. */
  readonly waitingFor: string | null
  /** The last call that the gateway accepted, in milliseconds since 1970. */
  readonly lastSentAt: number | null
}

/** Rows that are counted in each state: a full count of a big table takes too long. */
const maxCounted = 100_000

async function tableStatus({ table }: AgentTable): Promise<TableStatus> {
  await table.connect()
  const { due, claimed, oldestDueMs } = await table.counts(maxCounted)
  const oldestMs = oldestDueMs === undefined ? null : Math.max(0, table.now() - oldestDueMs)
  return { table: table.name, due, claimed, oldestMs }
}

/**
 * Where an agent is, from its journal and the customer's tables. The agent may be running.
 * @throws Problem `database-unavailable`, `journal-unusable`
 */
export async function agentStatus(agent: OpenAgent): Promise<AgentStatus> {
  const journal = agent.journal()
  const tables = await Promise.all(agent.tables.map(tableStatus))
  const { states, openCalls, unwritten } = journal.counts()
  const lastSentAt = Number(journal.meta('last-sent-at') ?? Number.NaN)
  return {
    tables,
    journal: states,
    openCalls,
    unwritten,
    waitingFor: masked(journal.meta('waiting-for') ?? '') || null,
    lastSentAt: Number.isNaN(lastSentAt) ? null : lastSentAt,
  }
}
