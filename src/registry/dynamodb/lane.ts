import { randomId } from '../../domain/ids.ts'
import { frozenProblem } from '../frozen.ts'
import { Books, type Owner } from './books.ts'
import { keys } from './items.ts'
import { answerMs, Deadline, type Item, itemsByKey, type Key, keyText, type Table } from './table.ts'

/** Items by their keys. */
export type Found = ReadonlyMap<string, Item>

/** One change of a customer's books. */
export interface Job<T> {
  /** Whether it needs the customer's profile. */
  readonly needsProfile?: boolean
  /** Whether a frozen registry refuses it. */
  isRefused(books: Books, found: Found): boolean
  /** Items that it needs besides the books and the profile. They are read after the books. */
  wants(books: Books): readonly Key[]
  /** What has to be written before the decision. It runs again for each try. */
  prepare?(found: Found, deadline: Deadline): Promise<void>
  /** Decides, and changes the books. It waits for nothing, and if it throws, it has changed nothing. */
  run(books: Books, found: Found): T
}

interface Waiting {
  readonly job: Job<unknown>
  readonly deadline: Deadline
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** How long a change without a waiting caller may wait for another to be written with. */
const laterMs = 500
/** A write that decides on more calls would take too long to decide. */
const jobsAWrite = 200

type Attempt = { readonly waiting: Waiting; readonly answer: () => void }

/**
 * The changes of one customer's books in one environment that this process makes. Changes that are asked for while one is
 * written are written together: that is one write unit for all of them, and they do not race each other. Against other
 * processes each write is conditional on the version that was read; after a lost race everything is read and decided again.
 */
export class Lane {
  readonly #table: Table
  readonly #owner: Owner
  readonly #now: () => number
  readonly #emptied: () => void
  #waiting: Waiting[] = []
  /** Changes without a waiting caller. */
  #later: Job<unknown>[] = []
  #isDue = false
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  /** @param emptied called when nothing is left to do */
  constructor(table: Table, owner: Owner, now: () => number, emptied: () => void) {
    this.#table = table
    this.#owner = owner
    this.#now = now
    this.#emptied = emptied
  }

  /** @throws Problem `registry-unavailable`; what the job throws */
  run<T>(job: Job<T>, deadline = new Deadline()): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ job, deadline, resolve: (value) => resolve(value as T), reject })
      this.#start()
    })
  }

  /** Makes a change with the next one, or shortly. It may be lost. */
  later(job: Job<unknown>): void {
    this.#later.push(job)
    this.#wait()
  }

  /** Makes all changes that wait. */
  async flush(): Promise<void> {
    this.#isDue = this.#later.length > 0
    if (this.#isDue) this.#start()
    await this.#running
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => void this.flush(), laterMs).unref()
  }

  #start(): void {
    this.#running ??= this.#work()
  }

  async #work(): Promise<void> {
    // Calls of the same turn of the event loop are decided together.
    await new Promise<void>((resolve) => setImmediate(resolve))
    for (let lost = 0; this.#waiting.length > 0 || this.#isDue; ) {
      const batch = this.#next()
      try {
        const isDone = await this.#attempt(batch)
        lost = isDone ? 0 : lost + 1
        if (isDone) continue
        this.#waiting.unshift(...batch.filter((one) => !this.#isLate(one)))
        await latest(batch).backOff(lost)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#running = undefined
    if (this.#later.length > 0) this.#wait()
    else this.#emptied()
  }

  #next(): Waiting[] {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const quiet = this.#later.splice(0, jobsAWrite)
    this.#isDue = false
    const done = (): void => undefined
    const deadline = new Deadline(2 * answerMs)
    const later = quiet.map((job) => ({ job, deadline, resolve: done, reject: done }))
    // They only remove something, so they make room for the others.
    return [...later, ...this.#waiting.splice(0, jobsAWrite)]
  }

  #isLate({ deadline, reject }: Waiting): boolean {
    if (deadline.isOver) {
      const what = `Too many gateways decide calls of "${this.#owner.customer}" at the same time. The call was not counted.`
      reject(this.#table.unavailable('contended', what))
    }
    return deadline.isOver
  }

  /** @returns false if another process has written in the meantime: nothing was changed, and no call was answered */
  async #attempt(batch: readonly Waiting[]): Promise<boolean> {
    const deadline = latest(batch)
    const { books, found } = await this.#read(batch, deadline)
    const failures = new Map<Waiting, unknown>()
    await Promise.all(
      batch.map(async (one) => {
        if (one.job.isRefused(books, found)) failures.set(one, frozenProblem())
        else await one.job.prepare?.(found, one.deadline).catch((error: unknown) => failures.set(one, error))
      }),
    )
    const attempts = batch.map((one) => decided(one, books, found, failures))
    if (books.changed && (await this.#write(books, deadline)) === 'lost') return false
    for (const { answer } of attempts) answer()
    return true
  }

  async #read(batch: readonly Waiting[], deadline: Deadline): Promise<{ books: Books; found: Found }> {
    const { customer, environment } = this.#owner
    const booksKey = keys.books(customer, environment)
    const needsProfile = batch.some(({ job }) => job.needsProfile)
    const named = needsProfile ? [booksKey, keys.profile(customer)] : [booksKey]
    const first = itemsByKey(await this.#table.get(named, deadline))
    const books = new Books(this.#owner, first.get(keyText(booksKey)))
    const wanted = new Map(batch.flatMap(({ job }) => job.wants(books)).map((key) => [keyText(key), key]))
    if (wanted.size === 0) return { books, found: first }
    // After the books: what is noted in them is removed only when it is in its own item.
    const more = itemsByKey(await this.#table.get([...wanted.values()], deadline))
    return { books, found: new Map([...first, ...more]) }
  }

  async #write(books: Books, deadline: Deadline) {
    const { customer, environment } = this.#owner
    const key = keys.books(customer, environment)
    const write = randomId(8)
    const seen = books.version
    const item = { pk: { S: key.pk }, sk: { S: key.sk }, ...books.attributes(write, this.#now()) }
    const condition =
      seen === 0
        ? { expression: 'attribute_not_exists(pk)' }
        : { expression: 'version = :seen', values: { ':seen': { N: String(seen) } } }
    const wasWritten = async (): Promise<boolean> => {
      const [stored] = await this.#table.get([key], deadline)
      const was = new Books(this.#owner, stored).wrote(write, seen)
      if (was === undefined) {
        throw this.#table.unavailable('unknown', 'The answer of a write was lost, and whether it was made cannot be found out.')
      }
      return was
    }
    return this.#table.putIf(item, condition, wasWritten, deadline)
  }
}

function latest(batch: readonly Waiting[]): Deadline {
  return batch.reduce((latest, { deadline }) => (deadline.isAfter(latest) ? deadline : latest), new Deadline(0))
}

function decided(waiting: Waiting, books: Books, found: Found, failures: ReadonlyMap<Waiting, unknown>): Attempt {
  const { job, resolve, reject } = waiting
  if (failures.has(waiting)) return { waiting, answer: () => reject(failures.get(waiting)) }
  try {
    const value = job.run(books, found)
    return { waiting, answer: () => resolve(value) }
  } catch (error) {
    return { waiting, answer: () => reject(error) }
  }
}
