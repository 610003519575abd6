import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Admission, type AdmitRequest, openOf, type Repayment, type Reservation } from '../../domain/admission.ts'
import type { Customer } from '../../domain/customer.ts'
import { randomId } from '../../domain/ids.ts'
import type { Environment } from '../../domain/names.ts'
import { hourAt } from '../../domain/usage.ts'
import { type Changed, carryOut } from '../changes/carry-out.ts'
import type { Actor, Change } from '../changes/change.ts'
import { type FreezeLevel, freezeFrom, frozenDocument, frozenProblem, frozenReadiness } from '../frozen.ts'
import type {
  CountedReports,
  HistoryEntry,
  Outcome,
  Profile,
  Readiness,
  Registry,
  RegistryHealth,
  StoredDocument,
} from '../registry.ts'
import { retiredId } from '../retired.ts'
import { customerFrom } from '../stored.ts'
import { admissionsOf } from './admit.ts'
import { booksOf } from './books.ts'
import { countersOf } from './counts.ts'
import { messagesOf } from './messages.ts'
import { asProblem, openFile } from './open.ts'
import { profilesOf } from './profiles.ts'
import { recordsOf } from './records.ts'
import { returnsOf } from './returns.ts'
import { giveBack, type Stores, settle } from './settle.ts'

interface Job {
  /** @param frozen what the registry refuses now */
  readonly run: (frozen: FreezeLevel | undefined) => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** What a job answers in place of its result. It is not thrown, because that would undo the jobs of others. */
const refused = Symbol('refused, because the registry is frozen')

/** Expired records are dropped a few at a time, so that no call ever waits for a large clean-up. */
const sweepEveryMs = 30_000

/**
 * The registry in one SQLite file, shared by any number of processes of one machine.
 *
 * What is asked within one turn of the event loop is done in one write transaction: beginning and committing cost
 * more than an admission does, and the file lock is taken once.
 */
export class SqliteRegistry implements Registry {
  readonly address: string
  readonly #db: DatabaseSync
  readonly #now: () => number
  readonly #stores: Stores
  readonly #admissions: ReturnType<typeof admissionsOf>
  readonly #profiles: ReturnType<typeof profilesOf>
  readonly #path: string
  readonly #readFrozen: StatementSync
  #jobs: Job[] = []
  #sweptAt = 0

  /** @param now the registry's clock, in milliseconds since 1970 */
  constructor(path: string, now: () => number = Date.now) {
    this.address = `sqlite:${path}`
    this.#path = path
    this.#db = openFile(path)
    this.#now = now
    const messages = messagesOf(this.#db)
    this.#stores = {
      messages,
      books: booksOf(this.#db, messages),
      records: recordsOf(this.#db),
      returns: returnsOf(this.#db),
      counters: countersOf(this.#db),
    }
    this.#admissions = admissionsOf(this.#db, this.#stores)
    this.#profiles = profilesOf(this.#db)
    this.#readFrozen = this.#db.prepare('SELECT text FROM documents WHERE name = ?')
  }

  admit(request: AdmitRequest): Promise<Admission> {
    return this.#unlessFrozen('admissions', () => {
      const {
        usage: _usage,
        record: _record,
        open: _open,
        counts: _counts,
        ...admission
      } = this.#admissions.admit(request, this.#now())
      return admission
    })
  }

  settle(reservation: Reservation, outcome: Outcome): Promise<boolean> {
    return this.#unlessFrozen('all', () => settle(this.#stores, reservation, outcome, this.#now()))
  }

  giveBack(repayment: Repayment): Promise<boolean> {
    return this.#unlessFrozen('all', () => giveBack(this.#stores, repayment, this.#now()))
  }

  now(): Promise<number> {
    return this.#read(() => this.#now())
  }

  usage(customer: string, environment: Environment) {
    return this.#read(() => ({ usage: this.#stores.books.usage(customer, environment), now: this.#now() }))
  }

  counts(customer: string, environment: Environment, from: number, until: number) {
    return this.#read(() => this.#stores.counters.between(customer, environment, from, until))
  }

  async fileCounts(): Promise<void> {
    // Each counter has a row of its own from the first on.
  }

  rollCounts(customer: string, environment: Environment, day: { readonly start: number; readonly end: number }): Promise<void> {
    return this.#unlessFrozen('all', () => this.#stores.counters.roll(customer, environment, day))
  }

  reportsCounted(customer: string, environment: Environment) {
    return this.#read(() => this.#stores.counters.reported(customer, environment))
  }

  countReports(customer: string, environment: Environment, { seen, cursor, counts }: CountedReports): Promise<boolean> {
    return this.#unlessFrozen('all', () => {
      const { counters, books } = this.#stores
      if (counters.reported(customer, environment) !== seen) return false
      const { dayEnd } = books.usage(customer, environment)
      counters.add(customer, environment, { hour: hourAt(this.#now(), dayEnd), counts })
      counters.report(customer, environment, cursor)
      return true
    })
  }

  open(customer: string, environment: Environment) {
    return this.#read(() => openOf(this.#stores.books.all(customer, environment), this.#now()))
  }

  credential(customer: string, keyId: string) {
    return this.#read(() => this.#profiles.credential(customer, keyId))
  }

  profile(customer: string) {
    return this.#read(() => this.#profiles.load(customer))
  }

  profiles(after: string | undefined, limit: number) {
    return this.#read(() => this.#profiles.page(after, limit))
  }

  customers(): Promise<Customer[]> {
    return this.#read(() => {
      const rows = this.#db.prepare('SELECT document FROM profiles ORDER BY customer').all()
      return rows.map((row) => customerFrom(String(row.document)))
    })
  }

  async save(profile: Profile, expected: string | undefined, entry: HistoryEntry): Promise<boolean> {
    const { id } = profile.customer
    // Thrown outside of the transaction, which others share.
    const answer = await this.#unlessFrozen('admissions', () => {
      const until = expected === undefined ? this.#profiles.retiredUntil(id, this.#now()) : undefined
      if (until !== undefined) return until
      if (!this.#profiles.save(profile, expected)) return false
      this.#append(entry)
      return true
    })
    if (typeof answer === 'number') throw retiredId(id, answer)
    return answer
  }

  remove(customer: string, expected: string, entry: HistoryEntry): Promise<boolean> {
    return this.#unlessFrozen('admissions', () => {
      if (!this.#profiles.remove(customer, expected, this.#now())) return false
      this.#append(entry)
      return true
    })
  }

  history(customer: string | undefined, limit: number): Promise<HistoryEntry[]> {
    return this.#read(() => {
      const where = customer === undefined ? '' : 'WHERE customer = ?'
      const statement = this.#db.prepare(`SELECT at, customer, who, origin, what FROM history ${where} ORDER BY id DESC LIMIT ?`)
      const rows = customer === undefined ? statement.all(limit) : statement.all(customer, limit)
      return rows.map((row) => ({
        at: Number(row.at),
        who: String(row.who),
        from: String(row.origin),
        customer: String(row.customer),
        what: String(row.what),
      }))
    })
  }

  document(name: string): Promise<StoredDocument | undefined> {
    return this.#read(() => this.#document(name))
  }

  saveDocument(name: string, text: string, expected: string | undefined, entry?: HistoryEntry): Promise<boolean> {
    return this.#unlessFrozen('admissions', () => {
      if (this.#document(name)?.version !== expected) return false
      this.#db.prepare('INSERT OR REPLACE INTO documents (name, version, text) VALUES (?, ?, ?)').run(name, randomId(), text)
      if (entry !== undefined) this.#append(entry)
      return true
    })
  }

  change(change: Change, actor: Actor): Promise<Changed> {
    return carryOut(this, change, actor)
  }

  health(): Promise<RegistryHealth> {
    return this.#read(() => {
      const version = String(this.#db.prepare('SELECT sqlite_version() AS v').get()?.v)
      const verdict = String(this.#db.prepare('PRAGMA quick_check(1)').get()?.quick_check)
      const damaged = { about: 'file', what: `damaged: ${verdict}`, fix: `restore a backup of ${this.#path}` } as const
      return { engine: 'sqlite', version, aspects: verdict === 'ok' ? [] : [damaged] }
    })
  }

  /** Writes and takes back: the file is what it was, and has been written. */
  async ready(): Promise<Readiness> {
    await this.#inTransaction(() => {
      const name = `ready ${randomId()}`
      this.#db.prepare('INSERT INTO documents (name, version, text) VALUES (?, ?, ?)').run(name, name, '')
      this.#db.prepare('DELETE FROM documents WHERE name = ?').run(name)
    })
    return frozenReadiness((await this.document(frozenDocument))?.text)
  }

  async revive(): Promise<void> {
    // A file has no connection that could be gone.
  }

  async close(): Promise<void> {
    this.#flush()
    if (this.#db.isOpen) this.#db.close()
  }

  #document(name: string): StoredDocument | undefined {
    const row = this.#db.prepare('SELECT version, text FROM documents WHERE name = ?').get(name)
    return row === undefined ? undefined : { version: String(row.version), text: String(row.text) }
  }

  #append(entry: HistoryEntry): void {
    const insert = this.#db.prepare('INSERT INTO history (at, customer, who, origin, what) VALUES (?, ?, ?, ?, ?)')
    insert.run(entry.at, entry.customer, entry.who, entry.from, entry.what)
  }

  async #read<T>(read: () => T): Promise<T> {
    try {
      return read()
    } catch (error) {
      throw asProblem(error, this.#path)
    }
  }

  /**
   * @param from the level of a freeze from which on it is refused
   * @throws Problem `registry-frozen`
   */
  async #unlessFrozen<T>(from: FreezeLevel, run: () => T): Promise<T> {
    const result = await this.#inTransaction((frozen) => (frozen === 'all' || frozen === from ? refused : run()))
    if (result === refused) throw frozenProblem()
    return result as T
  }

  #inTransaction<T>(run: (frozen: FreezeLevel | undefined) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#jobs.length === 0) setImmediate(() => this.#flush())
      this.#jobs.push({ run, resolve, reject })
    })
  }

  /** Read in each transaction: another process may have frozen the file. */
  #frozen(): FreezeLevel | undefined {
    const row = this.#readFrozen.get(frozenDocument)
    return row === undefined ? undefined : freezeFrom(String(row.text)).level
  }

  /** Does all that has gathered in one transaction. If any of it throws, none of it happened. */
  #flush(): void {
    const jobs = this.#jobs
    if (jobs.length === 0) return
    this.#jobs = []
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      const frozen = this.#frozen()
      const results = jobs.map((job) => job.run(frozen))
      this.#sweep()
      this.#db.exec('COMMIT')
      jobs.forEach((job, index) => {
        job.resolve(results[index] as never)
      })
    } catch (error) {
      const problem = asProblem(error, this.#path)
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK')
      for (const job of jobs) job.reject(problem)
    }
  }

  #sweep(): void {
    const now = this.#now()
    if (now - this.#sweptAt < sweepEveryMs) return
    this.#sweptAt = now
    this.#admissions.sweep(now)
  }
}
