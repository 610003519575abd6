import type { GatewayClient } from '../../client/index.ts'
import { randomId } from '../../domain/ids.ts'
import { type Attached, Attachments } from './attachments.ts'
import { decideAnswer, type Reason } from './decide-answer.ts'
import type { ObserveAgent } from './events.ts'
import type { Journal, JournalBatch, JournalMessage, JournalRow } from './journal.ts'
import type { MediaFiles } from './media-files.ts'
import { Orphans } from './orphans.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { TableRow } from './rows.ts'
import type { CustomerTable } from './table.ts'
import { writeOutcomes } from './write-outcomes.ts'

export interface SenderOptions {
  readonly table: CustomerTable
  readonly journal: Journal
  readonly gateway: GatewayClient
  /** Names this agent in claims: 1 to 12 letters, digits, "-" and "_". */
  readonly agent: string
  readonly observe: ObserveAgent
  /** In milliseconds; absent: no row is too old. */
  readonly maxAgeMs?: number | undefined
  /** Rows of a call. Default 500, which is what the gateway takes. */
  readonly batchRows?: number
  /** Where images are; absent: rows with images wait. */
  readonly files?: MediaFiles | undefined
}

/** Of the rows of a claim, the newest get this share, so that an urgent row does not wait behind a campaign. */
const newestShare = 0.2
const firstRetryMs = 500
const maxRetryMs = 30_000
/** How long rows wait that were refused for now, where the gateway does not say. */
const defaultHoldMs = 5_000
const maxHoldMs = 10 * 60_000

/** Rows that can be sent now, and the images of those that have some, by message key. */
interface Ready {
  readonly rows: readonly TableRow[]
  readonly attached: ReadonlyMap<string, Attached>
}

/** Sends the rows of one table: claims, journals, calls, and writes down what the gateway said. */
export class Sender {
  readonly #options: SenderOptions
  readonly #orphans: Orphans
  #batchRows: number
  /** No row is claimed before this time. */
  #heldUntil = 0
  /** When each open call may be repeated, and how long it waited last. */
  readonly #retries = new Map<string, { readonly at: number; readonly pauseMs: number }>()
  readonly #sending = new Set<string>()
  readonly #attachments: Attachments

  constructor(options: SenderOptions) {
    this.#options = options
    this.#batchRows = options.batchRows ?? 500
    this.#orphans = new Orphans(options.table, options.journal)
    this.#attachments = new Attachments({ ...options, table: options.table.name, files: options.files })
  }

  /** Whether no row may be claimed: the gateway holds the customer back, or calls wait for an answer. */
  get isHeld(): boolean {
    return Date.now() < this.#heldUntil || this.#retries.size > 0
  }

  /** Makes the calls for claims that a crash interrupted. */
  async recover(): Promise<void> {
    const { table, journal, observe } = this.#options
    const interrupted = journal.interruptedClaims(table.target)
    const keys = interrupted.map(({ key }) => key)
    const expected = new Set(interrupted.map(({ messageKey }) => messageKey))
    const rows = await table.read(keys, [table.map.status.claimed])
    const ours = rows.filter((row) => expected.has(table.messageKeyOf(row)) && this.#isOurs(row))
    const kept = new Set(ours.map((row) => table.messageKeyOf(row)))
    journal.forgetRows(
      table.target,
      interrupted.filter(({ messageKey }) => !kept.has(messageKey)),
    )
    // What waits stays in the journal as it is.
    const { rows: ready, attached } = await this.#attach(ours)
    if (ready.length > 0) observe({ kind: 'recovered', table: table.name, rows: ready.length })
    for (let from = 0; from < ready.length; from += this.#batchRows) {
      await this.#begin({ rows: ready.slice(from, from + this.#batchRows), attached })
    }
  }

  /** Takes over rows of an agent that is gone. @returns how many */
  async adoptOrphans(): Promise<number> {
    const { table, agent, observe } = this.#options
    const orphans = await this.#orphans.find()
    const { rows, attached } = await this.#attach([...orphans.values()])
    const keys = rows.map(({ key }) => key)
    let adopted = 0
    for (let from = 0; from < keys.length; from += this.#batchRows) {
      const some = keys.slice(from, from + this.#batchRows)
      const taken = await table.takeOver(some, agent, (row) => orphans.has(table.messageKeyOf(row)))
      await this.#begin({ rows: taken, attached })
      adopted += taken.length
    }
    if (adopted > 0) observe({ kind: 'recovered', table: table.name, rows: adopted })
    return adopted
  }

  /** Repeats open calls whose time has come. */
  async sendOpen(signal?: AbortSignal): Promise<void> {
    const { table, journal } = this.#options
    for (const id of journal.openCalls(table.target)) {
      if (signal?.aborted) return
      if (this.#sending.has(id) || (this.#retries.get(id)?.at ?? 0) > Date.now()) continue
      const batch = journal.call(id)
      if (batch !== undefined) await this.send(batch, signal)
    }
  }

  /** Claims due rows. @returns the call to make; `undefined`: there is nothing to send */
  async claim(): Promise<JournalBatch | undefined> {
    const { table, journal, agent, observe } = this.#options
    const newest = Math.ceil(this.#batchRows * newestShare)
    const waiting = this.#attachments.waitingKeys()
    const keys = (await table.dueKeys(this.#batchRows - newest, newest, waiting)).slice(0, this.#batchRows)
    if (keys.length === 0) return undefined
    const ready = await this.#attach(this.#notSentYet(await table.read(keys, [table.map.status.ready])))
    const intended = ready.rows.map((row) => ({ key: row.key, messageKey: table.messageKeyOf(row) }))
    journal.claiming(table.target, intended)
    const {
      results: rows,
      refused,
      why = '',
    } = await table.claim(
      intended.map(({ key }) => key),
      agent,
    )
    if (refused.length > 0) observe({ kind: 'refused', table: table.name, rows: refused.length, why })
    const claimed = new Set(rows.map((row) => table.messageKeyOf(row)))
    // Deleted, changed or taken by another agent in between.
    journal.forgetRows(
      table.target,
      intended.filter(({ messageKey }) => !claimed.has(messageKey)),
    )
    return this.#begin({ rows, attached: ready.attached })
  }

  /**
   * Makes a call that `claim` prepared.
   * @throws Problem `database-unavailable`: the outcome is in the journal
   */
  async send(batch: JournalBatch, signal?: AbortSignal): Promise<void> {
    const { table, journal, gateway, observe } = this.#options
    this.#sending.add(batch.id)
    try {
      journal.attempted(batch.id)
      const requests = batch.messages.map(({ request }) => request)
      const answer = await gateway.sendBatch(batch.id, requests, signal)
      if (signal?.aborted && answer.kind === 'unclear') return
      if (answer.kind === 'refused' && answer.code === 'units-exceed-limit') {
        this.#batchRows = Math.max(1, Math.floor(batch.messages.length / 2))
      }
      const decided = decideAnswer(batch, answer, table.now())
      const { held } = decided
      if (held !== undefined) this.#hold(batch.messages.length, held, decided.retryAfterMs)
      if (decided.kind === 'repeat') return this.#repeat(batch, decided.why, decided.retryAfterMs)
      this.#retries.delete(batch.id)
      journal.finish(batch.id, decided.outcomes, decided.next)
      const accepted = decided.outcomes.filter(({ state }) => state === 'accepted').length
      if (accepted > 0) observe({ kind: 'sent', table: table.name, accepted, lagMs: Date.now() - batch.createdAt })
      this.#observeFailures(decided.failures)
      await writeOutcomes(table, journal, observe)
    } finally {
      this.#sending.delete(batch.id)
    }
  }

  /** A claim column that names another agent says that its row is not ours. */
  #isOurs(row: TableRow): boolean {
    const { table, agent } = this.#options
    return table.map.claim === undefined || table.claimOf(row)?.agent === agent.slice(0, 12)
  }

  /**
   * Leaves out rows that are ready in the table and were accepted by the gateway before: something took their state back, such as
   * a restored backup or a failed clean-up. What the journal knows of them is written again.
   */
  #notSentYet(rows: readonly TableRow[]): TableRow[] {
    const { table, journal } = this.#options
    const keys = rows.map((row) => table.messageKeyOf(row))
    const known = [...journal.known(table.target, keys).values()]
    const sent = known.filter(({ id, state }) => id !== undefined || state === 'sending')
    journal.rewrite(sent.filter(({ state }) => state !== 'sending'))
    // Refused by the gateway before, and set to ready by the customer since: they may pass now.
    journal.forgetRows(
      table.target,
      known.filter((row) => !sent.includes(row)),
    )
    const left = new Set(sent.map(({ messageKey }) => messageKey))
    return rows.filter((row) => !left.has(table.messageKeyOf(row)))
  }

  /** Brings the images of rows to the gateway, and leaves out the rows whose images are not complete. */
  async #attach(rows: readonly TableRow[]): Promise<Ready> {
    const withImages = rows.flatMap((row) => {
      const prepared = this.#prepared(row)
      return prepared.kind === 'images' ? [{ ...prepared, key: row.key, messageKey: this.#options.table.messageKeyOf(row) }] : []
    })
    if (withImages.length === 0) return { rows, attached: new Map() }
    const { attached, held } = await this.#attachments.settle(withImages)
    const late = new Set(withImages.filter(({ messageKey }) => !attached.has(messageKey)).map(({ key }) => key))
    if (held !== undefined) this.#hold(late.size, held, held.retryAfterMs)
    return { rows: rows.filter(({ key }) => !late.has(key)), attached }
  }

  #prepared(row: TableRow, attached?: Attached): Prepared {
    const { table, maxAgeMs } = this.#options
    return prepare(row, { map: table.map, maxAgeMs, now: table.now(), messageKey: table.messageKeyOf(row), attached })
  }

  /** Ends the rows that cannot be sent, and journals the call for the others. */
  async #begin({ rows, attached }: Ready): Promise<JournalBatch | undefined> {
    const { table, journal, observe } = this.#options
    const messages: JournalMessage[] = []
    const outcomes: JournalRow[] = []
    const reasons: Reason[] = []
    for (const row of rows) {
      const messageKey = table.messageKeyOf(row)
      const prepared = this.#prepared(row, attached.get(messageKey))
      if (prepared.kind === 'message') messages.push(prepared.message)
      // Images that the row names only since it was claimed are brought by `recover`.
      if (prepared.kind !== 'ended') continue
      const { to, code, detail } = prepared
      outcomes.push({ table: table.target, key: row.key, messageKey, state: to, code, at: table.now() })
      reasons.push({ code, detail })
    }
    const batch = { id: randomId(), table: table.target, messages, attempts: 0, createdAt: Date.now() }
    if (messages.length > 0) journal.begin(batch)
    journal.record(outcomes)
    this.#observeFailures(reasons)
    if (outcomes.length > 0) await writeOutcomes(table, journal, observe)
    return messages.length === 0 ? undefined : batch
  }

  #repeat({ id, messages }: JournalBatch, why: string, retryAfterMs: number | undefined): void {
    const before = this.#retries.get(id)?.pauseMs ?? firstRetryMs / 2
    const pauseMs = Math.min(maxRetryMs, Math.max(before * 2, retryAfterMs ?? 0))
    this.#retries.set(id, { at: Date.now() + pauseMs, pauseMs })
    const { table, observe } = this.#options
    observe({ kind: 'unclear', table: table.name, rows: messages.length, why, retryMs: pauseMs })
  }

  #hold(rows: number, { code, detail }: Reason, retryAfterMs: number | undefined): void {
    const pauseMs = Math.min(maxHoldMs, Math.max(firstRetryMs, retryAfterMs ?? defaultHoldMs))
    this.#heldUntil = Math.max(this.#heldUntil, Date.now() + pauseMs)
    const { table, observe } = this.#options
    observe({ kind: 'held', table: table.name, code, rows, detail, retryMs: pauseMs })
  }

  #observeFailures(reasons: readonly Reason[]): void {
    const { table, observe } = this.#options
    for (const [code, some] of Map.groupBy(reasons, (reason) => reason.code)) {
      observe({ kind: 'failed', table: table.name, code, rows: some.length, detail: some[0]?.detail ?? '' })
    }
  }
}
