import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayClient } from '../../client/index.ts'
import type { ObserveAgent } from './events.ts'
import type { Journal } from './journal.ts'
import { MediaFiles } from './media-files.ts'
import { Reporter } from './reporter.ts'
import { Sender } from './sender.ts'
import type { CustomerTable } from './table.ts'
import { writeOutcomes } from './write-outcomes.ts'

export interface AgentTable {
  readonly table: CustomerTable
  /** In milliseconds; absent: no row is too old. */
  readonly maxAgeMs?: number | undefined
}

export interface AgentParts {
  readonly tables: readonly AgentTable[]
  readonly journal: Journal
  readonly gateway: GatewayClient
  readonly agent: string
  readonly observe: ObserveAgent
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
}

export interface RunningAgent {
  /** Ends after the calls that are under way, at most `ms` later. Whatever has no answer by then is continued at the next start. */
  stop(ms?: number): Promise<void>
}

const firstPauseMs = 500
const maxPauseMs = 30_000
const orphansEveryMs = 30_000
const clockEveryMs = 60_000
const followEveryMs = 10 * 60_000
/** Finished rows stay in the journal for as long as the gateway recognises their messages. */
const keepMs = 19 * 86_400_000

/** Runs until it is stopped: nothing ends it, and each part retries by itself. */
export function runAgent(parts: AgentParts): RunningAgent {
  const stopping = new AbortController()
  const cutting = new AbortController()
  const { mediaRoot: root, mediaWrittenAs: writtenAs } = parts
  const files = root === undefined ? undefined : new MediaFiles({ root, writtenAs })
  const loops = [
    ...parts.tables.map((one) => sendLoop({ ...parts, files }, one, stopping.signal, cutting.signal)),
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

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** Runs `step` again and again. A failure is observed, and the pause after it grows. */
async function forever(
  what: 'database' | 'gateway' | 'journal',
  { observe }: AgentParts,
  signal: AbortSignal,
  step: () => Promise<void>,
): Promise<void> {
  let pauseMs = firstPauseMs
  while (!signal.aborted) {
    try {
      await step()
      pauseMs = firstPauseMs
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      observe({ kind: 'unavailable', what, why, retryMs: pauseMs })
      await pause(pauseMs, signal)
      pauseMs = Math.min(maxPauseMs, pauseMs * 2)
    }
  }
}

async function sendLoop(
  parts: AgentParts & { readonly files: MediaFiles | undefined },
  { table, maxAgeMs }: AgentTable,
  stopping: AbortSignal,
  cutting: AbortSignal,
): Promise<void> {
  const { journal, gateway, agent, observe, files, pollMs = 1_000, calls = 2 } = parts
  const sender = new Sender({ table, journal, gateway, agent, observe, maxAgeMs, files })
  const underWay = new Set<Promise<void>>()
  let failure: Error | undefined
  let clockAt = 0
  let orphansAt = 0
  const start = (call: Promise<void>): void => {
    const done = call
      .catch((error: unknown) => {
        failure = error instanceof Error ? error : new Error(String(error))
      })
      .finally(() => underWay.delete(done))
    underWay.add(done)
  }
  await forever('database', parts, stopping, async () => {
    if (failure !== undefined) {
      const error = failure
      failure = undefined
      throw error
    }
    if (Date.now() >= clockAt) {
      await table.connect()
      clockAt = Date.now() + clockEveryMs
    }
    // Also after a claim whose COMMIT had no answer.
    await sender.recover()
    await writeOutcomes(table, journal, observe)
    await sender.sendOpen(cutting)
    if (!sender.isHeld && Date.now() >= orphansAt) {
      orphansAt = Date.now() + orphansEveryMs
      if ((await sender.adoptOrphans()) > 0) return
    }
    const batch = sender.isHeld ? undefined : await sender.claim()
    if (batch !== undefined) start(sender.send(batch, cutting))
    if (underWay.size >= calls) await Promise.race(underWay)
    else if (batch === undefined) await pause(pollMs, stopping)
  })
  await Promise.all(underWay)
}

/** Waits until the tables have been found. */
async function connected(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const found = new AbortController()
  await forever('database', parts, AbortSignal.any([signal, found.signal]), async () => {
    for (const { table } of parts.tables) await table.connect()
    found.abort()
  })
}

async function reportLoop(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { tables, journal, gateway, observe, reportWaitSeconds = 20 } = parts
  const reporter = new Reporter({ tables: tables.map(({ table }) => table), journal, gateway, observe })
  await connected(parts, signal)
  await forever('database', parts, signal, async () => {
    const failed = await reporter.read(reportWaitSeconds, signal)
    if (failed === undefined || signal.aborted) return
    observe({ kind: 'unavailable', what: 'gateway', ...failed })
    await pause(failed.retryMs, signal)
  })
}

async function followLoop(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { tables, journal, gateway, observe } = parts
  const reporter = new Reporter({ tables: tables.map(({ table }) => table), journal, gateway, observe })
  await connected(parts, signal)
  await forever('database', parts, signal, async () => {
    await reporter.followUp(signal)
    journal.unpark()
    journal.purge(keepMs)
    await pause(followEveryMs, signal)
  })
}
