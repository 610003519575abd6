import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificate } from '../../aws/authority.ts'

/** Reads a socket in parts of a known length. */
export class Reader {
  readonly #socket: Socket
  #buffered = Buffer.alloc(0)
  #wanted:
    | { readonly bytes: number; readonly resolve: (part: Buffer) => void; readonly reject: (error: Error) => void }
    | undefined
  readonly #onData = (part: Buffer): void => {
    this.#buffered = Buffer.concat([this.#buffered, part])
    this.#give()
  }

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', this.#onData)
    socket.once('close', () => this.#wanted?.reject(new Error('the connection has ended')))
  }

  #give(): void {
    const wanted = this.#wanted
    if (wanted === undefined || this.#buffered.length < wanted.bytes) return
    this.#wanted = undefined
    const part = this.#buffered.subarray(0, wanted.bytes)
    this.#buffered = this.#buffered.subarray(wanted.bytes)
    wanted.resolve(part)
  }

  async bytes(count: number): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    this.#wanted = { bytes: count, resolve, reject }
    this.#give()
    return promise
  }

  /** Stops reading. @returns what was read and not asked for */
  release(): Buffer {
    this.#socket.off('data', this.#onData)
    this.#socket.pause()
    return this.#buffered
  }
}

/** Continues with TLS on a connection that asked for it in its own protocol. */
export function secured(socket: Socket, reader: Reader, { key, cert }: Certificate): TLSSocket {
  const rest = reader.release()
  if (rest.length > 0) socket.unshift(rest)
  const tls = new TLSSocket(socket, { isServer: true, key, cert })
  tls.on('error', () => socket.destroy())
  return tls
}

/** Copies both ways until one side ends. */
export function joined(client: Socket, server: Socket): void {
  client.pipe(server)
  server.pipe(client)
  client.once('close', () => server.destroy())
  server.once('close', () => client.destroy())
}

/** A port of the loopback address in front of a database. */
export interface Door {
  readonly port: number
  close(): Promise<void>
}

/** @param serve handles one connection; one that fails is ended */
export async function openDoor(serve: (client: Socket) => Promise<void>): Promise<Door> {
  const open = new Set<Socket>()
  const server: Server = createServer((client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.once('close', () => open.delete(client))
    serve(client).catch(() => client.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const one of open) one.destroy()
        server.close(() => resolve())
      }),
  }
}
