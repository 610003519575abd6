import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpResponse } from '../http.ts'
import type { ServeLimits } from './limits.ts'

/** Sockets that were refused and whose bytes are still read, to be ended when the process stops. */
export type Lingering = Set<Socket>

const known = new WeakMap<Socket, Connection>()

/**
 * One connection and its answers that have not gone out yet. Once it is refused nothing that comes on it becomes a call
 * any more: a client that reads a 408 or 413 takes its call for not carried out, and may send it again.
 */
export class Connection {
  readonly #socket: Socket
  readonly #limits: ServeLimits
  readonly #lingering: Lingering
  readonly #answers = new Set<ServerResponse>()
  readonly #whenRefused = new Set<() => void>()
  #refused = false

  private constructor(socket: Socket, limits: ServeLimits, lingering: Lingering) {
    this.#socket = socket
    this.#limits = limits
    this.#lingering = lingering
  }

  static of(socket: Socket, limits: ServeLimits, lingering: Lingering): Connection {
    let connection = known.get(socket)
    if (connection === undefined) {
      connection = new Connection(socket, limits, lingering)
      known.set(socket, connection)
    }
    return connection
  }

  get refused(): boolean {
    return this.#refused
  }

  /** How many requests wait for their answers. */
  get waiting(): number {
    return this.#answers.size
  }

  /** Notes that a request waits for its answer. */
  expect(response: ServerResponse): void {
    this.#answers.add(response)
    response.once('close', () => this.#answers.delete(response))
  }

  /** Calls back when the connection is refused. @returns takes the call-back away again */
  onRefused(callback: () => void): () => void {
    this.#whenRefused.add(callback)
    return () => this.#whenRefused.delete(callback)
  }

  /**
   * Refuses whatever has not come whole: takes the bytes away from the HTTP parser at once, lets the calls that came whole
   * be answered, then answers and closes.
   */
  refuse(answer: HttpResponse): void {
    if (this.#refused) return
    this.#refused = true
    const socket = this.#socket
    // A listener for data takes the bytes back from the HTTP parser (node:http does so for protocol upgrades), and the
    // parser's own listener goes: from here on nothing is parsed.
    socket.removeAllListeners('data')
    socket.on('data', () => undefined)
    socket.pause()
    for (const callback of [...this.#whenRefused]) callback()
    this.#whenRefused.clear()
    const before = [...this.#answers].findLast((response) => response.req.complete)
    if (before === undefined) this.#answer(answer)
    else before.once('close', () => this.#answer(answer))
  }

  #answer(answer: HttpResponse): void {
    if (!this.#socket.writable) return void this.#socket.destroy()
    this.#socket.end(rawBytes(answer))
    this.#linger()
  }

  /**
   * Keeps reading for a while and discards what arrives. To close while bytes arrive makes the kernel send a reset, and a
   * client that gets one throws away the answer that it has not read yet (RFC 9112, section 9.6).
   */
  #linger(): void {
    const socket = this.#socket
    let left = this.#limits.lingerBytes
    const end = (): void => void socket.destroy()
    const timer = setTimeout(end, this.#limits.lingerMs)
    this.#lingering.add(socket)
    socket.on('data', (bytes: Buffer) => {
      left -= bytes.length
      if (left < 0) end()
    })
    socket.once('end', end)
    socket.once('error', end)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#lingering.delete(socket)
    })
    socket.resume()
  }
}

function rawBytes({ status, headers, body }: HttpResponse): string {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' })
  return `HTTP/1.1 ${status} ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
