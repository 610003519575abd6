import type { IncomingMessage, ServerResponse } from 'node:http'
import { Problem } from '../../../../domain/problem.ts'
import type { Connection } from './connection.ts'

const nothing = new Uint8Array(0)

/** Bytes of bodies that this process may hold at the same time. */
export class BodyBudget {
  readonly #max: number
  readonly #byCustomer = new Map<string, number>()
  #held = 0
  #peak = 0

  constructor(maxBytes: number) {
    this.#max = maxBytes
  }

  /** The most that was ever held. */
  get peakBytes(): number {
    return this.#peak
  }

  /**
   * @param customer who proved to send it: one customer may hold half, so that it cannot shut out the others
   * @returns gives the bytes back
   * @throws Problem `overloaded`
   */
  take(bytes: number, customer: string): () => void {
    const theirs = (this.#byCustomer.get(customer) ?? 0) + bytes
    if (this.#held + bytes > this.#max || theirs > this.#max / 2) {
      throw new Problem('overloaded', 'More bodies are on their way than this gateway may hold.', { retryAfterMs: 1000 })
    }
    this.#held += bytes
    this.#peak = Math.max(this.#peak, this.#held)
    this.#byCustomer.set(customer, theirs)
    return () => {
      this.#held -= bytes
      const left = (this.#byCustomer.get(customer) ?? 0) - bytes
      if (left > 0) this.#byCustomer.set(customer, left)
      else this.#byCustomer.delete(customer)
    }
  }
}

export function tooLarge(maxBytes: number): Problem {
  return new Problem('body-too-large', `The body has more than ${maxBytes} bytes.`)
}

/** Bytes that a body may have: what it declares, or the limit where it comes in chunks. 0: there is none. */
export function declaredBytes(request: IncomingMessage, maxBytes: number): number {
  const declared = request.headers['content-length']
  if (declared !== undefined) return Number(declared)
  return request.headers['transfer-encoding'] === undefined ? 0 : maxBytes
}

/** Whether the client waits for "100 Continue" before it sends its body (RFC 9110, section 10.1.1). */
export function awaitsContinue(request: IncomingMessage): boolean {
  return request.headers.expect?.toLowerCase() === '100-continue'
}

function late(): Problem {
  return new Problem('request-timeout', 'The request was not complete in time.')
}

interface Reading {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  readonly maxBytes: number
}

/**
 * Reads a body.
 * @throws Problem `body-too-large` without having kept more than the limit, `request-timeout` where the connection was
 * refused before the body was whole, `client-closed` where the client left
 */
export function readBody({ request, response, connection, maxBytes }: Reading): Promise<Uint8Array> {
  if (declaredBytes(request, maxBytes) === 0) return Promise.resolve(nothing)
  if (awaitsContinue(request)) response.writeContinue()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    // A body that came whole before the refusal counts, whether it was read already or not.
    const stop = connection.onRefused(() => !request.complete && fail(late()))
    const fail = (problem: Problem): void => {
      stop()
      chunks.length = 0
      reject(problem)
    }
    if (connection.refused && !request.complete) return fail(late())
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) fail(tooLarge(maxBytes))
      else chunks.push(chunk)
    })
    request.on('end', () => {
      stop()
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
    })
    request.on('error', () => fail(new Problem('client-closed', 'The client left before its request was whole.')))
  })
}
