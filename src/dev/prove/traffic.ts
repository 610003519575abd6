import { releaseAheadMs } from '../../domain/holding.ts'
import type { Chance } from './chance.ts'
import type { Members } from './customers.ts'
import { Sales, type SentLog } from './log.ts'
import { pause, waitFor } from './patience.ts'
import { type Order, recipientOf, type Scheduled, Sender } from './sender.ts'

const maxInOrder = 50
/** Calls under way at the same time. */
const maxUnderWay = 100
/** Of how many messages one is sent without a key. */
const unkeyedEvery = 8
/** Scheduled messages under way at the same time: each waits for some seconds. */
const maxScheduled = 20
/** Longest that one is held which may be handed over. A worker that was idle looks for held messages within 5 seconds. */
const soonMs = 8_000
/** So far ahead that only its customer ends it. */
const farMs = 3_600_000
const farEvery = 3
/** Long before `soonMs`. */
const surelyMs = 1_000
/** Of how many scheduled messages one is an advertisement whose recipient opts out. */
const adEvery = 4
const greedyEveryMs = 150
/** Longest that quiet is waited for. */
const quietMs = 120_000

export interface TrafficOptions {
  readonly gateways: readonly string[]
  readonly members: Members
  readonly log: SentLog
  readonly chance: Chance
  /** Messages a second. */
  readonly rate: number
  readonly dayLimit: number
  readonly signal: AbortSignal
}

/** What customers send while everything is being killed. */
export class Traffic {
  readonly keyed: Sender
  readonly unkeyed: Sender
  readonly advertiser: Sender
  readonly limited: Sender
  readonly sales: Sales
  readonly #options: TrafficOptions
  readonly #calls = new Set<Promise<unknown>>()
  readonly #greedyStop = new AbortController()
  readonly #greed: Promise<unknown>
  #quiet = false
  #scheduled = 0
  #everScheduled = 0
  #named = 0

  constructor(options: TrafficOptions) {
    this.#options = options
    const { members, gateways, log, signal } = options
    const sender = ({ id, authorization }: Members['keyed']): Sender =>
      new Sender({ customer: id, authorization: () => authorization, gateways, log, signal })
    this.keyed = sender(members.keyed)
    this.unkeyed = sender(members.unkeyed)
    this.advertiser = sender(members.advertiser)
    this.limited = sender(members.limited)
    this.sales = new Sales(options.dayLimit)
    this.#greed = Promise.all([1, 2].map(() => this.#buy()))
  }

  /** Names that no other message has. */
  names(count: number): string[] {
    return Array.from({ length: count }, () => `m-${this.#named++}`)
  }

  /** Begins calls with so many messages in all, at the rate. Resolves when the last has begun. */
  async feed(messages: number): Promise<void> {
    const { chance, rate, signal } = this.#options
    for (let left = messages; left > 0 && !signal.aborted; ) {
      const count = Math.min(left, 1 + Math.floor(chance.next() * maxInOrder))
      left -= count
      const unkeyed = Math.min(count - 1, Math.round(count / unkeyedEvery))
      await this.#whenRoom()
      const refs = this.names(count - unkeyed)
      this.#begin(this.keyed.send({ key: `order-${refs[0]}`, refs, invalid: chance.next() < 0.1 }))
      for (const ref of this.names(unkeyed)) this.#begin(this.unkeyed.once(ref))
      this.#schedule()
      await pause((count / rate) * 1000, signal)
    }
  }

  /** Sends a message with a time, as long as not too many are held. */
  #schedule(): void {
    if (this.#scheduled >= maxScheduled) return
    const [ref = ''] = this.names(1)
    this.#scheduled += 1
    this.#begin(this.keyed.schedule(this.#scheduledAs(ref, this.#everScheduled++)).finally(() => (this.#scheduled -= 1)))
  }

  /**
   * An advertisement whose recipient opts out, surely before it is due or at about that time; or a message that is cancelled for sure,
   * or due about when it is cancelled, if at all.
   */
  #scheduledAs(ref: string, turn: number): Scheduled {
    const { chance, signal } = this.#options
    const isFar = turn % farEvery === 0
    const within = (maxMs: number) => {
      const ms = chance.next() * maxMs
      return { wait: () => pause(ms, signal) }
    }
    const due = (inMs: number) => ({ ref, dueAt: Date.now() + inMs, sendAt: Date.now() + inMs + releaseAheadMs })
    if (turn % adEvery === adEvery - 1) {
      const times = due(isFar ? soonMs : chance.next() * soonMs)
      return { ...times, adTo: recipientOf(ref), end: { kind: 'opt-out', ...within(isFar ? surelyMs : soonMs) } }
    }
    const cancels = isFar || chance.next() < 0.8
    return { ...due(isFar ? farMs : chance.next() * soonMs), ...(cancels && { end: { kind: 'cancel', ...within(soonMs) } }) }
  }

  /** Sends one message and waits until it is accepted. */
  async probe(): Promise<void> {
    const refs = this.names(1)
    const sent = this.keyed.send({ key: `probe-${refs[0]}`, refs })
    this.#begin(sent)
    await sent
  }

  async send(order: Order): Promise<void> {
    const sent = this.keyed.send(order)
    this.#begin(sent)
    await sent
  }

  /** Begins nothing while `work` runs, and waits first until what has begun is answered. */
  async quietly(work: () => Promise<void>): Promise<void> {
    this.#quiet = true
    try {
      await waitFor(quietMs, this.#options.signal, () => this.#options.log.underWay === 0)
      await work()
    } finally {
      this.#quiet = false
    }
  }

  /** Waits until every call is answered, and stops the customer that always asks for more. */
  async end(): Promise<void> {
    this.#greedyStop.abort()
    await this.#greed
    while (this.#calls.size > 0) await Promise.all(this.#calls)
  }

  #begin(call: Promise<unknown>): void {
    const tracked = call.finally(() => this.#calls.delete(tracked))
    this.#calls.add(tracked)
  }

  async #whenRoom(): Promise<void> {
    while ((this.#quiet || this.#calls.size >= maxUnderWay) && !this.#options.signal.aborted) {
      await pause(20, this.#options.signal)
    }
  }

  async #buy(): Promise<void> {
    const { signal } = this.#greedyStop
    while (!signal.aborted && !this.#options.signal.aborted) {
      if (!this.#quiet) {
        const [ref = ''] = this.names(1)
        await this.limited.once(ref, `greedy-${ref}`, this.sales)
      }
      await pause(greedyEveryMs, signal)
    }
  }
}
