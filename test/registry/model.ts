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
  type Reservation,
  reconcileAfterMs,
  type StoredMessage,
  type Usage,
} from '../../src/domain/admission.ts'
import { windowsAt } from '../../src/domain/calendar.ts'
import { decide, refunded } from '../../src/domain/decide.ts'
import type { Environment } from '../../src/domain/names.ts'
import { routePlanText } from '../../src/domain/route.ts'
import type { Outcome, Profile, Registry } from '../../src/registry/index.ts'
import type { Clock } from './fixtures.ts'

/** What of a registry the model says. */
export type Modelled = Pick<Registry, 'admit' | 'settle' | 'usage' | 'open'>

/** One customer in one environment. */
class Books {
  usage: Usage = noUsage
  readonly open = new Map<string, OpenReservation>()
  readonly records = new Map<string, { record: IdempotencyRecord; until: number }>()
  /** Messages by their ids: the reservation that has one, or the period in which it was accepted. */
  readonly messages = new Map<string, { holder?: string; period: number }>()

  record(key: string | undefined, now: number): IdempotencyRecord | undefined {
    const found = key === undefined ? undefined : this.records.get(key)
    return found === undefined || found.until <= now ? undefined : found.record
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
      ...(profile !== undefined && { customerState: profile.customer.state }),
      ...(key !== undefined && { key }),
      ...(route !== undefined && { way: routePlanText(route) }),
      ...(quota !== undefined && { quota }),
      ...(record !== undefined && { idempotency: record }),
      ...(ids !== undefined && { messages: ids.map((id) => books.message(id, now)) }),
    }
    const decision = decide(request, state, windowsAt(profile?.customer.timeZone ?? 'UTC', now), now)
    const { usage, open, record: next, ...admission } = decision
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
    if (outcome.kind === 'accepted') return accept(books, reservation, outcome, record, now)
    const isKept = outcome.kind === 'failed' ? (mine?.attempt ?? 0) > attempt : (mine?.leaseUntil ?? 0) > now
    if (isKept || entry === undefined) return false
    if (outcome.kind === 'abandoned' && now - entry.admittedAt < reconcileAfterMs) return false
    close(books, entry, entry.units, entry.ids ?? [])
    if (mine !== undefined && claim !== undefined) books.records.delete(claim.key)
    return true
  }

  async usage(customer: string, environment: Environment) {
    return { usage: this.#of(customer, environment).usage, now: this.#clock.now }
  }

  async open(customer: string, environment: Environment) {
    const all = [...this.#of(customer, environment).open.values()]
    const sorted = all.map((one) => (one.ids === undefined ? one : { ...one, ids: one.ids.toSorted() }))
    return openOf(sorted, this.#clock.now)
  }

  #of(customer: string, environment: Environment): Books {
    const name = `${environment}/${customer}`
    const known = this.#books.get(name) ?? new Books()
    this.#books.set(name, known)
    return known
  }
}

function accept(
  books: Books,
  reservation: Reservation,
  { response, refund = 0, untaken = [] }: Extract<Outcome, { kind: 'accepted' }>,
  record: IdempotencyRecord | undefined,
  now: number,
): boolean {
  const { id, attempt, idempotency: claim } = reservation
  const entry = books.open.get(id)
  if (entry !== undefined) close(books, entry, refund, untaken)
  if (claim === undefined) return entry !== undefined
  if (response === undefined || record?.response !== undefined) return false
  const plan = record?.plan ?? claim.plan
  const { fingerprint } = claim
  const done = { fingerprint, attempt, leaseUntil: now, reservation, response, ...(plan !== undefined && { plan }) }
  books.records.set(claim.key, { record: done, until: now + idempotencyMs })
  return true
}

/** Ends an open reservation: `units` come back, and its messages but the untaken are known. */
function close(books: Books, entry: OpenReservation, units: number, untaken: readonly string[]): void {
  books.open.delete(entry.id)
  if (units > 0) books.usage = refunded(books.usage, entry, units)
  for (const id of entry.ids ?? []) {
    if (untaken.includes(id)) books.messages.delete(id)
    else books.messages.set(id, { period: messagePeriodOf(entry.admittedAt) })
  }
}
