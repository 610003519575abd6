import type { ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { randomId } from '../../../../domain/ids.ts'
import { Problem } from '../../../../domain/problem.ts'
import { type HttpResponse, problemResponse } from '../http.ts'

const retryAfterMs = 1000
/**
 * Refusals a second that are answered at once. To read a call and to refuse it costs about half of serving it, so with
 * enough of them the processor would do nothing else.
 */
const answersPerSecond = 1000
const burst = 100
/** Maximum time for which an answer is held back. */
const maxHoldMs = 2_000
const tickMs = 20
const reportMs = 1000

interface Held {
  readonly response: ServerResponse
  readonly since: number
  readonly answer: () => void
}

/**
 * Refuses calls for load, as cheaply as it can be done: nothing of them is read, proved or logged. Beyond a rate the answers
 * are held back for a moment: a connection that waits for its answer sends no further call, so the processor is free for the
 * calls that were accepted.
 */
export class Shedding {
  readonly #report: ((count: number) => void) | undefined
  readonly #held = new Set<Held>()
  #count = 0
  #allowed = burst
  #filledAt = performance.now()
  #timer: NodeJS.Timeout | undefined

  constructor(report: ((count: number) => void) | undefined) {
    this.#report = report
  }

  /** Refuses a call now or a little later. @param write writes the answer */
  refuse(response: ServerResponse, write: (answer: HttpResponse) => void): void {
    const now = performance.now()
    this.#fill(now)
    const answer = () => write(this.answer())
    if (this.#allowed >= 1 && this.#held.size === 0) {
      this.#allowed -= 1
      answer()
      return
    }
    const held: Held = { response, since: now, answer }
    this.#held.add(held)
    response.once('close', () => this.#held.delete(held))
    this.#timer ??= setInterval(() => this.#release(), tickMs)
  }

  answer(): HttpResponse {
    if (this.#count === 0) {
      setTimeout(() => {
        this.#report?.(this.#count)
        this.#count = 0
      }, reportMs).unref()
    }
    this.#count += 1
    const problem = new Problem('overloaded', 'This gateway has more calls than it can serve. Nothing was taken for this one.', {
      retryAfterMs,
    })
    return problemResponse(problem, randomId())
  }

  #fill(now: number): void {
    this.#allowed = Math.min(burst, this.#allowed + ((now - this.#filledAt) * answersPerSecond) / 1000)
    this.#filledAt = now
  }

  #release(): void {
    const now = performance.now()
    this.#fill(now)
    for (const held of this.#held) {
      if (this.#allowed < 1 && now - held.since < maxHoldMs) break
      this.#allowed = Math.max(0, this.#allowed - 1)
      this.#held.delete(held)
      held.answer()
    }
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

interface ConnectionLimits {
  readonly max: number
  readonly maxPerAddress: number
  readonly refuse: (socket: Socket) => void
}

/** Bounds how many connections are open, in all and of one address. */
export function limitConnections(server: Server, { max, maxPerAddress, refuse }: ConnectionLimits): void {
  const byAddress = new Map<string, number>()
  let open = 0
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const theirs = (byAddress.get(address) ?? 0) + 1
    open += 1
    byAddress.set(address, theirs)
    socket.once('close', () => {
      open -= 1
      const left = (byAddress.get(address) ?? 1) - 1
      if (left > 0) byAddress.set(address, left)
      else byAddress.delete(address)
    })
    if (open > 2 * max) socket.destroy()
    else if (open > max || theirs > maxPerAddress) refuse(socket)
  })
}
