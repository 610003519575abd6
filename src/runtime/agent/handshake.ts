import type { GatewayClient } from '../../client/index.ts'
import type { ObserveAgent } from './events.ts'
import { type Monotonic, monotonic } from './pauses.ts'

/** Until the gateway is asked again whether it was updated. */
const tooOldMs = 60_000
const noAnswerMs = 5_000

/** What is wrong with a gateway that refuses `messages[].key`. */
export const gatewayTooOld =
  'the gateway is too old: it does not know the field "key" of messages, which keeps a row from being sent twice'

export interface HandshakeParts {
  readonly gateway: GatewayClient
  readonly observe: ObserveAgent
  readonly now?: Monotonic
}

/**
 * Before the first row is claimed: whether the gateway takes the keys of the messages. One that does not would refuse each message,
 * and rows would end as failed for it.
 */
export class Handshake {
  readonly #parts: HandshakeParts
  #isDone = false
  #asking: Promise<void> | undefined
  #nextAt = Number.NEGATIVE_INFINITY

  constructor(parts: HandshakeParts) {
    this.#parts = parts
  }

  /** Whether rows may be sent. It asks the gateway until that is known, one call at a time for all tables. */
  async passes(signal: AbortSignal): Promise<boolean> {
    const { now = monotonic } = this.#parts
    if (this.#isDone) return true
    if (now() < this.#nextAt) return false
    this.#asking ??= this.#ask(signal, now).finally(() => {
      this.#asking = undefined
    })
    await this.#asking
    return this.#isDone
  }

  async #ask(signal: AbortSignal, now: Monotonic): Promise<void> {
    const { gateway, observe } = this.#parts
    const answer = await gateway.keySupport(signal)
    if (signal.aborted) return
    if (answer.kind === 'unclear') {
      this.#nextAt = now() + noAnswerMs
      observe({ kind: 'unavailable', what: 'gateway', why: answer.why, retryMs: noAnswerMs })
    } else if (answer.keys === false) {
      this.#nextAt = now() + tooOldMs
      observe({ kind: 'unavailable', what: 'gateway', why: gatewayTooOld, retryMs: tooOldMs })
    } else {
      this.#isDone = true
    }
  }
}
