import { isHandOverCode } from '../../domain/holding.ts'
import { recordOf } from '../../domain/record.ts'
import { refusedText } from './database.ts'
import type { Accepted, Sales, SentLog, Unsent } from './log.ts'
import { pause } from './patience.ts'

/** One call of a customer: messages under one key, identified by their names. */
export interface Order {
  readonly key: string
  readonly refs: readonly string[]
  /** Whether the call has a message with a bad number too, which is rejected in the answer and costs nothing. */
  readonly invalid?: boolean
  /** Names of those that the carrier's table refuses. */
  readonly refused?: ReadonlySet<string>
}

/** A message that is held for a time. Times are in milliseconds since 1970. */
export interface Scheduled {
  readonly ref: string
  readonly sendAt: number
  /** When the worker may hand it over. */
  readonly dueAt: number
  /** The recipient of an advertisement, E.164; absent: it is not an advertisement. */
  readonly adTo?: string
  /** What may end it once it is accepted, and what that waits for; absent: it is sent. */
  readonly end?: { readonly kind: 'cancel' | 'opt-out'; readonly wait: () => Promise<void> }
}

export interface SenderOptions {
  readonly customer: string
  /** Addresses of the gateways; a call that fails is made again at the next. */
  readonly gateways: readonly string[]
  readonly authorization: () => string
  readonly log: SentLog
  readonly signal: AbortSignal
}

export interface Counts {
  calls: number
  /** Calls that were made again, because the one before came to no answer or to a passing one. */
  retried: number
}

/** What a call was answered. */
interface Answer {
  readonly status: number
  readonly code: string
  readonly retryAfterMs: number
  readonly results: readonly Record<string, unknown>[]
}

/** A finished call, and the answer that a replay of it has to get. */
export interface Answered {
  readonly order: Order
  readonly text: string
  /** Whether the registry still has its record. Without it a replay is charged again. */
  recorded: boolean
}

const answerMs = 10_000
/** Longest that a call is made again and again. */
const orderMs = 300_000
const maxPauseMs = 2_000

function retryPause(answer: Answer | undefined, tries: number): number {
  return Math.min(maxPauseMs, Math.max(answer?.retryAfterMs ?? 0, 50 * 2 ** Math.min(tries, 6)))
}

/** A recipient of its own for a message: who opts out of one advertisement gets no other. */
export function recipientOf(ref: string): string {
  return `+8210${20_000_000 + Number(ref.replace(/^\D+/, ''))}`
}

/** A customer's software as docs/customers.md asks for: each call with a key, and made again until it is answered. */
export class Sender {
  readonly #options: SenderOptions
  readonly counts: Counts = { calls: 0, retried: 0 }
  readonly answered: Answered[] = []
  /** Orders that never came to an answer, and what was answered last. */
  readonly unanswered: { readonly key: string; readonly last: string }[] = []
  #next = 0

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Makes a call until it is answered. @returns how many tries that took */
  async send(order: Order): Promise<number> {
    const { log, customer, signal } = this.#options
    const flight = log.begin(customer, order.refs.length)
    let accepted: Map<string, Accepted> = new Map()
    let last = ''
    let tries = 0
    for (const until = Date.now() + orderMs; !signal.aborted && Date.now() < until; ) {
      tries += 1
      if (tries > 1) this.counts.retried += 1
      const answer = await this.#post('/v1.0/messages/batch', order.key, this.#batchOf(order))
      if (answer?.status === 202) {
        accepted = this.#acceptedOf(order, answer.results)
        // What no queue has confirmed is rejected in the answer, and may have been taken all the same.
        const taken = new Set([...accepted.values()].map(({ ref }) => ref))
        for (const ref of order.refs) if (!taken.has(ref)) log.unconfirmed.set(ref, customer)
        this.answered.push({ order, text: JSON.stringify(answer.results), recorded: true })
        break
      }
      last = answer === undefined ? 'no answer' : `${answer.status} ${answer.code}`
      await pause(retryPause(answer, tries), signal)
    }
    if (accepted.size === 0 && !signal.aborted) {
      this.unanswered.push({ key: order.key, last })
      for (const ref of order.refs) log.unconfirmed.set(ref, customer)
    }
    log.end(flight, accepted)
    return tries
  }

  /**
   * Sends a message with a time. Its customer may cancel it, or its recipient opt out of advertising; the worker may hand it over
   * first. Whether it was sent is asked until an answer says so.
   */
  async schedule(scheduled: Scheduled): Promise<void> {
    const { log, customer } = this.#options
    const { ref, sendAt, adTo } = scheduled
    const flight = log.begin(customer, 1)
    const key = `scheduled-${ref}`
    const content = adTo === undefined ? this.#messageOf(ref, false) : this.#adOf(ref, adTo)
    const said = await this.#until(key, async () => {
      const body = { ...content, sendAt: new Date(sendAt).toISOString() }
      const answer = await this.#call('POST', '/v1.0/messages', key, body)
      return { answer, done: answer?.status === 202 }
    })
    if (said === undefined) log.unconfirmed.set(ref, customer)
    const id = said === undefined ? undefined : String(said.results[0]?.id)
    const ids = new Map<string, Accepted>(id === undefined ? [] : [[id, { customer, ref, refused: false }]])
    log.endHeld(flight, ids, id === undefined ? undefined : await this.#endOf(id, key, scheduled))
  }

  async #endOf(id: string, key: string, { dueAt, adTo, end }: Scheduled): Promise<Unsent | undefined> {
    const { log } = this.#options
    await end?.wait()
    if (end?.kind === 'cancel') {
      const ended = await this.#until(key, async () => {
        const answer = await this.#call('DELETE', `/v1.0/messages/${id}`)
        return { answer, done: answer?.status === 200 || answer?.code === 'message-released' }
      })
      if (ended?.status === 200) return 'cancelled'
    }
    if (adTo === undefined) return undefined
    if (end?.kind === 'opt-out') {
      const added = await this.#until(key, async () => {
        const answer = await this.#call('POST', '/v1.0/suppressions', undefined, { numbers: [adTo] })
        return { answer, done: answer?.status === 200 }
      })
      if (added !== undefined && Date.now() < dueAt) log.optedOut.add(id)
    }
    const handedOver = await this.#until(key, async () => {
      const answer = await this.#call('GET', `/v1.0/messages/${id}`)
      return { answer, done: answer?.status === 200 && answer.results[0]?.status !== 'scheduled' }
    })
    return isHandOverCode(handedOver?.code) ? 'turned down' : undefined
  }

  /** Makes a call again until it is done. @returns the last answer; `undefined`: it was never done */
  async #until(
    key: string,
    once: () => Promise<{ readonly answer: Answer | undefined; readonly done: boolean }>,
  ): Promise<Answer | undefined> {
    const { signal } = this.#options
    let last = 'no answer'
    for (let [tries, until] = [1, Date.now() + orderMs]; !signal.aborted && Date.now() < until; tries++) {
      if (tries > 1) this.counts.retried += 1
      const { answer, done } = await once()
      if (done) return answer
      last = answer === undefined ? 'no answer' : `${answer.status} ${answer.code}`
      await pause(retryPause(answer, tries), signal)
    }
    if (!signal.aborted) this.unanswered.push({ key, last })
    return undefined
  }

  /** The registry has lost the records of all calls. */
  forgotten(): void {
    for (const answered of this.answered) answered.recorded = false
    this.#options.log.forgotten(this.#options.customer)
  }

  /**
   * Makes a finished call once more. What is accepted only now counts as accepted.
   * @returns whether it got the same answer, or at least the same ids; `undefined` where it got none
   */
  async replay(answered: Answered): Promise<'same' | 'same ids' | 'other' | undefined> {
    const { order, text } = answered
    const { log, customer } = this.#options
    if (!answered.recorded) log.unitsOf(customer).again += order.refs.length
    answered.recorded = true
    const flight = log.begin(customer, order.refs.length)
    flight.unsure = true
    const answer = await this.#post('/v1.0/messages/batch', order.key, this.#batchOf(order))
    const accepted = answer?.status === 202 ? this.#acceptedOf(order, answer.results) : new Map<string, Accepted>()
    log.end(flight, accepted)
    if (answer?.status !== 202) return undefined
    if (JSON.stringify(answer.results) === text) return 'same'
    const before: { id?: string; status: string }[] = JSON.parse(text)
    return before.every(({ id, status }) => status !== 'accepted' || accepted.has(id ?? '')) ? 'same ids' : 'other'
  }

  /**
   * Sends one message in one try, as a customer does that knows no better.
   * @param key absent: without an Idempotency-Key
   */
  async once(ref: string, key?: string, sales?: Sales): Promise<void> {
    const { log, customer } = this.#options
    const flight = log.begin(customer, 1)
    const sold = sales?.begin()
    const answer = await this.#post('/v1.0/messages', key, this.#messageOf(ref, false))
    const ids = new Map<string, Accepted>()
    if (answer?.status === 202) {
      const [result] = answer.results
      ids.set(String(result?.id), { customer, ref, refused: false })
    } else if (answer !== undefined && answer.status < 500) log.refused.set(ref, customer)
    else log.unconfirmed.set(ref, customer)
    sold?.(ids.size)
    log.end(flight, ids)
  }

  #messageOf(ref: string, refused: boolean): object {
    return { to: '010-1234-5678', from: '1588-1234', text: `${refused ? refusedText : 'proof'} ${ref}`, ref }
  }

  #adOf(ref: string, to: string): object {
    return { ...this.#messageOf(ref, false), to, purpose: 'ad', text: `(광고)가나다몰 ${ref}\n무료수신거부 080-123-4567` }
  }

  #batchOf({ refs, invalid, refused }: Order): object {
    const messages = refs.map((ref) => this.#messageOf(ref, refused?.has(ref) === true))
    return { messages: invalid === true ? [...messages, { ...this.#messageOf('invalid', false), to: 'invalid' }] : messages }
  }

  #acceptedOf({ refused }: Order, results: Answer['results']): Map<string, Accepted> {
    const { customer } = this.#options
    const taken = results.filter(({ status }) => status === 'accepted')
    return new Map(
      taken.map(({ id, ref }) => [String(id), { customer, ref: String(ref), refused: refused?.has(String(ref)) === true }]),
    )
  }

  #post(path: string, key: string | undefined, body: object): Promise<Answer | undefined> {
    return this.#call('POST', path, key, body)
  }

  async #call(method: 'GET' | 'POST' | 'DELETE', path: string, key?: string, body?: object): Promise<Answer | undefined> {
    const { gateways, authorization, signal } = this.#options
    this.counts.calls += 1
    try {
      const response = await fetch(`${gateways[this.#next++ % gateways.length]}${path}`, {
        method,
        headers: {
          authorization: authorization(),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
      })
      const said = recordOf(await response.json())
      return {
        status: response.status,
        code: String(said.code ?? ''),
        retryAfterMs: Number(response.headers.get('retry-after') ?? 0) * 1000,
        results: Array.isArray(said.results) ? said.results.map(recordOf) : [said],
      }
    } catch {
      return undefined
    }
  }
}
