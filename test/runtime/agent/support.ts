import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Fetch, GatewayClient, parseCredentials } from '../../../src/client/index.ts'
import { masterKeysFrom } from '../../../src/domain/seal.ts'
import { type TableMap, tableMap } from '../../../src/domain/table-map.ts'
import {
  type AgentEvent,
  CustomerTable,
  Journal,
  type Listen,
  type MediaFiles,
  Reporter,
  runAgent,
  Sender,
} from '../../../src/runtime/agent/index.ts'
import { type Engine, withNamesOf } from '../../../src/runtime/sql/index.ts'
import type { TestDatabase } from '../../support/databases.ts'
import { temporaryFolder } from '../../support/names.ts'
import { engineOf } from '../../support/sql-servers/databases.ts'
import { noon, type World } from '../../support/world.ts'

export const journalKeys = masterKeysFrom(Buffer.alloc(32, 7).toString('base64'))

/** The map of the tables in these tests. */
export const outbox: TableMap = tableMap.parse({
  table: 'outbox',
  key: 'id',
  columns: { to: 'recipient', from: 'sender', text: 'body', type: 'type', dueAt: 'send_at' },
  types: { '4': 'sms' },
  status: { column: 'state', ready: '1', claimed: '2', accepted: '3', delivered: '4', failed: '5', expired: '6', unknown: '7' },
  claim: 'claim',
  id: 'message_id',
  result: { code: 'result', delivered: 'OK', failed: 'ER', at: 'result_at', acceptedAt: 'accepted_at' },
})

export async function createOutbox(database: TestDatabase, name = 'outbox'): Promise<void> {
  await database.sql(`CREATE TABLE ${name} (
    id integer PRIMARY KEY, recipient varchar(20), sender varchar(20), body varchar(2000), type varchar(2), send_at ${
      /^(?:mysql|mariadb|sqlserver):/.test(database.address) ? 'datetime' : 'timestamp'
    },
    state char(1) NOT NULL, claim varchar(26), message_id varchar(26), result varchar(10), result_at varchar(30),
    accepted_at varchar(30))`)
}

/** Rows that are due now. */
export async function fill(database: TestDatabase, from: number, count: number, changes: Partial<Record<string, string>> = {}) {
  const row = {
    recipient: '010-1234-5678',
    sender: '1588-1234',
    type: '4',
    send_at: '2026-11-23 11:59:00',
    state: '1',
    ...changes,
  }
  for (let first = from; first < from + count; first += 200) {
    const ids = Array.from({ length: Math.min(200, from + count - first) }, (_, at) => first + at)
    const values = ids.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ')
    await database.sql(
      `INSERT INTO outbox (id, recipient, sender, body, type, send_at, state) VALUES ${values}`,
      ids.flatMap((id) => [id, row.recipient, row.sender, changes.body ?? `hello ${id}`, row.type, row.send_at, row.state]),
    )
  }
}

export interface TestAgent {
  readonly table: CustomerTable
  readonly journal: Journal
  readonly gateway: GatewayClient
  readonly sender: Sender
  readonly reporter: Reporter
  readonly events: AgentEvent[]
  /** Sends until no row is due and no call is open. */
  drain(): Promise<void>
  run(changes?: { readonly pollMs?: number; readonly listen?: Listen }): Promise<void>
}

export interface TestAgentOptions {
  readonly database: TestDatabase
  readonly world: World
  readonly map?: TableMap
  /** Absent: a journal of its own. */
  readonly journalPath?: string
  readonly name?: string
  readonly maxAgeMs?: number
  readonly now?: number
  readonly fetch?: Fetch
  readonly files?: MediaFiles
  readonly leaseMs?: number
  /** What stands between the agent and its database. */
  readonly wrap?: (engine: Engine) => Engine
}

/** An agent whose parts are driven by the test. */
export async function testAgent({
  database,
  world,
  map = outbox,
  name = 'a1',
  ...options
}: TestAgentOptions): Promise<TestAgent> {
  const opened = await engineOf(database)
  // The database has the clock of the test as well: rows of a fixed day must not grow old with the calendar.
  opened.now = async () => options.now ?? noon
  const engine = options.wrap?.(opened) ?? opened
  const table = new CustomerTable(engine, await withNamesOf(engine, map), () => options.now ?? noon)
  const journal = new Journal(options.journalPath ?? join(temporaryFolder(), 'journal.db'), journalKeys)
  const gateway = new GatewayClient({
    gateway: world.listening.url,
    credentials: parseCredentials(world.live.basic),
    scheme: 'basic',
    environment: 'live',
    ...(options.fetch !== undefined && { fetch: options.fetch }),
  })
  const events: AgentEvent[] = []
  const observe = (event: AgentEvent): void => void events.push(event)
  const sender = new Sender({
    table,
    journal,
    gateway,
    agent: name,
    observe,
    maxAgeMs: options.maxAgeMs,
    files: options.files,
    leaseMs: options.leaseMs,
  })
  const reporter = new Reporter({ tables: [table], journal, gateway, observe, agent: name })
  onTestFinished(async () => {
    journal.close()
    await opened.close()
  })
  return {
    table,
    journal,
    gateway,
    sender,
    reporter,
    events,
    drain: async () => {
      await sender.recover()
      for (;;) {
        await sender.sendOpen()
        const batch = await sender.claim()
        if (batch !== undefined) await sender.send(batch)
        else if (journal.openCalls(table.target).length === 0) return
      }
    },
    run: async (changes = {}) => {
      const parts = { tables: [{ table }], journal, gateway, agent: name, observe, pollMs: 20, reportWaitSeconds: 1 }
      const running = runAgent({ ...parts, ...changes })
      onTestFinished(() => running.stop())
    },
  }
}
