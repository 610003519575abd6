import * as z from 'zod'
import { environments } from '../../domain/names.ts'
import type { ThresholdNotice } from '../../domain/threshold-notice.ts'
import type { LedgerOptions } from './dynamo-ledger.ts'
import { type Item, number, Table, text } from './dynamodb.ts'

/** A notice that one of the operator's channels does not have yet. */
export interface WaitingNotice {
  readonly notice: ThresholdNotice
  /** Channels that have it. */
  readonly sent: readonly string[]
}

/** How far the channels are. */
export interface NoticeState {
  readonly channels: Readonly<Record<string, { readonly failures: number; readonly notBefore: number }>>
  readonly lease?: { readonly holder: string; readonly until: number }
}

/** Notices for the operator, in the table of the ledger. Every method throws Problem `ledger-unavailable`. */
export interface Notices {
  /** Those that wait, in no particular order. */
  waiting(limit: number): Promise<readonly WaitingNotice[]>
  /** Which of them were sent before: a gateway that begins again adds what it has forgotten. */
  endedAmong(waiting: readonly WaitingNotice[]): Promise<ReadonlySet<ThresholdNotice>>
  /** Notes which channels have it. */
  update(waiting: WaitingNotice): Promise<void>
  /** Removes notices, and remembers them for longer than their window. */
  end(notices: readonly ThresholdNotice[]): Promise<void>
  state(): Promise<{ readonly value: NoticeState; readonly revision: number }>
  /** @returns whether it was written: no other change came first */
  saveState(state: NoticeState, revision: number): Promise<boolean>
}

/** The partition of what waits, and that of what was sent: the first is read each minute, so it stays small. */
const queue = 'n'
const ended = 'ne'
const stateKey = { pk: 'ns', sk: 'state' }
const dayMs = 86_400_000
/** Longer than a month's window. */
const keptMs = 40 * dayMs

const millis = z.int().nonnegative()
const waitingNotice = z.object({
  notice: z.object({
    key: z.string(),
    customer: z.string(),
    environment: z.enum(environments),
    window: z.enum(['day', 'month']),
    percent: z.number(),
    used: z.number(),
    limit: z.number(),
    resetsAt: millis,
    at: millis,
  }),
  sent: z.array(z.string()),
}) satisfies z.ZodType<WaitingNotice>
const noticeState = z.object({
  channels: z.record(z.string(), z.object({ failures: z.int(), notBefore: millis })),
  lease: z.object({ holder: z.string(), until: millis }).exactOptional(),
}) satisfies z.ZodType<NoticeState>

function placeOf({ customer, environment, key }: ThresholdNotice): string {
  return `${customer}#${environment}#${key}`
}

function itemOf(pk: string, waiting: WaitingNotice, now: number): Item {
  return {
    pk: { S: pk },
    sk: { S: placeOf(waiting.notice) },
    doc: { S: JSON.stringify(waiting) },
    ttl: { N: String(Math.floor((now + keptMs) / 1000)) },
  }
}

/** Adds a notice unless it waits already. */
export async function addNotice(table: Table, now: number, notice: ThresholdNotice): Promise<void> {
  await table.putIf(itemOf(queue, { notice, sent: [] }, now), 'attribute_not_exists(pk)')
}

function contentOf(item: Item | undefined): unknown {
  return JSON.parse(text(item, 'doc') ?? 'null')
}

export class DynamoNotices implements Notices {
  readonly #table: Table
  readonly #now: () => number

  constructor({ table = 'apigw-ledger', now = Date.now, ...options }: LedgerOptions) {
    this.#table = new Table({ ...options, table })
    this.#now = now
  }

  async waiting(limit: number): Promise<readonly WaitingNotice[]> {
    return (await this.#table.query(queue, '!', limit)).map((item) => waitingNotice.parse(contentOf(item)))
  }

  async endedAmong(waiting: readonly WaitingNotice[]): Promise<ReadonlySet<ThresholdNotice>> {
    const items = await this.#table.get(waiting.map(({ notice }) => ({ pk: ended, sk: placeOf(notice) })))
    const places = new Set(items.map((item) => text(item, 'sk')))
    return new Set(waiting.map(({ notice }) => notice).filter((notice) => places.has(placeOf(notice))))
  }

  async update(waiting: WaitingNotice): Promise<void> {
    await this.#table.put([itemOf(queue, waiting, this.#now())])
  }

  async end(notices: readonly ThresholdNotice[]): Promise<void> {
    if (notices.length === 0) return
    const now = this.#now()
    // First, so that a crash between the two sends nothing twice.
    await this.#table.put(notices.map((notice) => itemOf(ended, { notice, sent: [] }, now)))
    await this.#table.remove(notices.map((notice) => ({ pk: queue, sk: placeOf(notice) })))
  }

  async state(): Promise<{ value: NoticeState; revision: number }> {
    const [item] = await this.#table.get([stateKey])
    if (item === undefined) return { value: { channels: {} }, revision: 0 }
    return { value: noticeState.parse(contentOf(item)), revision: number(item, 'rev') ?? 0 }
  }

  saveState(state: NoticeState, revision: number): Promise<boolean> {
    const { pk, sk } = stateKey
    const item = { pk: { S: pk }, sk: { S: sk }, doc: { S: JSON.stringify(state) }, rev: { N: String(revision + 1) } }
    return revision === 0
      ? this.#table.putIf(item, 'attribute_not_exists(pk)')
      : this.#table.putIf(item, 'rev = :rev', { ':rev': { N: String(revision) } })
  }
}
