import { createConnection, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { AbstractConnector, type RedisOptions } from 'ioredis'

/** How long a server may take to close a connection that we give up. */
const disconnectMs = 100

interface Place {
  readonly host?: string
  readonly port?: number
  readonly tls?: ConnectionOptions
}

/**
 * What ioredis opens its sockets with, and one question more: a server that `accepts` refuses by what it says of itself
 * (`INFO`) never becomes ready, and ioredis tries again later, by name. ioredis does the same behind Sentinels only.
 */
export function connectorFor(accepts: (info: ReadonlyMap<string, string>) => boolean): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #place: Place

    constructor(options: unknown) {
      super(disconnectMs)
      this.#place = Object(options)
    }

    connect(): Promise<Socket> {
      const { host, port = 6379, tls } = this.#place
      const place = { port, ...(host !== undefined && { host }) }
      this.connecting = true
      return new Promise((resolve, reject) => {
        process.nextTick(() => {
          if (!this.connecting) return reject(new Error('Connection is closed.'))
          this.stream = tls === undefined ? createConnection(place) : connectTls({ ...place, ...tls })
          this.stream.once('error', (error) => {
            this.firstError = error
          })
          resolve(this.stream)
        })
      })
    }

    override check(info: unknown): boolean {
      return accepts(new Map(Object.entries(Object(info))))
    }
  }
}
