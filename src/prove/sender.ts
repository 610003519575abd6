import { setTimeout as sleep } from 'node:timers/promises'

/** One call of a customer: some messages under one key, told apart by their names. */
export interface Order {
  readonly key: string
  readonly refs: readonly string[]
}

export interface SenderOptions {
  /** Addresses of the gateways; a call that fails is made again at the next. */
  readonly gateways: readonly string[]
  readonly authorization: () => string
  readonly signal: AbortSignal
}

export interface Counts {
  calls: number
  /** Calls that were made again, because the one before came to no answer or to a passing one. */
  retried: number
}

const answerMs = 10_000

/** A customer's software as docs/customers.md asks for: each call with a key, and made again until it is answered. */
export class Sender {
  readonly #options: SenderOptions
  readonly counts: Counts = { calls: 0, retried: 0 }

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** @returns the names of the messages that were accepted */
  async send(order: Order): Promise<string[]> {
    const { gateways, signal } = this.#options
    for (let round = 0; !signal.aborted; round++) {
      this.counts.calls += 1
      if (round > 0) this.counts.retried += 1
      const gateway = gateways[(round + order.key.length) % gateways.length] ?? ''
      const accepted = await this.#try(gateway, order)
      if (accepted !== undefined) return accepted
      await sleep(Math.min(1_000, 50 * 2 ** round))
    }
    return []
  }

  /** Makes a call one single time. @returns `undefined` where it came to nothing, or nobody knows */
  once(order: Order): Promise<string[] | undefined> {
    this.counts.calls += 1
    return this.#try(this.#options.gateways[this.counts.calls % this.#options.gateways.length] ?? '', order)
  }

  /** @returns `undefined` where the same call has to be made again */
  async #try(gateway: string, { key, refs }: Order): Promise<string[] | undefined> {
    const messages = refs.map((ref) => ({ to: '010-1234-5678', from: '1588-1234', text: `proof ${ref}`, ref }))
    try {
      const response = await fetch(`${gateway}/v1.0/messages/batch`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': key,
          authorization: this.#options.authorization(),
        },
        body: JSON.stringify({ messages }),
        signal: AbortSignal.timeout(answerMs),
      })
      const { results }: { results?: { ref?: unknown; status?: unknown }[] } = Object(await response.json())
      if (response.status !== 202 || results === undefined) return undefined
      return results.filter(({ status }) => status === 'accepted').map(({ ref }) => String(ref))
    } catch {
      return undefined
    }
  }
}
