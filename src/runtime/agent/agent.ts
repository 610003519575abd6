import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayClient } from '../../client/index.ts'
import { Problem } from '../../domain/problem.ts'
import { clockWatch } from './clock-watch.ts'
import type { ObserveAgent } from './events.ts'
import { Handshake } from './handshake.ts'
import type { Journal } from './journal.ts'
import { MediaFiles } from './media-files.ts'
import { Reporter } from './reporter.ts'
import { Sender } from './sender.ts'
import type { CustomerTable } from './table.ts'
import { Wakeups } from './wakeups.ts'
import { writeOutcomes } from './write-outcomes.ts'

export interface AgentTable {
  readonly table: CustomerTable
  /** In milliseconds; absent: no row is too old. */
  readonly maxAgeMs?: number | undefined
}

/** Calls `onNotification` for each notification of new rows, until `signal` is aborted. It throws where the connection is lost. */
export type Listen = (onNotification: () => void, onReady: () => void, signal: AbortSignal) => Promise<void>

export interface AgentParts {
  readonly tables: readonly AgentTable[]
  readonly journal: Journal
  readonly gateway: GatewayClient
  readonly agent: string
  readonly observe: ObserveAgent
  /** Absent: new rows are found by polling only. */
  readonly listen?: Listen | undefined
  /** Between two looks at a table without due rows, in milliseconds. Default 1,000. */
  readonly pollMs?: number
  /** Calls that are under way at once, for each table. Default 2. */
  readonly calls?: number
  /** How long one request for reports may wait, in seconds. Default 20. */
  readonly reportWaitSeconds?: number
  /** The folder of the images that rows name; absent: rows with images wait. */
  readonly mediaRoot?: string | undefined
  /** How rows begin the paths of `mediaRoot`, where that is not its name on this machine. */
  readonly mediaWrittenAs?: string | undefined
  /** After how long a claim of another agent is taken over, in milliseconds. Default 45,000. */
  readonly leaseMs?: number
}

export interface RunningAgent {
  /** Ends after the calls that are under way, at most `ms` later. Whatever has no answer by then is continued at the next start. */
  stop(ms?: number): Promise<void>
}

const firstPauseMs = 500
const maxPauseMs = 30_000
/** With the lease, rows of an agent that is gone are sent within a minute. */
const orphansEveryMs = 10_000
/** Between two requests for reports that bring none, whatever a proxy makes of long answers. */
const reportsEveryMs = 1_000
const followEveryMs = 10 * 60_000
/** Between two parts of a purge, so that calls get their turn. */
const purgePauseMs = 100
/** Finished rows stay in the journal for as long as the gateway recognises their messages. */
const keepMs = 19 * 86_400_000

/**
 * Runs until it is stopped: nothing ends it, and each part retries by itself.
 * @throws Problem `data-in-use`: another process runs an agent with this journal
 */
export function runAgent(given: AgentParts): RunningAgent {
  given.journal.lock()
  const parts = { ...given, observe: harmless(given.observe) }
  const stopping = new AbortController()
  const cutting = new AbortController()
  const { mediaRoot: root, mediaWrittenAs: writtenAs } = parts
  const files = root === undefined ? undefined : new MediaFiles({ root, writtenAs })
  const wakeups = new Wakeups()
  const handshake = new Handshake(parts)
  const loops = [
    ...parts.tables.map((one) => sendLoop({ ...parts, files, wakeups, handshake }, one, stopping.signal, cutting.signal)),
    listenLoop(parts, wakeups, stopping.signal),
    reportLoop(parts, stopping.signal),
    followLoop(parts, stopping.signal),
  ]
  return {
    stop: async (ms = 10_000) => {
      stopping.abort()
      const timer = setTimeout(() => cutting.abort(), ms)
      await Promise.all(loops)
      clearTimeout(timer)
    },
  }
}

/** A log that cannot be written, as on a full disk, must not end the agent. */
function harmless(observe: ObserveAgent): ObserveAgent {
  return (event) => {
    try {
      observe(event)
    } catch {
      // There is nowhere left to say it.
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

function isOfJournal(error: unknown): boolean {
  return error instanceof Problem && (error.code === 'journal-unusable' || error.code === 'master-key-missing')
}

/** Runs `step` again and again. A failure is observed, and the pause after it grows. */
async function forever({ observe }: AgentParts, signal: AbortSignal, step: () => Promise<void>): Promise<void> {
  let pauseMs = firstPauseMs
  while (!signal.aborted) {
    try {
      await step()
      pauseMs = firstPauseMs
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      observe({ kind: 'unavailable', what: isOfJournal(error) ? 'journal' : 'database', why, retryMs: pauseMs })
      await pause(pauseMs, signal)
      pauseMs = Math.min(maxPauseMs, pauseMs * 2)
    }
  }
}

async function sendLoop(
  parts: AgentParts & { readonly files: MediaFiles | undefined; readonly wakeups: Wakeups; readonly handshake: Handshake },
  { table, maxAgeMs }: AgentTable,
  stopping: AbortSignal,
  cutting: AbortSignal,
): Promise<void> {
  const { pollMs = 1_000, calls = 2, leaseMs, wakeups } = parts
  const sender = new Sender({ ...parts, table, maxAgeMs })
  const orphansMs = Math.min(orphansEveryMs, leaseMs ?? orphansEveryMs)
  const compareClocks = clockWatch(table)
  const underWay = new Set<Promise<void>>()
  let failure: Error | undefined
  let orphansAt = Number.NEGATIVE_INFINITY
  const start = (call: Promise<void>): void => {
    const done = call
      .catch((error: unknown) => {
        failure = error instanceof Error ? error : new Error(String(error))
      })
      .finally(() => underWay.delete(done))
    underWay.add(done)
  }
  await forever(parts, stopping, async () => {
    if (failure !== undefined) {
      const error = failure
      failure = undefined
      throw error
    }
    const seen = wakeups.count
    await compareClocks()
    // Also after a claim whose COMMIT had no answer.
    await sender.recover()
    await writeOutcomes({ ...parts, table })
    if (!(await parts.handshake.passes(stopping))) return pause(pollMs, stopping)
    await sender.sendOpen(cutting)
    if (!sender.isHeld && performance.now() >= orphansAt) {
      orphansAt = performance.now() + orphansMs
      if ((await sender.adoptOrphans()) > 0) return
    }
    const batch = sender.isHeld ? undefined : await sender.claim()
    if (batch !== undefined) start(sender.send(batch, cutting))
    if (underWay.size >= calls) await Promise.race(underWay)
    else if (batch === undefined) await wakeups.pause(pollMs, seen, stopping)
  })
  await Promise.all(underWay)
}

/** Notifications shorten the pause between two polls. While they are lost, polling continues. */
async function listenLoop({ listen, observe }: AgentParts, wakeups: Wakeups, signal: AbortSignal): Promise<void> {
  if (listen === undefined) return
  let pauseMs = firstPauseMs
  const onReady = () => {
    pauseMs = firstPauseMs
    // Of rows that were inserted while the connection was lost.
    wakeups.wake()
  }
  while (!signal.aborted) {
    try {
      await listen(() => wakeups.wake(), onReady, signal)
    } catch (error) {
      if (signal.aborted) return
      const why = error instanceof Error ? error.message : String(error)
      observe({ kind: 'not-listening', why, retryMs: pauseMs })
      await pause(pauseMs, signal)
      pauseMs = Math.min(maxPauseMs, pauseMs * 2)
    }
  }
}

/** Waits until the tables have been found. */
async function connected(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const found = new AbortController()
  await forever(parts, AbortSignal.any([signal, found.signal]), async () => {
    for (const { table } of parts.tables) await table.connect()
    found.abort()
  })
}

async function reportLoop(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { tables, observe, reportWaitSeconds = 20 } = parts
  const reporter = new Reporter({ ...parts, tables: tables.map(({ table }) => table) })
  await connected(parts, signal)
  await forever(parts, signal, async () => {
    const started = performance.now()
    const before = reporter.reportsRead
    const failed = await reporter.read(reportWaitSeconds, signal)
    if (signal.aborted) return
    const early = reportsEveryMs - (performance.now() - started)
    if (failed === undefined) return reporter.reportsRead === before && early > 0 ? pause(early, signal) : undefined
    observe({ kind: 'unavailable', what: 'gateway', ...failed })
    await pause(failed.retryMs, signal)
  })
}

async function followLoop(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { tables, journal, observe } = parts
  const reporter = new Reporter({ ...parts, tables: tables.map(({ table }) => table) })
  await connected(parts, signal)
  await forever(parts, signal, async () => {
    journal.retryRefused()
    const failed = await reporter.followUp(signal)
    if (failed !== undefined && !signal.aborted) observe({ kind: 'unavailable', what: 'gateway', ...failed })
    while (journal.purge(keepMs) && !signal.aborted) await pause(purgePauseMs, signal)
    await pause(followEveryMs, signal)
  })
}
