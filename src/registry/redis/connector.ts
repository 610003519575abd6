import { createConnection, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { AbstractConnector, type RedisOptions } from 'ioredis'
import { isRecord, recordOf } from '../../domain/record.ts'

/** How long a server may take to close a connection that we give up. */
const disconnectMs = 100

interface Place {
  readonly host?: string
  readonly port?: number
  readonly tls?: ConnectionOptions
}

function isPlace(value: unknown): value is Place {
  if (!isRecord(value)) return false
  const { host, port, tls } = value
  const fits = (field: unknown, type: string): boolean => field === undefined || typeof field === type
  return fits(host, 'string') && fits(port, 'number') && fits(tls, 'object')
}

function infoOf(value: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(recordOf(value)).map(([name, said]) => [name, String(said)]))
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
      if (!isPlace(options)) throw new TypeError('the address of the Redis node is not valid')
      this.#place = options
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
      return accepts(infoOf(info))
    }
  }
}
