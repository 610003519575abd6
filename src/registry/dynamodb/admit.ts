import {
  type Admission,
  type AdmissionState,
  type AdmitRequest,
  type Decision,
  idempotencyMs,
  noUsage,
} from '../../domain/admission.ts'
import { windowsAt } from '../../domain/calendar.ts'
import { decide, usesNonce } from '../../domain/decide.ts'
import { Problem } from '../../domain/problem.ts'
import type { HourCounts } from '../../domain/usage.ts'
import type { Compiled, CompiledProfiles } from '../compiled.ts'
import type { Books } from './books.ts'
import { keys, packed, ttl, unpacked } from './items.ts'
import type { Found, Job } from './lane.ts'
import { messagesOf, recordKeys, recordOf } from './records.ts'
import { type Deadline, type Item, keyText, type Table, text } from './table.ts'

/** Longer plans would make every write of the customer's books dearer until the call ends. */
const inlinePlanBytes = 512

/** The admission of one call, as a change of its customer's books. */
export class AdmitJob implements Job<Admission> {
  readonly needsProfile = true
  readonly #request: AdmitRequest
  readonly #table: Table
  readonly #profiles: CompiledProfiles
  readonly #now: () => number
  /** Whether the nonce belongs to this call. `undefined`: not asked yet. */
  #ownsNonce: boolean | undefined
  #isPlanStored = false
  #refused: HourCounts | undefined

  constructor(request: AdmitRequest, table: Table, profiles: CompiledProfiles, now: () => number) {
    this.#request = request
    this.#table = table
    this.#profiles = profiles
    this.#now = now
  }

  /** What is to be counted of a refused call. It is counted apart, because a refusal writes nothing by itself. */
  get refused(): HourCounts | undefined {
    return this.#refused
  }

  /** A profile is marked first, and those of a registry that is being filled are the only mark that it has. */
  isRefused(books: Books, found: Found): boolean {
    return books.frozen !== undefined || text(found.get(keyText(keys.profile(this.#request.customer))), 'frozen') !== undefined
  }

  wants(books: Books) {
    const { customer, environment, idempotency, ids = [] } = this.#request
    const ofMessages = ids.map((id) => keys.message(customer, environment, id))
    return idempotency === undefined ? ofMessages : [...recordKeys(this.#request, idempotency.key, books), ...ofMessages]
  }

  async prepare(found: Found, deadline: Deadline): Promise<void> {
    await Promise.all([this.#takeNonce(found, deadline), this.#storePlan(deadline)])
  }

  run(books: Books, found: Found): Admission {
    const now = this.#now()
    const { idempotency: claim } = this.#request
    const decision = this.#decide(found, now, books)
    // A resumed run keeps its plan where the first run put it.
    const isPlanApart = (decision.record?.plan ?? '').length > inlinePlanBytes
    books.take(decision, claim?.key, now, isPlanApart)
    const { usage: _usage, record: _record, open: _open, counts, ...admission } = decision
    this.#refused = decision.kind === 'refused' ? counts : undefined
    return admission
  }

  #decide(found: Found, now: number, books?: Books): Decision {
    const compiled = this.#compiled(found)
    const zone = compiled?.profile.customer.timeZone ?? 'UTC'
    return decide(this.#request, this.#state(compiled, found, now, books), windowsAt(zone, now), now)
  }

  #compiled(found: Found): Compiled | undefined {
    const { customer } = this.#request
    const item = found.get(keyText(keys.profile(customer)))
    const version = text(item, 'version')
    return version ? this.#profiles.of(customer, version, () => unpacked(item) ?? '') : undefined
  }

  /** @param books absent: for the checks that come before a nonce, none of which needs them */
  #state(compiled: Compiled | undefined, found: Found, now: number, books: Books | undefined): AdmissionState {
    const request = this.#request
    if (compiled === undefined) return { usage: noUsage }
    const { profile, keys: credentials, ways, sending } = compiled
    const key = credentials.get(request.keyId)
    const way = request.api === undefined ? undefined : ways.get(`${request.environment}:${request.api}`)
    const quota = profile.quotas[request.environment]
    const claim = books === undefined ? undefined : request.idempotency
    const record = claim === undefined || books === undefined ? undefined : recordOf(request, claim.key, books, found, now)
    const ids = books === undefined ? undefined : request.ids
    return {
      customerState: profile.customer.state,
      sending,
      usage: books?.usage ?? noUsage,
      ...(key !== undefined && { key }),
      ...(way !== undefined && { way }),
      ...(quota !== undefined && { quota }),
      ...(record !== undefined && { idempotency: record }),
      ...(this.#ownsNonce === false && { nonceUsed: true }),
      ...(ids !== undefined && books !== undefined && { messages: messagesOf(request, ids, books, found, now) }),
    }
  }

  /**
   * The nonce is used up before the books are written: a crash in between costs the caller its signature and no unit. A call
   * that is decided again after a lost race, or whose write has to be repeated, finds its own reservation in the nonce.
   */
  async #takeNonce(found: Found, deadline: Deadline): Promise<void> {
    const { customer, keyId, nonce, reservation } = this.#request
    const now = this.#now()
    if (nonce === undefined || this.#ownsNonce !== undefined || !usesNonce(this.#decide(found, now))) return
    const key = keys.nonce(customer, keyId, nonce.value)
    const expires = now + nonce.rememberMs
    const item: Item = {
      pk: { S: key.pk },
      sk: { S: key.sk },
      reservation: { S: reservation },
      expires: { N: String(expires) },
      ...ttl(expires),
    }
    const values: Item = { ':now': { N: String(now) } }
    const wasWritten = async (): Promise<boolean> => {
      const [stored] = await this.#table.get([key], deadline)
      return text(stored, 'reservation') === reservation
    }
    const condition = { expression: 'attribute_not_exists(pk) OR expires <= :now', values }
    this.#ownsNonce = (await this.#table.putIf(item, condition, wasWritten, deadline)) === 'written'
  }

  /** Stored under the reservation's own name, so that a plan without a run is never read. */
  async #storePlan(deadline: Deadline): Promise<void> {
    const { idempotency, reservation } = this.#request
    const plan = idempotency?.plan
    if (plan === undefined || plan.length <= inlinePlanBytes || this.#isPlanStored) return
    const key = keys.plan(reservation)
    const attributes = packed(plan)
    if (attributes === undefined) throw new Problem('body-too-large', 'The call has too many rows that cannot be sent.')
    await this.#table.putAll(
      [{ pk: { S: key.pk }, sk: { S: key.sk }, ...attributes, ...ttl(this.#now() + idempotencyMs) }],
      deadline,
    )
    this.#isPlanStored = true
  }
}
