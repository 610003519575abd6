import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import * as z from 'zod'
import { startRowStore } from '../src/dev/prove/database.ts'
import { addCustomer } from '../src/operations/customers/index.ts'
import { openRegistry } from '../src/registry/index.ts'
import type { Bench } from './lib/bench.ts'
import { cleanUp, cpuOf, startServer, temporaryFolder } from './lib/children.ts'
import { median, print, printTable, whole } from './lib/report.ts'

type Rows = Awaited<ReturnType<typeof startRowStore>>

/** The agent's rows of a run, and the loop's: it is that much slower. */
const agentRows = 20_000
const loopRows = 1_000
const idleSeconds = 60
/** Rows that are inserted one by one, to measure how long each takes until the gateway has accepted it. */
const singleRows = 60
/** How often the agent polls a table by default. */
const pollMs = 1_000
/** Rows that wait while the quota is used up: BENCH_WAITING=1000000 for a million. */
const waitingRows = Number(process.env.BENCH_WAITING ?? 200_000)

const map = {
  table: 'outbox',
  key: 'id',
  columns: { to: 'recipient', from: 'sender', text: 'body', dueAt: 'send_at' },
  status: { column: 'state', ready: '1', claimed: '2', accepted: '3', delivered: '4', failed: '5' },
  claim: 'claim',
  id: 'message_id',
  result: { code: 'result', delivered: 'OK', failed: 'ER', at: 'result_at' },
}

const answers = z.object({ id: z.string() })
const page = z.object({ reports: z.array(z.object({ ref: z.string() })), cursor: z.string() })

async function create(rows: Rows): Promise<void> {
  await rows.sql.all('DROP TABLE IF EXISTS outbox')
  await rows.sql.all(`CREATE TABLE outbox (id int PRIMARY KEY AUTO_INCREMENT, recipient varchar(20), sender varchar(20),
    body varchar(2000), send_at datetime, state char(1), claim varchar(26), message_id varchar(26), result varchar(10),
    result_at datetime, KEY due (state, send_at))`)
}

async function fill(rows: Rows, count: number): Promise<void> {
  await create(rows)
  // The time of Seoul, in which the map's times are.
  await rows.sql.all(`INSERT INTO outbox (recipient, sender, body, send_at, state)
    SELECT '010-1234-5678', '1588-1234', concat('Your code is ', seq, '. It is good for three minutes.'),
      utc_timestamp() + INTERVAL 9 HOUR - INTERVAL 1 MINUTE, '1' FROM seq_1_to_${count}`)
}

async function countOf(rows: Rows, where: string): Promise<number> {
  return Number((await rows.sql.all(`SELECT count(*) AS n FROM outbox WHERE ${where}`))[0]?.n)
}

/** Seconds until there are no such rows. It looks rarely, because each look counts them all. */
async function secondsUntilNone(rows: Rows, started: number, where: string): Promise<number> {
  while ((await countOf(rows, where)) > 0) await sleep(250)
  return (performance.now() - started) / 1000
}

interface Gateway {
  readonly url: string
  readonly basic: string
}

interface Rate {
  readonly accepted: number
  readonly delivered: number
}

/** What a customer's own program does: select, one POST per row, one UPDATE per row; then the reports, one UPDATE each. */
async function loop(rows: Rows, { url, basic }: Gateway, cursor: { at: string }): Promise<Rate> {
  await fill(rows, loopRows)
  const authorization = `Basic ${Buffer.from(basic).toString('base64')}`
  // The connection of the round before may have ended just now.
  await fetch(url).catch(() => undefined)
  const connection = await createConnection(rows.direct.replace('mariadb:', 'mysql:'))
  const started = performance.now()
  const [due] = await connection.query(
    "SELECT id, recipient, sender, body FROM outbox WHERE state = '1' AND send_at <= now() + INTERVAL 9 HOUR",
  )
  for (const row of Array.isArray(due) ? due : []) {
    const { id, recipient: to, sender: from, body: text } = { ...Object(row) }
    const response = await fetch(`${url}/v1.0/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ to, from, text, ref: String(id) }),
    })
    if (response.status !== 202) throw new Error(`the gateway answered ${response.status}`)
    const message = answers.parse(await response.json())
    await connection.query("UPDATE outbox SET state = '3', message_id = ? WHERE id = ?", [message.id, id])
  }
  const accepted = (performance.now() - started) / 1000
  for (let left = loopRows; left > 0; ) {
    const query = new URLSearchParams({ limit: '500', ...(cursor.at !== '' && { cursor: cursor.at }) })
    const response = await fetch(`${url}/v1.0/reports?${query}`, { headers: { authorization } })
    const { reports, cursor: next } = page.parse(await response.json())
    cursor.at = next
    for (const { ref } of reports) {
      if (!/^\d+$/.test(ref)) continue
      await connection.query("UPDATE outbox SET state = '4', result = 'OK', result_at = now() WHERE id = ?", [ref])
      left -= 1
    }
  }
  const delivered = (performance.now() - started) / 1000
  await connection.end()
  return { accepted: loopRows / accepted, delivered: loopRows / delivered }
}

function agentEnv(rows: Rows, { url, basic }: Gateway, journal: string): Record<string, string> {
  return {
    BENCH_DATABASE: rows.direct,
    BENCH_GATEWAY: url,
    BENCH_CREDENTIALS: basic,
    BENCH_MAP: JSON.stringify(map),
    BENCH_JOURNAL: journal,
  }
}

async function ended(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  for (let alive = true; alive; await sleep(20)) {
    try {
      process.kill(pid, 0)
    } catch {
      alive = false
    }
  }
}

/** The agent as a process; its start is not counted. */
async function agent(rows: Rows, gateway: Gateway, journal: string): Promise<Rate> {
  await fill(rows, agentRows)
  const { pid } = await startServer('agent.ts', agentEnv(rows, gateway, journal))
  const started = performance.now()
  const accepted = await secondsUntilNone(rows, started, "state IN ('1', '2')")
  const delivered = await secondsUntilNone(rows, started, "state <> '4'")
  await ended(pid)
  return { accepted: agentRows / accepted, delivered: agentRows / delivered }
}

/** Megabytes of memory, now and at most. */
function memoryOf(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { now: of('VmRSS'), most: of('VmHWM') }
}

/** CPU of a core, and memory, of an agent with this many rows that it cannot send. */
async function resting(rows: Rows, gateway: Gateway, count: number) {
  if (count === 0) await create(rows)
  else await fill(rows, count)
  const { pid } = await startServer('agent.ts', agentEnv(rows, gateway, join(temporaryFolder(), 'journal.db')))
  // The first half minute is the start: connections, and code that is not optimized yet.
  await sleep(30_000)
  const before = cpuOf(pid)
  await sleep(idleSeconds * 1000)
  const share = (cpuOf(pid) - before) / 1e6 / idleSeconds
  const memory = memoryOf(pid)
  await ended(pid)
  return [whole(count), `${(share * 100).toFixed(2)} %`, memory.now.toFixed(0), memory.most.toFixed(0)]
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** How long single rows take from their INSERT to the gateway's 202, sorted, as a share of the polling interval. */
async function waits(rows: Rows, gateway: Gateway): Promise<number[]> {
  await create(rows)
  let sent = Promise.withResolvers<void>()
  const env = agentEnv(rows, gateway, join(temporaryFolder(), 'journal.db'))
  const { pid } = await startServer('agent.ts', env, () => sent.resolve())
  const found: number[] = []
  for (let row = 0; row < singleRows; row++) {
    // At any moment between two polls.
    await sleep(Math.random() * pollMs)
    sent = Promise.withResolvers<void>()
    const inserted = performance.now()
    await rows.sql.all(`INSERT INTO outbox (recipient, sender, body, send_at, state) VALUES ('010-1234-5678', '1588-1234',
      'Your code is ${row}.', utc_timestamp() + INTERVAL 9 HOUR, '1')`)
    await sent.promise
    found.push((performance.now() - inserted) / pollMs)
  }
  await ended(pid)
  return found.sort((one, other) => one - other)
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`

const bench: Bench = {
  question: `rows a second from a table of MariaDB to accepted and to delivered, by the agent (${whole(agentRows)} rows) and by a loop with one POST per row (${whole(loopRows)})`,
  needs: [],
  run: async ({ rounds }) => {
    const rows = await startRowStore('mariadb', temporaryFolder(), new AbortController().signal)
    const address = `sqlite:${join(temporaryFolder(), 'registry.db')}`
    const registry = await openRegistry(address)
    const context = { registry, actor: { who: 'bench', from: 'here' }, now: Date.now }
    const customer = async (id: string, day: number): Promise<string> => {
      const { keys } = await addCustomer(context, {
        id,
        quota: { day },
        queue: 'carrier-a',
        senders: ['1588-1234'],
        keysFor: ['live'],
      })
      return keys[0]?.basic ?? ''
    }
    const { url } = await startServer('agent-gateway.ts', { BENCH_REGISTRY: address })
    const gateway = { url, basic: await customer('bench', 1e9) }
    const journal = join(temporaryFolder(), 'journal.db')
    const cursor = { at: '' }
    const [loops, agents]: [Rate[], Rate[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      loops.push(await loop(rows, gateway, cursor))
      agents.push(await agent(rows, gateway, journal))
    }
    const line = (name: string, of: keyof Rate): string[] => {
      const [one, other] = [median(loops.map((rate) => rate[of])), median(agents.map((rate) => rate[of]))]
      return [name, whole(one), whole(other), (other / one).toFixed(1)]
    }
    printTable(['rows a second', 'loop', 'agent', 'ratio'], [line('to accepted', 'accepted'), line('to delivered', 'delivered')])
    print()
    const held = { url, basic: await customer('held', 1) }
    printTable(
      ['rows that wait', 'CPU of a core', 'MB', 'MB at most'],
      [await resting(rows, gateway, 0), await resting(rows, held, waitingRows)],
    )
    print()
    const found = await waits(rows, gateway)
    printTable(
      ['from INSERT to 202, of the polling interval', 'p50', 'p95', 'longest'],
      [[`${singleRows} single rows`, ...[0.5, 0.95, 1].map((share) => percent(percentile(found, share)))]],
    )
    await registry.close()
    await rows.close()
    cleanUp()
  },
}

export default bench
