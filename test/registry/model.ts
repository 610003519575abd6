import {
  type Admission,
  type AdmitRequest,
  type IdempotencyRecord,
  idempotencyMs,
  leaseMs,
  messagePeriodOf,
  messagePeriods,
  noUsage,
  type OpenReservation,
  openOf,
  type Repayment,
  type Reservation,
  reconcileAfterMs,
  type StoredMessage,
  sortedOpen,
  type Usage,
} from '../../src/domain/admission.ts'
import { windowsAt } from '../../src/domain/calendar.ts'
import { decide } from '../../src/domain/decide.ts'
import type { Environment } from '../../src/domain/names.ts'
import { routePlanText } from '../../src/domain/route.ts'
import {
  closing,
  type Ending,
  hasUnits,
  type Returned,
  type ReturnedMessage,
  releasedMs,
  repaid,
  returnedOf,
} from '../../src/domain/settling.ts'
import { added, type Counts, type HourCounts, hourAt } from '../../src/domain/usage.ts'
import { sendingOf } from '../../src/registry/compiled.ts'
import type { CountedReports, Outcome, Profile, Registry } from '../../src/registry/index.ts'
import type { Clock } from './fixtures.ts'

/** What of a registry the model says. */
export type Modelled = Pick<
  Registry,
  'admit' | 'settle' | 'giveBack' | 'usage' | 'open' | 'counts' | 'fileCounts' | 'reportsCounted' | 'countReports'
>

/** One customer in one environment. */
class Books {
  usage: Usage = noUsage
  readonly open = new Map<string, OpenReservation>()
  readonly records = new Map<string, { record: IdempotencyRecord; until: number }>()
  /** Messages by their ids: the reservation that has one, or the period in which it was accepted. */
  readonly messages = new Map<string, { holder?: string; period: number }>()
  /** Messages whose units were given back, and until when that is remembered. */
  readonly returned = new Map<string, Returned>()
  /** Messages whose units a settlement gave back, until when that is remembered, and the key with which they may be taken again. */
  readonly released = new Map<string, { until: number; claim: string | undefined }>()

  readonly hours = new Map<number, Counts>()
  reported: string | undefined

  count(counts: HourCounts | undefined): void {
    if (counts !== undefined) this.hours.set(counts.hour, added(this.hours.get(counts.hour), counts.counts))
  }

  record(key: string | undefined, now: number): IdempotencyRecord | undefined {
    const found = key === undefined ? undefined : this.records.get(key)
    return found === undefined || found.until <= now ? undefined : found.record
  }

  returnedOf(ids: readonly string[], now: number): ReturnedMessage[] {
    return ids.flatMap((id) => {
      const found = this.returned.get(id)
      return found === undefined || found.until <= now ? [] : [{ id, ...found }]
    })
  }

  message(id: string, now: number): StoredMessage | undefined {
    const found = this.messages.get(id)
    if (found?.holder !== undefined) return { reservation: found.holder }
    const current = messagePeriodOf(now)
    return found !== undefined && found.period <= current && found.period >= current - messagePeriods ? 'accepted' : undefined
  }
}

/**
 * The rules of a registry in the memory of one process, with neither storage nor concurrency: what every store is compared with.
 * Nonces, profiles and the audit log are not in it.
 */
export class Model implements Modelled {
  readonly #clock: Clock
  readonly #profiles = new Map<string, Profile>()
  readonly #books = new Map<string, Books>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  save(profile: Profile): void {
    this.#profiles.set(profile.customer.id, profile)
  }

  remove(customer: string): void {
    this.#profiles.delete(customer)
  }

  async admit(request: AdmitRequest): Promise<Admission> {
    const now = this.#clock.now
    const { customer, environment, idempotency: claim, ids } = request
    const profile = this.#profiles.get(customer)
    const books = this.#of(customer, environment)
    const key = profile?.credentials.find(({ keyId }) => keyId === request.keyId)
    const route = profile?.routes.find((one) => one.api === request.api && one.environment === environment)
    const quota = profile?.quotas[environment]
    const record = books.record(claim?.key, now)
    const state = {
      usage: books.usage,
      ...(profile !== undefined && { customerState: profile.customer.state, sending: sendingOf(profile) }),
      ...(key !== undefined && { key }),
      ...(route !== undefined && { way: routePlanText(route) }),
      ...(quota !== undefined && { quota }),
      ...(record !== undefined && { idempotency: record }),
      ...(ids !== undefined && { messages: ids.map((id) => books.message(id, now)) }),
    }
    const decision = decide(request, state, windowsAt(profile?.customer.timeZone ?? 'UTC', now), now)
    const { usage, open, record: next, counts, ...admission } = decision
    books.count(counts)
    if (usage !== undefined) books.usage = usage
    if (open !== undefined) books.open.set(open.id, open)
    for (const id of open?.ids ?? []) books.messages.set(id, { holder: open?.id ?? '', period: messagePeriodOf(now) })
    if (next !== undefined && claim !== undefined) books.records.set(claim.key, { record: next, until: now + idempotencyMs })
    return admission
  }

  async settle(reservation: Reservation, outcome: Outcome): Promise<boolean> {
    const now = this.#clock.now
    const { id, attempt, idempotency: claim } = reservation
    const books = this.#of(reservation.customer, reservation.environment)
    const record = books.record(claim?.key, now)
    const mine = record?.response === undefined && record?.reservation.id === id ? record : undefined
    const entry = books.open.get(id)
    if (outcome.kind === 'running') {
      if (claim === undefined || mine?.attempt !== attempt) return false
      books.records.set(claim.key, { record: { ...mine, leaseUntil: now + leaseMs }, until: now + idempotencyMs })
      return true
    }
    if (outcome.kind === 'accepted') return accept(books, reservation, outcome, now)
    const isKept = outcome.kind === 'failed' ? (mine?.attempt ?? 0) > attempt : (mine?.leaseUntil ?? 0) > now
    if (isKept || entry === undefined) return false
    if (outcome.kind === 'abandoned' && now - entry.admittedAt < reconcileAfterMs) return false
    const again = mine === record ? claim?.key : undefined
    close(books, entry, { ...outcome, kind: 'nothing' }, again, now)
    if (mine !== undefined && claim !== undefined) books.records.delete(claim.key)
    return true
  }

  async giveBack(repayment: Repayment): Promise<boolean> {
    const now = this.#clock.now
    const { id } = repayment
    const books = this.#of(repayment.customer, repayment.environment)
    const stored = books.message(id, now)
    const message = stored === undefined || stored === 'accepted' ? stored : books.open.get(stored.reservation)
    const release = books.released.get(id)
    const isReleased = release !== undefined && release.until > now && !hasUnits(books.record(release.claim, now))
    const isReturned = books.returnedOf([id], now).length > 0
    const state = { usage: books.usage, isReturned, isReleased, ...(message !== undefined && { message }) }
    const paid = repaid(repayment, state, now)
    if (paid === undefined) return false
    books.usage = paid.usage
    books.count(paid.counts)
    if (paid.holder !== undefined) {
      const { id: holder, left } = paid.holder
      books.messages.set(id, { period: books.messages.get(id)?.period ?? 0 })
      if (left === undefined) books.open.delete(holder)
      else books.open.set(holder, left)
    }
    books.returned.set(id, returnedOf(repayment, now))
    return true
  }

  async usage(customer: string, environment: Environment) {
    return { usage: this.#of(customer, environment).usage, now: this.#clock.now }
  }

  async counts(customer: string, environment: Environment, from: number, until: number) {
    const hours = [...this.#of(customer, environment).hours].filter(([hour]) => hour >= from && hour < until)
    return hours.map(([hour, counts]) => ({ hour, counts })).sort((a, b) => a.hour - b.hour)
  }

  async reportsCounted(customer: string, environment: Environment) {
    return this.#of(customer, environment).reported
  }

  async countReports(customer: string, environment: Environment, { seen, cursor, counts }: CountedReports) {
    const books = this.#of(customer, environment)
    if (books.reported !== seen) return false
    books.count({ hour: hourAt(this.#clock.now, books.usage.dayEnd), counts })
    books.reported = cursor
    return true
  }

  async fileCounts(): Promise<void> {
    // Nothing is kept apart.
  }

  async open(customer: string, environment: Environment) {
    const all = [...this.#of(customer, environment).open.values()]
    return openOf(all.map(sortedOpen), this.#clock.now)
  }

  #of(customer: string, environment: Environment): Books {
    const name = `${environment}/${customer}`
    const known = this.#books.get(name) ?? new Books()
    this.#books.set(name, known)
    return known
  }
}

function accept(books: Books, reservation: Reservation, outcome: Extract<Outcome, { kind: 'accepted' }>, now: number): boolean {
  const { id, attempt, idempotency: claim } = reservation
  const record = books.record(claim?.key, now)
  const entry = books.open.get(id)
  if (entry !== undefined) close(books, entry, outcome, undefined, now)
  if (claim === undefined) return entry !== undefined
  if (outcome.response === undefined || record?.response !== undefined) return false
  const plan = record?.plan ?? claim.plan
  const { response } = outcome
  const { fingerprint } = claim
  const done: IdempotencyRecord = {
    ...{ fingerprint, attempt, leaseUntil: now, reservation, response },
    ...(plan !== undefined && { plan }),
    ...(entry === undefined && record === undefined && { unpaid: true }),
  }
  books.records.set(claim.key, { record: done, until: now + idempotencyMs })
  return true
}

/** @param again the Idempotency-Key with which the same messages may be taken again */
function close(books: Books, entry: OpenReservation, ending: Ending, again: string | undefined, now: number): void {
  const before = books.returnedOf([...new Set(ending.untaken)], now)
  const { usage, accepted, released, counts } = closing(books.usage, entry, ending, before, now)
  books.count(counts)
  books.open.delete(entry.id)
  if (usage !== undefined) books.usage = usage
  for (const id of accepted) books.messages.set(id, { period: messagePeriodOf(entry.admittedAt) })
  for (const id of released) {
    if (entry.ids !== undefined) books.messages.delete(id)
    books.released.set(id, { until: now + releasedMs, claim: entry.ids === undefined ? again : undefined })
  }
}
