import { setTimeout as pause } from 'node:timers/promises'
import { environments } from '../../../domain/names.ts'
import type { Registry } from '../../../registry/index.ts'
import type { Ledger } from '../../ports/index.ts'
import { countReports } from './count-reports.ts'
import { payDebts } from './debts.ts'
import { reconcile } from './reconcile.ts'
import { rollDays } from './roll-days.ts'

/** Maximum pause between two customers, so that a sweep of a few customers ends soon after it begins. */
const maxPauseMs = 1_000
/** Node runs a longer timer at once (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const maxTimerMs = 2 ** 31 - 1

export interface SweepOptions {
  readonly registry: Pick<
    Registry,
    | 'now'
    | 'customers'
    | 'open'
    | 'settle'
    | 'giveBack'
    | 'fileCounts'
    | 'counts'
    | 'rollCounts'
    | 'reportsCounted'
    | 'countReports'
    | 'usage'
  >
  readonly ledger: Pick<Ledger, 'standings' | 'decisions' | 'ended'>
  /** Time from the start of one sweep to the start of the next, in milliseconds. */
  readonly everyMs: number
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  /** 0 to 1. Gateways that start together then sweep at different times. */
  readonly random?: () => number
}

/**
 * Reconciles the open reservations of every customer, slowly and again and again, and pays what is owed to it for messages that
 * were cancelled or refused at hand-over. A call of a customer reconciles that
 * customer at once (`settlements.ts`); the sweep is for customers that do not call again after a gateway crashed.
 *
 * Two gateways may look at the same customer at the same time: the registry closes a reservation once.
 */
export function sweepOpenUnits(options: SweepOptions): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const running = sweepUntil(options, stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

async function sweepUntil(options: SweepOptions, signal: AbortSignal): Promise<void> {
  const { everyMs, random = Math.random } = options
  let waitMs = everyMs * random()
  while (await waited(waitMs, signal)) {
    const startedAt = performance.now()
    await sweepOnce(options, signal)
    waitMs = Math.max(0, everyMs - (performance.now() - startedAt))
  }
}

/** @returns whether the time passed; `false`: the sweep is stopped */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(Math.min(ms, maxTimerMs), undefined, { signal, ref: false })
    return true
  } catch {
    return false
  }
}

/** One look at every customer. A registry or ledger that fails is asked again by the next sweep. */
async function sweepOnce({ registry, ledger, everyMs, log }: SweepOptions, signal: AbortSignal): Promise<void> {
  let failures = 0
  let cause: unknown
  try {
    const customers = await registry.customers()
    const now = await registry.now()
    const owners = customers.flatMap(({ id, timeZone }) =>
      environments.map((environment) => ({ owner: { customer: id, environment }, timeZone })),
    )
    const pauseMs = Math.min(maxPauseMs, everyMs / Math.max(1, owners.length))
    for (const { owner, timeZone } of owners) {
      if (!(await waited(pauseMs, signal))) return
      try {
        const { closed, returned } = await reconcile(registry, ledger, owner)
        if (closed > 0) log('open-units-reconciled', { ...owner, calls: closed, returned })
        const paid = await payDebts((repayment) => registry.giveBack(repayment), ledger, owner)
        await countReports(registry, ledger, owner)
        await registry.fileCounts(owner.customer, owner.environment)
        await rollDays(registry, owner, timeZone, now)
        if (paid > 0) log('owed-units-paid', { ...owner, returned: paid })
      } catch (error) {
        failures += 1
        cause = error
      }
    }
  } catch (error) {
    failures += 1
    cause = error
  }
  if (failures > 0) log('reconcile-failed', { failures, cause: cause instanceof Error ? cause.message : String(cause) })
}
