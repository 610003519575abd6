import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { Problem } from '../../domain/problem.ts'
import { admitLua } from './admit.lua.ts'
import { saveDocumentLua, saveLua } from './save.lua.ts'
import { settleLua } from './settle.lua.ts'

/** The commands of ours that ioredis adds to a connection; it sends EVALSHA, and EVAL when Redis forgot the script. */
interface Scripts {
  apigwAdmit(keys: number, ...keysAndArgs: (string | number)[]): Promise<unknown>
  apigwSettle(keys: number, ...keysAndArgs: (string | number)[]): Promise<unknown>
  apigwSaveDocument(document: string, history: string, ...args: (string | number)[]): Promise<unknown>
  apigwSave(profile: string, history: string, ...args: (string | number)[]): Promise<unknown>
}

export type Connection = (Redis | Cluster) & Scripts

/** Together below the second within which a caller is promised an answer. */
export const answerMs = 700

/**
 * A command is sent once and never again: one that was cut off may have taken units, and asking twice could take them
 * twice. There is no queue for later either: while Redis is away every call fails at once, and the gateway says 503.
 */
const options = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: answerMs,
  retryStrategy: (attempt: number) => Math.min(50 * attempt, 1000),
} satisfies RedisOptions

function open(url: URL, password: string | undefined): Redis | Cluster {
  const cluster = url.searchParams.get('cluster') === 'true'
  const username = decodeURIComponent(url.username)
  const secret = password ?? decodeURIComponent(url.password)
  const access: RedisOptions = {
    ...options,
    ...(username !== '' && { username }),
    ...(secret !== '' && { password: secret }),
    ...(url.protocol === 'rediss:' && { tls: { servername: url.hostname } }),
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 6379 : Number(url.port)
  if (!cluster) return new Redis({ ...access, host, port, db: Number(url.pathname.slice(1) || 0) })
  return new Cluster([{ host, port }], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: options.retryStrategy,
    // Or a command that was cut off is sent again after all.
    retryDelayOnFailover: 0,
    redisOptions: { ...access, commandTimeout: answerMs },
    // ElastiCache's certificate is for the name, not for the address that the name resolves to.
    dnsLookup: (address, callback) => callback(null, address),
  })
}

function withScripts(client: Redis | Cluster): Connection {
  client.defineCommand('apigwAdmit', { lua: admitLua })
  client.defineCommand('apigwSettle', { lua: settleLua })
  client.defineCommand('apigwSaveDocument', { numberOfKeys: 2, lua: saveDocumentLua })
  client.defineCommand('apigwSave', { numberOfKeys: 2, lua: saveLua })
  return client as Connection
}

/** What a person can act on, from whatever the client threw. */
export function unavailable(error: unknown, address: string): Problem {
  // That message speaks of an option of the client; what happened is that the connection broke or was overdue.
  const broken = error instanceof Error && error.name === 'MaxRetriesPerRequestError'
  const reason = error instanceof Error && error.message !== '' && !broken ? error.message : 'no answer in time'
  return new Problem('registry-unavailable', `${address} does not answer: ${reason.replace(/\.$/, '')}.`, {
    next: 'apigw doctor',
    retryAfterMs: 1000,
    cause: error,
  })
}

/**
 * Connects, or says within a second that it cannot. Afterwards the client reconnects by itself.
 * @param keepTrying a gateway starts before its Redis does; a command does not wait for one
 */
export async function connect(url: URL, password: string | undefined, address: string, keepTrying: boolean): Promise<Connection> {
  const client = withScripts(open(url, password))
  let last: Error | undefined
  client.on('error', (error: Error) => {
    last = error
  })
  try {
    await within(answerMs, client.connect())
  } catch (error) {
    if (keepTrying) return client
    client.disconnect()
    throw unavailable(last ?? error, address)
  }
  return client
}

/** A cluster whose nodes never agree keeps on trying, and `connect` would wait as long. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no connection in time')), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
