import { type Admission, type AdmitRequest, openOf, type Repayment, type Reservation } from '../../domain/admission.ts'
import type { Credential } from '../../domain/credential.ts'
import type { Customer } from '../../domain/customer.ts'
import type { Environment } from '../../domain/names.ts'
import type { Changed } from '../changes/carry-out.ts'
import type { Actor, Change } from '../changes/change.ts'
import { CompiledProfiles } from '../compiled.ts'
import { frozenDocument, frozenReadiness } from '../frozen.ts'
import type {
  CountedReports,
  HistoryEntry,
  Outcome,
  Profile,
  ProfilePage,
  Readiness,
  Registry,
  RegistryHealth,
  StoredDocument,
  StoredProfile,
} from '../registry.ts'
import { profileFrom } from '../stored.ts'
import type { TableAddress } from './address.ts'
import { AdmitJob } from './admit.ts'
import { storeAnswer } from './answer.ts'
import { Books, type Noting, type Owner } from './books.ts'
import { CountJob, CountReportsJob, fileHours, hoursToFile, readHours, refuseFrozen, rollDay } from './counts.ts'
import { healthOf } from './health.ts'
import { keys } from './items.ts'
import { Lane } from './lane.ts'
import { Profiles } from './profiles.ts'
import { noteItems, RepayJob } from './repay.ts'
import { type Accepted, AcceptJob, ReleaseJob, RenewJob } from './settle.ts'
import { Deadline, type DynamoCaller, itemsByKey, Table } from './table.ts'

/**
 * The registry in one DynamoDB table, for any number of gateways. It costs nothing while there are no calls
 * (docs/decisions/0068-books-of-a-customer-in-one-item.md).
 */
export class DynamoRegistry implements Registry {
  readonly address: string
  readonly #table: Table
  readonly #name: string
  readonly #now: () => number
  readonly #profiles: Profiles
  readonly #compiled = new CompiledProfiles()
  readonly #lanes = new Map<string, Lane>()

  /** @param now the clock; absent: that of this machine, which AWS keeps within a few milliseconds of the others */
  constructor(caller: DynamoCaller, { table }: TableAddress, now: () => number = Date.now) {
    this.address = `dynamodb:${table}`
    this.#name = table
    this.#table = new Table(caller, table)
    this.#now = now
    this.#profiles = new Profiles(this.#table, now)
  }

  /** A refused call is counted with the customer's next write, or half a second later: by itself it writes nothing. */
  async admit(request: AdmitRequest): Promise<Admission> {
    const job = new AdmitJob(request, this.#table, this.#compiled, this.#now)
    const admission = await this.#lane(request).run(job)
    if (job.refused !== undefined) this.#lane(request).later(new CountJob(job.refused))
    return admission
  }

  async settle(reservation: Reservation, outcome: Outcome): Promise<boolean> {
    switch (outcome.kind) {
      case 'running':
        return this.#lane(reservation).run(new RenewJob(reservation, this.#now))
      case 'accepted':
        return this.#accept(reservation, outcome)
      default: {
        const done = await this.#lane(reservation).run(new ReleaseJob(reservation, outcome, this.#now))
        await this.#note(reservation, done.notings)
        return done.settled
      }
    }
  }

  async giveBack(repayment: Repayment): Promise<boolean> {
    const lane = this.#lane(repayment)
    const done = await lane.run(new RepayJob(repayment, undefined, this.#now))
    // Once more, with the record that it depends on.
    const { settled, notings } = done.claim === undefined ? done : await lane.run(new RepayJob(repayment, done.claim, this.#now))
    await this.#note(repayment, notings)
    return settled
  }

  /**
   * A fully accepted call without an Idempotency-Key has only its open entry to remove. It is removed with the customer's next
   * write, which saves a write for each call: an entry left behind is reconciled with the ledger.
   */
  async #accept(reservation: Reservation, outcome: Accepted): Promise<boolean> {
    const { idempotency, keyed } = reservation
    const { response, refund } = outcome
    const lane = this.#lane(reservation)
    if (idempotency === undefined && !refund && keyed === undefined) {
      lane.later(new AcceptJob(reservation, outcome, false, this.#now))
      return true
    }
    const isAnswer =
      response !== undefined && (await storeAnswer(this.#table, reservation, { ...outcome, response }, this.#now()))
    const done = await lane.run(new AcceptJob(reservation, outcome, isAnswer, this.#now))
    await this.#note(reservation, done.notings)
    return idempotency === undefined ? done.settled : isAnswer
  }

  /**
   * Gives messages items of their own. Until then they are known from the books, so the call is settled even if this fails: a later
   * settlement does it.
   */
  async #note(owner: Owner, notings: readonly (readonly [string, Noting])[]): Promise<void> {
    if (notings.length === 0) return
    // One request must not name an item twice.
    const items = itemsByKey(notings.flatMap(([, noting]) => noteItems(owner, noting)))
    try {
      await this.#table.putAll([...items.values()], new Deadline())
    } catch {
      return
    }
    this.#lane(owner).later({
      isRefused: ({ frozen }) => frozen === 'all',
      wants: () => [],
      run: (books) => {
        for (const [name] of notings) books.noted(name)
      },
    })
  }

  async now(): Promise<number> {
    return this.#now()
  }

  async usage(customer: string, environment: Environment) {
    return { usage: (await this.#books({ customer, environment })).usage, now: this.#now() }
  }

  async counts(customer: string, environment: Environment, from: number, until: number) {
    await this.#lanes.get(`${environment}/${customer}`)?.flush()
    return readHours(this.#table, { customer, environment }, from, until)
  }

  async fileCounts(customer: string, environment: Environment): Promise<void> {
    const owner = { customer, environment }
    const books = await this.#books(owner)
    refuseFrozen(books)
    await fileHours(this.#table, owner, hoursToFile(books, this.#now()), (job) => this.#lane(owner).run(job))
  }

  rollCounts(customer: string, environment: Environment, day: { readonly start: number; readonly end: number }): Promise<void> {
    return rollDay(this.#table, { customer, environment }, day, this.#now())
  }

  async reportsCounted(customer: string, environment: Environment) {
    return (await this.#books({ customer, environment })).reported
  }

  countReports(customer: string, environment: Environment, reports: CountedReports): Promise<boolean> {
    return this.#lane({ customer, environment }).run(new CountReportsJob(reports, this.#now))
  }

  async open(customer: string, environment: Environment) {
    await this.#lanes.get(`${environment}/${customer}`)?.flush()
    return openOf([...(await this.#books({ customer, environment })).open.values()], this.#now())
  }

  async credential(customer: string, keyId: string): Promise<Credential | undefined> {
    const stored = await this.#profiles.load(customer)
    return stored && this.#compiled.of(customer, stored.version, () => stored.text).keys.get(keyId)
  }

  async profile(customer: string): Promise<StoredProfile | undefined> {
    const stored = await this.#profiles.load(customer)
    if (stored === undefined) return undefined
    const { profile, version } = this.#compiled.of(customer, stored.version, () => stored.text)
    return { profile, version }
  }

  async profiles(after: string | undefined, limit: number): Promise<ProfilePage> {
    const { documents, next } = await this.#profiles.page(after, limit)
    const profiles = documents.map(({ text, version }) => ({ version, profile: profileFrom(text) }))
    return { profiles, ...(next !== undefined && { next }) }
  }

  customers(): Promise<Customer[]> {
    return this.#profiles.customers()
  }

  save(profile: Profile, expected: string | undefined, entry: HistoryEntry): Promise<boolean> {
    return this.#profiles.save(profile, expected, entry)
  }

  remove(customer: string, expected: string, entry: HistoryEntry): Promise<boolean> {
    return this.#profiles.remove(customer, expected, entry)
  }

  history(customer: string | undefined, limit: number): Promise<HistoryEntry[]> {
    return this.#profiles.history(customer, limit)
  }

  document(name: string): Promise<StoredDocument | undefined> {
    return this.#profiles.document(name)
  }

  saveDocument(name: string, text: string, expected: string | undefined, entry?: HistoryEntry): Promise<boolean> {
    return this.#profiles.saveDocument(name, text, expected, entry)
  }

  async change(change: Change, actor: Actor): Promise<Changed> {
    // Loaded here, so that the bundle of a gateway can leave it out (scripts/bundle.ts).
    const { carryOut } = await import('../changes/carry-out.ts')
    return carryOut(this, change, actor)
  }

  health(): Promise<RegistryHealth> {
    return healthOf(this.#table, this.#name, () => this.ready())
  }

  async ready(): Promise<Readiness> {
    const { pk, sk } = keys.ready
    await this.#table.putAll([{ pk: { S: pk }, sk: { S: sk } }], new Deadline())
    return frozenReadiness((await this.document(frozenDocument))?.text)
  }

  async revive(): Promise<void> {
    // Every request has a timeout of its own, and is sent again on another connection.
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.flush()))
  }

  async #books(owner: Owner): Promise<Books> {
    const [item] = await this.#table.get([keys.books(owner.customer, owner.environment)], new Deadline())
    return new Books(owner, item)
  }

  #lane({ customer, environment }: Owner): Lane {
    const name = `${environment}/${customer}`
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane = new Lane(this.#table, { customer, environment }, this.#now, () => this.#lanes.delete(name))
    this.#lanes.set(name, lane)
    return lane
  }
}
