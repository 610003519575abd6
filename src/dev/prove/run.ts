import { Carrier } from './carrier.ts'
import { Chance } from './chance.ts'
import { type CheckParts, check, closeLife, loadRejected, settle } from './check.ts'
import { addMembers, dayLimit } from './customers.ts'
import type { Proof, ProveEvent } from './events.ts'
import type { Fault, World } from './faults/fault.ts'
import { faults } from './faults/index.ts'
import { poison } from './faults/messages.ts'
import { SentLog } from './log.ts'
import { pause, throwIfAborted, waitFor } from './patience.ts'
import { Reader } from './reader.ts'
import type { Stage } from './stage.ts'
import { queueName } from './stage.ts'
import { Traffic } from './traffic.ts'
import { type Wrong, wrongOf } from './wrong.ts'

export interface RunOptions {
  readonly faults?: readonly string[] | undefined
  readonly messages: number
  readonly rounds?: number | undefined
  readonly rate: number
  readonly seed: number
  readonly report: (event: ProveEvent) => void
  readonly signal: AbortSignal
}

/** Longest that what was accepted may take to be written after a fault has ended. */
const recoveryMs = 120_000

function seconds(from: number): number {
  return Math.round((performance.now() - from) / 100) / 10
}

/** The faults in the order of the seed: each once, and then all of them again. */
function orderOf(possible: readonly Fault[], rounds: number, chance: Chance): Fault[] {
  const order: Fault[] = []
  while (order.length < rounds && possible.length > 0) order.push(...chance.shuffled(possible))
  return order.slice(0, rounds)
}

/** Gathers what did not hold, with ids of the same kind together. */
class Findings {
  readonly #found = new Map<string, { count: number; ids: string[] }>()

  add(what: string, ids: readonly string[] = [], count = Math.max(1, ids.length)): void {
    const one = this.#found.get(what) ?? { count: 0, ids: [] }
    this.#found.set(what, { count: one.count + count, ids: [...one.ids, ...ids] })
  }

  list(): Wrong[] {
    return [...this.#found].flatMap(([what, { count, ids }]) => wrongOf(what, ids, count))
  }
}

interface Parts extends CheckParts {
  readonly traffic: Traffic
  readonly findings: Findings
  readonly chance: Chance
  /** Accepted messages whose rows were late after an earlier fault. They count against that fault only. */
  readonly late: Set<string>
}

/** Waits until all that is accepted by now is written. @returns how long that took; `null`: too long */
async function recovered(parts: Parts, fault: Fault): Promise<number | null> {
  const { traffic, log, late, stage, signal, findings } = parts
  const started = performance.now()
  await traffic.probe()
  const missing = new Set([...log.waiting].filter((id) => !late.has(id)))
  const done = await waitFor(recoveryMs, signal, async () => {
    await loadRejected(stage.rows, log).catch(() => undefined)
    for (const id of missing) if (!log.waiting.has(id)) missing.delete(id)
    return missing.size === 0
  })
  if (done || signal.aborted) return seconds(started)
  findings.add(`messages that were not written two minutes after "${fault.name}"`, [...missing])
  for (const id of missing) late.add(id)
  return null
}

async function oneRound(parts: Parts, world: World, fault: Fault, messages: number) {
  const { traffic, chance, signal } = parts
  const feeding = traffic.feed(messages)
  await pause(chance.next() * 300, signal)
  const started = performance.now()
  let detail = ''
  try {
    detail = await fault.inject(world)
  } finally {
    await fault.heal?.(world)
  }
  const lasted = seconds(started)
  const recoverySeconds = await recovered(parts, fault)
  await feeding
  throwIfAborted(signal)
  return { detail, seconds: lasted, recoverySeconds }
}

function worldOf(parts: Parts): World {
  const { stage, members, log, traffic, chance, signal, findings } = parts
  return {
    stage,
    members,
    log,
    chance,
    signal,
    sales: traffic.sales,
    sender: traffic.keyed,
    advertiser: traffic.advertiser,
    names: (count) => traffic.names(count),
    probe: () => traffic.probe(),
    quietly: (work) => traffic.quietly(work),
    closeUnits: async () => {
      for (const { what, count, ids } of await closeLife(parts)) findings.add(what, ids, count)
    },
    wrong: (what, ids) => findings.add(what, ids),
  }
}

async function allRounds(parts: Parts, order: readonly Fault[], options: RunOptions): Promise<number[]> {
  const world = worldOf(parts)
  const share = Math.ceil(options.messages / order.length)
  const recoveries: number[] = []
  for (const [at, fault] of order.entries()) {
    const messages = Math.max(0, Math.min(share, options.messages - at * share))
    const said = await oneRound(parts, world, fault, messages)
    recoveries.push(said.recoverySeconds ?? recoveryMs / 1000)
    const { name, title } = fault
    options.report({ event: 'fault', round: at + 1, fault: name, title, ...said, accepted: parts.log.accepted.size })
  }
  return recoveries
}

/** Processes that exited without being killed, and calls that never got an answer. */
function lastFindings({ stage, traffic, findings }: Parts): Wrong[] {
  for (const { crashes } of [...stage.gateways, ...stage.workers]) {
    for (const { name, exit, lastLine } of crashes)
      findings.add('processes that ended by themselves', [`${name}: ${exit}: ${lastLine}`])
  }
  const unanswered = [traffic.keyed, traffic.advertiser].flatMap((sender) => sender.unanswered)
  for (const { key, last } of unanswered) findings.add('calls that were never answered', [`${key}: ${last}`])
  return findings.list()
}

function processesOf({ gateways, workers, rows, registry }: Stage): { name: string; pid: number }[] {
  const servers = [rows.victim, registry.redis?.victim, ...(registry.cluster?.nodes ?? []).map(({ victim }) => victim)]
  return [...gateways, ...workers, ...servers].flatMap((victim) =>
    victim?.pid === undefined ? [] : [{ name: victim.name, pid: victim.pid }],
  )
}

/** Sends, lets the faults happen, waits until all has come to its end, and balances the books. */
export async function run(stage: Stage, folder: string, options: RunOptions): Promise<Proof> {
  const { seed, report } = options
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const started = performance.now()
  const chance = new Chance(seed)
  const possible = faults.filter((fault) => fault.possible(stage) && (options.faults?.includes(fault.name) ?? true))
  const order = orderOf(possible, options.rounds ?? possible.length, chance)
  const members = await addMembers(stage.registry.address, queueName, signal)
  const log = new SentLog()
  const carrier = new Carrier(stage.rows.sql, log)
  const readers = Object.values(members).map(({ authorization }) => new Reader(stage.addresses, () => authorization))
  const common = { registry: stage.registry.engine, database: stage.rows.engine }
  report({ event: 'started', seed, ...common, folder, processes: processesOf(stage), rounds: order.length })
  const traffic = new Traffic({ gateways: stage.addresses, members, log, chance, rate: options.rate, dayLimit, signal })
  const planted = order.filter(({ name }) => name === 'unreadable-messages').flatMap(() => poison)
  const findings = new Findings()
  const parts: Parts = {
    stage,
    members,
    log,
    carrier,
    readers,
    poison: planted,
    signal,
    closed: new Map(),
    traffic,
    findings,
    chance,
    late: new Set(),
  }
  try {
    const recoveries = await allRounds(parts, order, options)
    await traffic.end()
    report({ event: 'settling', accepted: log.accepted.size, open: log.waiting.size })
    await settle(parts)
    throwIfAborted(signal)
    const books = await check(parts, traffic.sales.oversold)
    throwIfAborted(signal)
    const wrong = [...books.wrong, ...lastFindings(parts)]
    const counts = [traffic.keyed, traffic.unkeyed, traffic.advertiser, traffic.limited].map((sender) => sender.counts)
    return {
      event: 'result',
      ok: wrong.length === 0,
      seed,
      ...common,
      faults: Object.fromEntries([...Map.groupBy(order, ({ name }) => name)].map(([name, some]) => [name, some.length])),
      accepted: log.accepted.size,
      calls: counts.reduce((sum, { calls }) => sum + calls, 0),
      retried: counts.reduce((sum, { retried }) => sum + retried, 0),
      lost: books.lost,
      duplicated: books.duplicated,
      oversold: books.oversold,
      books: books.balances,
      wrong,
      slowestRecoverySeconds: Math.max(0, ...recoveries),
      seconds: seconds(started),
    }
  } finally {
    ending.abort()
    await Promise.all([carrier.stop(), ...readers.map((reader) => reader.stop())])
    await traffic.end()
  }
}
