import type { BatchAnswer, GatewayClient } from '../../client/index.ts'
import { rememberMs } from '../../domain/admission.ts'
import { randomId } from '../../domain/ids.ts'
import { apart } from './apart.ts'
import { type Attached, Attachments } from './attachments.ts'
import { type Decided, decideAnswer, decideStuck, type Reason, type Repeat } from './decide-answer.ts'
import type { ObserveAgent } from './events.ts'
import type { Journal, JournalBatch, JournalMessage, JournalRow } from './journal.ts'
import type { MediaFiles } from './media-files.ts'
import { Orphans } from './orphans.ts'
import { CallSize, Pauses } from './pauses.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { TableRow } from './rows.ts'
import { concludeStale, repeatableUntil } from './stale-calls.ts'
import type { CustomerTable } from './table.ts'
import { WaitingRows } from './waiting-rows.ts'
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
  /** After how long a claim of another agent is taken over, in milliseconds. Default 45,000. */
  readonly leaseMs?: number | undefined
}

/** Of the rows of a claim, the newest get this share, so that an urgent row does not wait behind a campaign. */
const newestShare = 0.2
/** A row that the database refuses to claim is left out for so long, and so many are: each is named in a statement. */
const refusedMs = 10 * 60_000
const maxRefused = 500
/** After so many attempts of a call without a clear answer it is asked whether the gateway answers other calls. */
const stuckAttempts = 5
/** Rows with many recipients that are claimed at once. */
const rowsOfMany = 50
/** Refusals that a smaller call may not meet. */
const limits = new Set(['units-exceed-limit', 'day-quota-exceeded', 'month-quota-exceeded'])

/** Rows that can be sent now, and the images of those that have some, by message key. */
interface Ready {
  readonly rows: readonly TableRow[]
  readonly attached: ReadonlyMap<string, Attached>
}

/** Sends the rows of one table: claims, journals, calls, and writes down what the gateway said. */
export class Sender {
  readonly #options: SenderOptions
  readonly #orphans: Orphans
  readonly #size: CallSize
  readonly #pauses = new Pauses()
  readonly #refused = new WaitingRows(refusedMs)
  #turn = 0
  readonly #sending = new Set<string>()
  readonly #attachments: Attachments

  constructor(options: SenderOptions) {
    this.#options = options
    this.#size = new CallSize(options.batchRows)
    this.#orphans = new Orphans(options.table, options.journal, options.leaseMs)
    this.#attachments = new Attachments({ ...options, table: options.table.name, files: options.files })
  }

  /** Whether no row may be claimed: the gateway holds the customer back, or calls wait for an answer. */
  get isHeld(): boolean {
    return this.#pauses.isHeld
  }

  /** Makes the calls for claims that a crash interrupted. */
  async recover(): Promise<void> {
    const { table, journal, observe } = this.#options
    const interrupted = journal.interruptedClaims(table.target)
    if (interrupted.length === 0) return
    const keys = interrupted.map(({ key }) => key)
    const expected = new Set(interrupted.map(({ messageKey }) => messageKey))
    const rows = await table.read(keys, [table.map.status.claimed])
    const ours = rows.filter((row) => expected.has(table.messageKeyOf(row)) && table.isHeldBy(row, this.#options.agent))
    const kept = new Set(ours.map((row) => table.messageKeyOf(row)))
    journal.forgetRows(
      table.target,
      interrupted.filter(({ messageKey }) => !kept.has(messageKey)),
    )
    // What waits stays in the journal as it is.
    const { rows: ready, attached } = await this.#attach(ours)
    if (ready.length > 0) observe({ kind: 'recovered', table: table.name, rows: ready.length })
    for (let from = 0; from < ready.length; from += this.#size.rows) {
      await this.#begin({ rows: ready.slice(from, from + this.#size.rows), attached })
    }
  }

  /** Takes over rows of an agent that is gone. @returns how many */
  async adoptOrphans(): Promise<number> {
    const { table, agent, observe } = this.#options
    const orphans = await this.#orphans.find()
    const { rows, attached } = await this.#attach([...orphans.values()])
    const keys = [...new Set(rows.map(({ key }) => key))]
    let adopted = 0
    for (let from = 0; from < keys.length; from += this.#size.rows) {
      const some = keys.slice(from, from + this.#size.rows)
      const taken = await table.takeOver(some, agent, (row) => {
        const orphan = orphans.get(table.messageKeyOf(row))
        // Another agent may have taken it over since.
        return orphan !== undefined && orphan.claim === row.claim
      })
      const { late = [], fresh = [] } = Object.groupBy(taken, (row) => (this.#isLate(row) ? 'late' : 'fresh'))
      await this.#begin({ rows: fresh, attached })
      await this.#concludeLate(late)
      adopted += taken.length
    }
    if (adopted > 0) observe({ kind: 'recovered', table: table.name, rows: adopted })
    return adopted
  }

  /** Whether a row is too old to be sent, or older than the gateway remembers messages. */
  #isLate({ dueMs }: TableRow): boolean {
    const { table, maxAgeMs = rememberMs } = this.#options
    return dueMs !== undefined && table.now() - dueMs >= Math.min(maxAgeMs, rememberMs)
  }

  /** Ends rows of an agent that is gone which are too old to be sent again: the gateway says which it has. */
  async #concludeLate(rows: readonly TableRow[]): Promise<void> {
    if (rows.length === 0) return
    const { table, journal, gateway } = this.#options
    const messages = rows.map((row): JournalMessage => {
      const messageKey = table.messageKeyOf(row)
      const prepared = prepare(row, { map: table.map, now: table.now(), messageKey })
      return prepared.kind === 'message' ? prepared.message : { key: row.key, messageKey, request: {} }
    })
    const batch = { id: randomId(), table: table.target, messages, attempts: 1, createdAt: 0 }
    const decided = await concludeStale(batch, gateway, table.now())
    // Without an answer they stay claimed, and are found again.
    if (decided.kind === 'repeat') return
    journal.record(decided.outcomes)
    this.#observeFailures(decided.failures)
    await writeOutcomes(this.#options)
  }

  /** Repeats open calls whose time has come. */
  async sendOpen(signal?: AbortSignal): Promise<void> {
    const { table, journal } = this.#options
    for (const id of journal.openCalls(table.target)) {
      if (signal?.aborted) return
      if (this.#sending.has(id) || this.#pauses.isWaiting(id)) continue
      const batch = journal.call(id)
      if (batch !== undefined) await this.send(batch, signal)
    }
  }

  /** Claims due rows. @returns the call to make; `undefined`: there is nothing to send */
  async claim(): Promise<JournalBatch | undefined> {
    const { table, journal } = this.#options
    // The messages of one row may need several calls.
    const most = table.map.recipients === undefined ? this.#size.rows : Math.min(this.#size.rows, rowsOfMany)
    // A call of one row takes the newest and the oldest in turn.
    this.#turn = 1 - this.#turn
    const newest = most === 1 ? this.#turn : Math.ceil(most * newestShare)
    const waiting = [...this.#attachments.waitingKeys(), ...this.#refused.keys(maxRefused)]
    const keys = (await table.dueKeys(most - newest, newest, waiting)).slice(0, most)
    if (keys.length === 0) return undefined
    const due = await table.read(keys, [table.map.status.ready])
    const unsent = this.#notSentYet(due)
    const ready = await this.#attach(unsent)
    const intended = ready.rows.map((row) => ({ key: row.key, messageKey: table.messageKeyOf(row) }))
    journal.claiming(table.target, intended)
    // Of a row with many recipients some may have been sent before.
    const sent = new Set(due.filter((row) => !unsent.includes(row)).map((row) => table.messageKeyOf(row)))
    const taken = await this.#claimed([...new Set(intended.map(({ key }) => key))])
    const rows = taken.filter((row) => !sent.has(table.messageKeyOf(row)))
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
    const { table, journal, gateway } = this.#options
    this.#sending.add(batch.id)
    try {
      if (Date.now() >= repeatableUntil(batch)) {
        return await this.#conclude(batch, await concludeStale(batch, gateway, table.now(), signal), undefined)
      }
      journal.attempted(batch.id)
      const requests = batch.messages.map(({ request }) => request)
      const answer = await gateway.sendBatch(batch.id, requests, signal)
      if (signal?.aborted && answer.kind === 'unclear') return
      await this.#conclude(batch, (await this.#stuck(batch, answer, signal)) ?? decideAnswer(batch, answer, table.now()), answer)
    } finally {
      this.#sending.delete(batch.id)
    }
  }

  /** Journals what became of a call, and then changes the table. @param answer absent: the call was not made */
  async #conclude(batch: JournalBatch, decided: Decided, answer: BatchAnswer | undefined): Promise<void> {
    const { table, journal, observe } = this.#options
    const { held } = decided
    const retryAfterMs = answer !== undefined && this.#resized(batch.messages.length, answer) ? 0 : decided.retryAfterMs
    if (held !== undefined) this.#hold(batch.messages.length, held, retryAfterMs)
    if (decided.kind === 'repeat') return this.#repeat(batch, decided)
    this.#pauses.over(batch.id)
    journal.finish(batch.id, decided.outcomes, decided.next)
    const accepted = decided.outcomes.filter(({ state }) => state === 'accepted').length
    if (accepted > 0) observe({ kind: 'sent', table: table.name, accepted, lagMs: Date.now() - batch.createdAt })
    this.#observeFailures(decided.failures)
    await writeOutcomes(this.#options)
  }

  /** Claims rows. One that the database refuses to change is left out for a while. */
  async #claimed(keys: readonly string[]): Promise<TableRow[]> {
    const { table, agent, observe } = this.#options
    const rows: TableRow[] = []
    const refused = await apart(keys, async (some) => void rows.push(...(await table.claim(some, agent))))
    this.#refused.add(refused.map(({ item }) => item))
    const [first] = refused
    if (first !== undefined) observe({ kind: 'refused', table: table.name, rows: refused.length, why: first.why })
    return rows
  }

  /** Adapts the size of calls to limits. @returns whether a smaller call may pass now */
  #resized(rows: number, answer: BatchAnswer): boolean {
    if (answer.kind === 'answered') this.#size.accepted(rows)
    if (answer.kind !== 'refused' || !limits.has(answer.code)) return false
    this.#size.refused(rows)
    return rows > 1
  }

  /** What becomes of a call that stays without a clear answer while the gateway answers others. */
  async #stuck(batch: JournalBatch, answer: BatchAnswer, signal?: AbortSignal) {
    const { table, gateway } = this.#options
    if (answer.kind !== 'unclear' || batch.attempts + 1 < stuckAttempts) return undefined
    const other = await gateway.check(signal)
    return other.kind === 'ok' ? decideStuck(batch, answer, table.now()) : undefined
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
    const { table, journal } = this.#options
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
    const batches: JournalBatch[] = []
    for (let from = 0; from < messages.length; from += this.#size.rows) {
      const some = messages.slice(from, from + this.#size.rows)
      batches.push({ id: randomId(), table: table.target, messages: some, attempts: 0, createdAt: Date.now() })
    }
    // The first is made at once, and the others with the open calls.
    for (const batch of batches) journal.begin(batch)
    journal.record(outcomes)
    this.#observeFailures(reasons)
    if (outcomes.length > 0) await writeOutcomes(this.#options)
    return batches[0]
  }

  #repeat({ id, messages }: JournalBatch, { why, retryAfterMs, isAtFault = false }: Repeat): void {
    const pauseMs = this.#pauses.repeat(id, { retryAfterMs, holdsOthers: !isAtFault })
    const { table, observe } = this.#options
    observe({ kind: 'unclear', table: table.name, rows: messages.length, why, retryMs: pauseMs })
  }

  #hold(rows: number, { code, detail }: Reason, retryAfterMs: number | undefined): void {
    const pauseMs = this.#pauses.hold(retryAfterMs)
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
