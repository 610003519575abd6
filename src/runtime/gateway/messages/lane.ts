import type { Environment } from '../../../domain/names.ts'
import { batchBytes, batchEntries, type Queue } from '../../ports/index.ts'

interface Owner {
  readonly customer: string
  readonly environment: Environment
}

/** The messages of one call, on their way. */
interface Load {
  readonly results: (true | Error)[]
  left: number
  readonly resolve: (results: readonly (true | Error)[]) => void
}

/** One SQS message that is being filled. */
interface Envelope {
  /** Whose it is. */
  readonly owner: string
  readonly head: string
  readonly texts: string[]
  /** For each text, whose it is and which of theirs. */
  readonly slots: { readonly load: Load; readonly index: number }[]
  bytes: number
}

export interface LaneLimits {
  /** Longest that messages wait for company while other requests for their queue are under way, in milliseconds. */
  readonly lingerMs: number
  /** Requests for one queue at the same time. */
  readonly inFlight: number
}

/** SQS bills each 64 KB as a request; the rest is for what a body grows by in transport. */
const envelopeBytes = 60 * 1024
/** What the worker's schema takes. */
const envelopeMessages = 500
const tail = ']}'
/** Holds a message's place until it is known what became of it. Made once: its stack is a tenth of what a call costs. */
const notSent = new Error('not sent')

/** All that waits for one queue, and the requests that carry it there. */
export class Lane {
  readonly #queue: Pick<Queue, 'sendBatch'>
  readonly #name: string
  readonly #limits: LaneLimits
  /** Sealed or not, in the order in which they were begun. */
  #waiting: Envelope[] = []
  /** The envelope of each owner that still has room. */
  readonly #open = new Map<string, Envelope>()
  #inFlight = 0
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined

  constructor(queue: Pick<Queue, 'sendBatch'>, name: string, limits: LaneLimits) {
    this.#queue = queue
    this.#name = name
    this.#limits = limits
  }

  /** Takes messages, as JSON texts, and resolves when it is known what became of each. */
  add(owner: Owner, texts: readonly string[]): Promise<readonly (true | Error)[]> {
    return new Promise((resolve) => {
      const load: Load = { results: texts.map(() => notSent), left: texts.length, resolve }
      for (const [index, text] of texts.entries()) this.#put(owner, text, load, index)
      this.#schedule()
    })
  }

  #put(owner: Owner, text: string, load: Load, index: number): void {
    const bytes = Buffer.byteLength(text) + 1
    const key = `${owner.environment}/${owner.customer}`
    let envelope = this.#open.get(key)
    if (envelope === undefined || envelope.bytes + bytes > envelopeBytes || envelope.texts.length === envelopeMessages) {
      const head = JSON.stringify({ v: 1, ...owner, route: this.#name, messages: [] }).slice(0, -tail.length)
      envelope = { owner: key, head, texts: [], slots: [], bytes: Buffer.byteLength(head) + tail.length }
      this.#open.set(key, envelope)
      this.#waiting.push(envelope)
    }
    envelope.texts.push(text)
    envelope.slots.push({ load, index })
    envelope.bytes += bytes
  }

  /** At once where nothing is under way; otherwise when a request is full, its time is up or another has ended. */
  #schedule(): void {
    if (this.#inFlight === 0) {
      if (this.#timer !== undefined) this.#clear()
      this.#timer = setImmediate(() => this.#drain())
    } else if (this.#waiting.length > batchEntries) {
      this.#send()
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#drain(), this.#limits.lingerMs)
    }
  }

  #clear(): void {
    clearTimeout(this.#timer as NodeJS.Timeout)
    clearImmediate(this.#timer as NodeJS.Immediate)
    this.#timer = undefined
  }

  #drain(): void {
    this.#clear()
    while (this.#waiting.length > 0 && this.#inFlight < this.#limits.inFlight) this.#send()
  }

  /** Sends as many envelopes as one request holds. */
  #send(): void {
    if (this.#inFlight >= this.#limits.inFlight) return
    const batch: Envelope[] = []
    let bytes = 0
    for (const envelope of this.#waiting) {
      if (batch.length === batchEntries || (batch.length > 0 && bytes + envelope.bytes > batchBytes)) break
      batch.push(envelope)
      bytes += envelope.bytes
    }
    if (batch.length === 0) return
    this.#waiting = this.#waiting.slice(batch.length)
    // By name, not by looking through all: there may be an open envelope for each of very many customers.
    for (const envelope of batch) if (this.#open.get(envelope.owner) === envelope) this.#open.delete(envelope.owner)
    this.#inFlight += 1
    void this.#request(batch).finally(() => {
      this.#inFlight -= 1
      if (this.#waiting.length > 0) this.#drain()
    })
  }

  async #request(batch: readonly Envelope[]): Promise<void> {
    let results: readonly (true | Error)[]
    try {
      results = await this.#queue.sendBatch(
        this.#name,
        batch.map(({ head, texts }) => head + texts.join(',') + tail),
      )
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      results = batch.map(() => error)
    }
    for (const [at, envelope] of batch.entries()) {
      const result = results[at] ?? new Error('the queue said nothing of it')
      for (const { load, index } of envelope.slots) {
        load.results[index] = result
        load.left -= 1
        if (load.left === 0) load.resolve(load.results)
      }
    }
  }
}
