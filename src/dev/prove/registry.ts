import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { recordOf } from '../../domain/record.ts'
import { openRegistry, type Registry } from '../../registry/index.ts'
import { AwsClient, Table } from '../../runtime/ports/index.ts'
import { startDynamodb } from '../local/index.ts'
import type { Victim } from '../servers/index.ts'
import { askRedis, durable, findProgram, programs, RedisCluster, redisServer } from '../servers/index.ts'
import { type FaultyHttp, startFaultyHttp } from './faulty-http.ts'

export const registries = ['redis', 'cluster', 'sqlite', 'dynamodb'] as const
export type RegistryKind = (typeof registries)[number]

/** The registry of a proof. */
export interface RegistryStore {
  readonly kind: RegistryKind
  readonly engine: string
  /** For the harness: it passes no fault. */
  readonly address: string
  /** For gateways, where it is another one. */
  readonly faulty?: { readonly address: string; readonly http: FaultyHttp }
  /** The one Redis, where it is one. */
  readonly redis?: { readonly victim: Victim; readonly port: number; empty(): Promise<void> }
  readonly cluster?: RedisCluster
  /** The file, where it is one. */
  readonly file?: string
  /** Forgets every call with an Idempotency-Key of a customer. @returns how many those were */
  forgetCalls(customer: string): Promise<number>
  close(): Promise<void>
}

/** Redis where this machine has it, else a file. */
export function defaultRegistry(): RegistryKind {
  return findProgram(programs.redis) === undefined ? 'sqlite' : 'redis'
}

export function startRegistryStore(kind: RegistryKind, folder: string): Promise<RegistryStore> {
  if (kind === 'sqlite') return sqliteStore(folder)
  if (kind === 'dynamodb') return dynamoStore(folder)
  return kind === 'redis' ? redisStore(folder) : clusterStore(folder)
}

/** Opens a registry of the harness. @param now a clock that is ahead */
export function openStore(address: string, now?: () => number): Promise<Registry> {
  return openRegistry(address, {
    dynamodb: (options) => new AwsClient('dynamodb', options),
    ...(now !== undefined && { now }),
  })
}

/** Opens the registry for one piece of work, and closes it: no connection of the harness has to survive a fault. */
export async function withRegistry<T>(address: string, work: (registry: Registry) => Promise<T>): Promise<T> {
  const registry = await openStore(address)
  try {
    return await work(registry)
  } finally {
    await registry.close()
  }
}

const registryTable = 'apigw-registry'

/** DynamoDB has no process that could be killed: gateways reach it through faults of its service. */
async function dynamoStore(folder: string): Promise<RegistryStore> {
  const data = join(folder, 'registry-dynamodb')
  mkdirSync(data, { recursive: true })
  const server = await startDynamodb(data)
  await new Table({ endpoint: server.address, table: registryTable }).create()
  const http = await startFaultyHttp(Number(new URL(server.address).port))
  const addressAt = (endpoint: string): string => `dynamodb:${registryTable}?endpoint=${endpoint}`
  return {
    kind: 'dynamodb',
    engine: 'DynamoDB',
    address: addressAt(server.address),
    faulty: { address: addressAt(http.address), http },
    forgetCalls: (customer) => forgetRecords(server.address, customer),
    close: async () => {
      await http.close()
      await server.stop()
    },
  }
}

/** Deletes the stored answers of a customer's calls. */
async function forgetRecords(endpoint: string, customer: string): Promise<number> {
  const client = new AwsClient('dynamodb', { endpoint })
  const { Items } = recordOf(await client.call('DynamoDB_20120810.Scan', { TableName: registryTable }))
  const keys = (Array.isArray(Items) ? Items : []).map((item) => ({ pk: recordOf(item).pk, sk: recordOf(item).sk }))
  const gone = keys.filter(
    ({ pk }) => /^record#[a-z]+#/.test(String(recordOf(pk).S)) && String(recordOf(pk).S).includes(`#${customer}#`),
  )
  for (const Key of gone) await client.call('DynamoDB_20120810.DeleteItem', { TableName: registryTable, Key })
  return gone.length
}

async function sqliteStore(folder: string): Promise<RegistryStore> {
  const file = join(folder, 'registry.db')
  return {
    kind: 'sqlite',
    engine: 'SQLite',
    address: `sqlite:${file}`,
    file,
    forgetCalls: async (customer) => {
      const db = new DatabaseSync(file, { timeout: 1_000 })
      try {
        return Number(db.prepare('DELETE FROM idempotency WHERE customer = ?').run(customer).changes)
      } finally {
        db.close()
      }
    },
    close: async () => undefined,
  }
}

/** Deletes what one node knows of a customer's calls. */
async function forgetIn(port: number, customer: string): Promise<number> {
  return askRedis(port, async (call) => {
    let forgotten = 0
    let cursor = '0'
    do {
      const [next, keys] = (await call('SCAN', cursor, 'MATCH', `apigw:{${customer}}:idem:*`, 'COUNT', 1_000)) as [
        string,
        string[],
      ]
      cursor = next
      if (keys.length > 0) forgotten += Number(await call('DEL', ...keys))
    } while (cursor !== '0')
    return forgotten
  })
}

async function redisStore(folder: string): Promise<RegistryStore> {
  const data = join(folder, 'redis')
  const victim = await redisServer(data, { args: durable })
  await victim.start()
  const { port } = victim
  return {
    kind: 'redis',
    engine: 'Redis',
    address: `redis://127.0.0.1:${port}`,
    redis: { victim, port, empty: async () => rmSync(join(data, 'appendonlydir'), { recursive: true, force: true }) },
    forgetCalls: (customer) => forgetIn(port, customer),
    close: () => victim.kill(),
  }
}

async function clusterStore(folder: string): Promise<RegistryStore> {
  const cluster = await RedisCluster.start(folder)
  return {
    kind: 'cluster',
    engine: 'Redis Cluster of six nodes',
    address: `redis://${cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?cluster=true`,
    cluster,
    forgetCalls: async (customer) => {
      const master = await cluster.masterOf(await cluster.slotOf(`apigw:{${customer}}:idem:`))
      return forgetIn(master.port, customer)
    },
    close: () => cluster.stop(),
  }
}
