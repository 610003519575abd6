import { setTimeout as sleep } from 'node:timers/promises'
import type { Webhook } from '../../domain/webhook.ts'
import type { Stored } from '../ports/index.ts'
import { type Turned, type TurnParts, takeTurn } from './turn.ts'

/** How many endpoints are served at the same time. */
export interface SchedulerLimits {
  /** Those that answer. */
  readonly fast: number
  /** Those that do not, apart from them, so that none of these delays one of those. */
  readonly slow: number
  /** Both, with those that became slow in a turn. */
  readonly all: number
  /** Milliseconds after which a turn no longer counts as fast. */
  readonly slowAfterMs: number
}

const defaultLimits: SchedulerLimits = { fast: 48, slow: 16, all: 256, slowAfterMs: 2_000 }
const firstPauseMs = 1_000
const maxPauseMs = 15_000
const failedPauseMs = 5_000
/** How often new endpoints and changes are read. */
const readEveryMs = 10_000
const tellEveryMs = 30_000
const tickMs = 100

/** An endpoint as the scheduler sees it. */
interface Lane {
  stored: Stored<Webhook>
  /** Milliseconds since 1970. */
  dueAt: number
  pauseMs: number
  slow: boolean
  down: boolean
  /** When it last had everything: what comes later has not waited for longer. */
  completeAt: number
  running: { readonly since: number; readonly ended: Promise<void> } | undefined
}

function idOf({ customer, environment, name }: Webhook): string {
  return `${customer}/${environment}/${name}`
}

/** Gives each endpoint its turns: who has waited longest is next, and one turn is short. */
export class WebhookScheduler {
  readonly #parts: TurnParts
  readonly #lanes = new Map<string, Lane>()
  readonly #now: () => number
  readonly #limits: SchedulerLimits
  #readAt = Number.NEGATIVE_INFINITY
  #lagMs = 0

  constructor(parts: TurnParts, limits: Partial<SchedulerLimits> = {}) {
    this.#parts = parts
    this.#limits = { ...defaultLimits, ...limits }
    this.#now = parts.now ?? Date.now
  }

  /** Delivers until `signal`. What has begun is ended. */
  async run(signal: AbortSignal): Promise<void> {
    let toldAt = this.#now()
    while (!signal.aborted) {
      await this.#read(readEveryMs)
      this.#begin()
      if (this.#now() - toldAt >= tellEveryMs) {
        this.tellLag()
        toldAt = this.#now()
      }
      await sleep(tickMs, undefined, { signal }).catch(() => undefined)
    }
    await this.#ended()
  }

  /**
   * Gives each endpoint turns until none has anything to do now.
   * @param signal when no turn may begin any more
   * @returns how many requests were sent
   */
  async once(signal: AbortSignal): Promise<number> {
    await this.#read(0)
    const startedAt = this.#now()
    for (const lane of this.#lanes.values()) lane.dueAt = Math.min(lane.dueAt, startedAt)
    let sent = 0
    const count = (turned: Turned): void => {
      sent += turned.sent
    }
    while (!signal.aborted) {
      this.#begin(count)
      const running = this.#running()
      if (running.length === 0) break
      // A turn that becomes slow makes room for another.
      await Promise.race([...running, sleep(tickMs)])
    }
    await this.#ended()
    return sent
  }

  /** Says how far behind it is: what the alarm watches. */
  tellLag(): void {
    const down = [...this.#lanes.values()].filter((lane) => lane.down).length
    this.#parts.observe({ kind: 'webhook-lag', lagMs: this.#lagMs, webhooks: this.#lanes.size, down })
    this.#lagMs = 0
  }

  async #ended(): Promise<void> {
    await Promise.all(this.#running())
  }

  #running(): Promise<void>[] {
    return [...this.#lanes.values()].flatMap(({ running }) => running?.ended ?? [])
  }

  /** Reads which endpoints there are, unless that is known. Where it fails, those that are known get their turns. */
  async #read(everyMs: number): Promise<void> {
    if (this.#now() - this.#readAt < everyMs) return
    this.#readAt = this.#now()
    try {
      const all = await this.#parts.webhooks.all()
      const active = all.filter(({ value }) => value.disabled === undefined)
      const ids = new Set(active.map(({ value }) => idOf(value)))
      for (const id of this.#lanes.keys()) if (!ids.has(id)) this.#lanes.delete(id)
      for (const stored of active) this.#add(stored)
    } catch (error) {
      this.#parts.observe({ kind: 'webhook-failed', error })
    }
  }

  #add(stored: Stored<Webhook>): void {
    const known = this.#lanes.get(idOf(stored.value))
    if (known === undefined) {
      const now = this.#now()
      const state = { pauseMs: firstPauseMs, slow: false, down: false, running: undefined }
      this.#lanes.set(idOf(stored.value), { stored, dueAt: now, completeAt: now, ...state })
      return
    }
    // What its owner has changed is tried at once.
    if (known.stored.revision !== stored.revision) known.dueAt = this.#now()
    known.stored = stored
  }

  /** Begins turns of those that are due, as many as there is room for. */
  #begin(count: (turned: Turned) => void = () => undefined): void {
    const now = this.#now()
    const due = [...this.#lanes.values()].filter(({ running, dueAt }) => running === undefined && dueAt <= now)
    if (due.length === 0) return
    let { fast, slow, all } = this.#limits
    for (const lane of this.#lanes.values()) {
      if (lane.running === undefined) continue
      all -= 1
      if (lane.slow || now - lane.running.since > this.#limits.slowAfterMs) slow -= 1
      else fast -= 1
    }
    for (const lane of due.sort((a, b) => a.dueAt - b.dueAt)) {
      if (all <= 0 || (lane.slow ? slow : fast) <= 0) continue
      all -= 1
      if (lane.slow) slow -= 1
      else fast -= 1
      const ended = this.#turn(lane, count).finally(() => {
        lane.running = undefined
      })
      lane.running = { since: now, ended }
    }
  }

  async #turn(lane: Lane, count: (turned: Turned) => void): Promise<void> {
    const { customer, environment, name } = lane.stored.value
    try {
      const turned = await takeTurn(this.#parts, lane.stored)
      count(turned)
      const now = this.#now()
      this.#lagMs = Math.max(this.#lagMs, Math.min(turned.lagMs ?? 0, now - lane.completeAt))
      if (!turned.more) lane.completeAt = now
      lane.slow = turned.slow
      lane.down = turned.down
      lane.pauseMs = turned.sent > 0 ? firstPauseMs : Math.min(maxPauseMs, lane.pauseMs * 2)
      lane.dueAt = this.#dueAfter(turned, lane.pauseMs)
    } catch (error) {
      lane.dueAt = this.#now() + failedPauseMs
      this.#parts.observe({ kind: 'webhook-failed', error, customer, environment, name })
    }
  }

  #dueAfter({ more, wakeAt, down }: Turned, pauseMs: number): number {
    const now = this.#now()
    if (more) return now
    const pause = now + pauseMs
    if (wakeAt === undefined) return pause
    return down ? Math.min(wakeAt, now + maxPauseMs) : Math.min(wakeAt, pause)
  }
}
