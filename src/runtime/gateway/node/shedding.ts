import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import { randomId } from '../../../domain/ids.ts'
import { Problem } from '../../../domain/problem.ts'
import { type HttpResponse, problemResponse } from '../http.ts'

const retryAfterMs = 1000
/** For so long a connection that was refused is not read. A client that honours Retry-After does not notice. */
const pauseMs = 250
const tellMs = 1000

/** Refuses for load, as cheaply as it can be done: nothing of the call is read, proved or logged. */
export class Shedding {
  readonly #tell: ((count: number) => void) | undefined
  #count = 0

  constructor(tell: ((count: number) => void) | undefined) {
    this.#tell = tell
  }

  answer(): HttpResponse {
    if (this.#count === 0) {
      setTimeout(() => {
        this.#tell?.(this.#count)
        this.#count = 0
      }, tellMs).unref()
    }
    this.#count += 1
    const problem = new Problem('overloaded', 'This gateway has more calls than it can serve. Nothing was taken for this one.', {
      retryAfterMs,
    })
    return problemResponse(problem, randomId())
  }

  /**
   * Lets the connection wait: a client that calls again at once would otherwise have the processor refuse calls instead of
   * serving others.
   */
  pause({ complete, socket }: IncomingMessage): void {
    if (!complete) return
    socket.pause()
    setTimeout(() => socket.resume(), pauseMs).unref()
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
