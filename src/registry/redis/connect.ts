import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { RedisAddress } from './address.ts'
import { admitLua } from './admit.lua.ts'
import { answerMs, CalmCluster, connectPrimaries } from './cluster.ts'
import { connectorFor } from './connector.ts'
import { countReportsLua, fileCountsLua, rollCountsLua } from './counts.ts'
import { faultOf } from './fault.ts'
import { giveBackLua } from './give-back.lua.ts'
import { saveDocumentLua, saveLua, savePolicyLua } from './save.lua.ts'
import { settleLua } from './settle.lua.ts'
import { State } from './state.ts'
import { within } from './within.ts'

/** The apigw scripts that ioredis adds as commands to a connection; it sends EVALSHA, and EVAL when Redis forgot the script. */
interface Scripts {
  apigwAdmit(keys: number, ...keysAndArgs: (string | number)[]): Promise<unknown>
  apigwSettle(keys: number, ...keysAndArgs: (string | number)[]): Promise<unknown>
  apigwGiveBack(keys: number, ...keysAndArgs: (string | number)[]): Promise<unknown>
  apigwRollCounts(keys: number, ...args: (string | number)[]): Promise<unknown>
  apigwFileCounts(counts: string, filed: string, usage: string, ...args: (string | number)[]): Promise<unknown>
  apigwCountReports(counts: string, usage: string, ...args: (string | number)[]): Promise<unknown>
  apigwSaveDocument(document: string, history: string, frozen: string, ...args: (string | number)[]): Promise<unknown>
  apigwSavePolicy(profile: string, version: string, policy: string): Promise<unknown>
  apigwSave(profile: string, history: string, retired: string, ...args: (string | number)[]): Promise<unknown>
}

export type Connection = (Redis | Cluster) & Scripts

/**
 * A command is sent once and never again: one that was cut off may have taken units, and asking twice could take them
 * twice. Commands are not queued either: while Redis is away every call fails at once, and the gateway says 503.
 */
const options = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: answerMs,
  maxLoadingRetryTime: 1_000,
  retryStrategy: (attempt: number) => Math.min(50 * attempt, 1000),
} satisfies RedisOptions

/** A command has no caller who was promised an answer: it waits for a busy machine, or for the third node of a list. */
const commandMs = 3 * answerMs

function open(
  { nodes, tls, username, ...address }: RedisAddress,
  password: string,
  state: State,
  openMs: number,
): Redis | Cluster {
  const access: RedisOptions = {
    ...options,
    reconnectOnError: (error) => state.breaks(error),
    Connector: connectorFor((info) => state.accepts(info)),
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(tls && { tls: { servername: nodes[0].host } }),
  }
  if (!address.cluster) return new Redis({ ...access, ...nodes[0], db: address.database })
  return new CalmCluster([...nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    // It asks one node by chance whether the cluster is well; that may be the one that is not.
    enableReadyCheck: false,
    clusterRetryStrategy: options.retryStrategy,
    // Or a command that was cut off is sent again after all. The other two are tried again by CalmCluster, and for less long.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // Then another node is asked.
    slotsRefreshTimeout: nodes.length > 1 ? answerMs : openMs,
    redisOptions: { ...access, commandTimeout: answerMs },
    // ElastiCache's certificate is for the name, not for the address that the name resolves to.
    dnsLookup: (address, callback) => callback(null, address),
  })
}

const states = new WeakMap<object, State>()

/** What is known of the servers behind a connection. */
export function stateOf(connection: object): State {
  return states.get(connection) ?? new State(false, false)
}

/** ioredis waits without a word for a server that loads its data after a restart. */
async function noteLoading(redis: Redis, state: State): Promise<void> {
  const text = await redis.info('persistence').catch(() => '')
  const loading = faultOf('LOADING')
  if (/^loading:1/m.test(text) && loading !== undefined) state.note(loading)
}

/** Keeps note of why a connection cannot be used, for as long as it cannot. */
function watch(client: Redis | Cluster, state: State): void {
  states.set(client, state)
  client.on('error', (error: Error) => state.noteError(error))
  client.on('node error', (error: Error, place: string) => state.noteError(error, `${place}: `))
  if (client instanceof Redis) client.on('connect', () => void noteLoading(client, state))
  client.on('ready', () => {
    state.forget()
    if (client instanceof Cluster) void connectPrimaries(client)
  })
}

function withScripts(client: Redis | Cluster): Connection {
  client.defineCommand('apigwAdmit', { lua: admitLua })
  client.defineCommand('apigwSettle', { lua: settleLua })
  client.defineCommand('apigwGiveBack', { lua: giveBackLua })
  client.defineCommand('apigwFileCounts', { numberOfKeys: 3, lua: fileCountsLua })
  client.defineCommand('apigwRollCounts', { lua: rollCountsLua })
  client.defineCommand('apigwCountReports', { numberOfKeys: 2, lua: countReportsLua })
  client.defineCommand('apigwSaveDocument', { numberOfKeys: 3, lua: saveDocumentLua })
  client.defineCommand('apigwSavePolicy', { numberOfKeys: 1, lua: savePolicyLua })
  client.defineCommand('apigwSave', { numberOfKeys: 3, lua: saveLua })
  return client as Connection
}

/** What a person can act on, from whatever the client threw. */
export function unavailable(error: unknown, address: string, connection: object): Problem {
  const { reason, what } = stateOf(connection).why(error)
  const cannot = reason === 'unreachable' ? 'does not answer' : 'cannot be used'
  return new Problem('registry-unavailable', `${address} ${cannot}: ${what.replace(/\.$/, '')}.`, {
    next: apigw('doctor'),
    retryAfterMs: 1000,
    extensions: { reason },
    cause: error,
  })
}

export interface ConnectOptions {
  /** Where the address has none. */
  readonly password?: string | undefined
  /**
   * For gateways: one starts before its Redis does; a command does not wait for it. A gateway does not start either, and
   * does not serve, where quotas may be removed from memory.
   */
  readonly keepTrying: boolean
}

/**
 * Connects, or says that it cannot: a gateway within a second, a command within three. Afterwards the client reconnects by itself.
 * @param safe the address without a password, for errors
 * @throws Problem `registry-unavailable`
 */
export async function connect(
  address: RedisAddress,
  safe: string,
  { password, keepTrying }: ConnectOptions,
): Promise<Connection> {
  const state = new State(address.cluster, keepTrying)
  const openMs = keepTrying ? answerMs : commandMs
  const client = withScripts(open(address, password ?? address.password, state, openMs))
  watch(client, state)
  try {
    await within(openMs, client.connect())
    // One that is away is for its own customers to wait for.
    if (client instanceof Cluster) await within(answerMs, connectPrimaries(client)).catch(() => undefined)
    // A cluster is there as soon as its slots are known, whatever its nodes are like.
    if (state.noted?.reason === 'evicts-quotas') throw new Error('Connection is closed.')
  } catch (error) {
    if (keepTrying && state.noted?.reason !== 'evicts-quotas') return client
    client.disconnect()
    throw unavailable(error, safe, client)
  }
  return client
}
