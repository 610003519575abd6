import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, Redis } from 'ioredis'
import { type CopyableStore, openCopyable, openRegistry, type Registry } from '../../src/registry/index.ts'
import { Table } from '../../src/runtime/ports/index.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { type DynamoWorld, dynamoWorld, patientClient } from './dynamo.ts'
import type { Clock } from './fixtures.ts'

/** An empty registry of one kind, as gateways and as a copy open it. */
export interface CopyPlace {
  readonly address: string
  open(): Promise<Registry>
  copyable(): Promise<CopyableStore>
}

export type PlaceKind = 'sqlite' | 'redis' | 'cluster' | 'dynamodb'

/** Makes empty registries of every kind, each with a clock that advances only when a test moves it. */
export class CopyWorld {
  readonly clock: Clock
  readonly #folder = mkdtempSync(join(tmpdir(), 'apigw-copy-'))
  readonly #redis: string
  readonly #undo: (() => Promise<unknown>)[] = []
  #dynamo: Promise<DynamoWorld> | undefined
  #cluster: Promise<string> | undefined
  #count = 0

  /** @param redis the address of a Redis; two databases of it are emptied */
  constructor(redis: string, clock: Clock) {
    this.#redis = redis
    this.clock = clock
  }

  async empty(kind: PlaceKind): Promise<CopyPlace> {
    const address = await this.#addressOf(kind)
    const now = () => this.clock.now
    return {
      address,
      open: () => openRegistry(address, { now, dynamodb: patientClient }),
      copyable: () => openCopyable(address, { now }),
    }
  }

  async #addressOf(kind: PlaceKind): Promise<string> {
    this.#count += 1
    switch (kind) {
      case 'sqlite':
        return `sqlite:${join(this.#folder, `registry-${this.#count}.db`)}`
      case 'redis':
        return this.#emptied(`${this.#redis}/${13 + (this.#count % 2)}`)
      case 'cluster':
        this.#cluster ??= this.#startCluster()
        return this.#emptied(await this.#cluster)
      case 'dynamodb': {
        this.#dynamo ??= dynamoWorld()
        const { endpoint } = await this.#dynamo
        const table = `registry-${this.#count}`
        await new Table({ endpoint, table }).create()
        return `dynamodb:${table}?endpoint=${endpoint}`
      }
    }
  }

  async #startCluster(): Promise<string> {
    const cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 0 })
    this.#undo.push(() => cluster.stop())
    return cluster.address
  }

  async #emptied(address: string): Promise<string> {
    if (address.includes('cluster=true')) {
      const nodes = address.replace(/^redis:\/\/|\?.*$/g, '').split(',')
      const cluster = new Cluster(nodes.map((node) => ({ host: '127.0.0.1', port: Number(node.split(':')[1]) })))
      await cluster.ping()
      await Promise.all(cluster.nodes('master').map((node) => node.flushall()))
      cluster.disconnect()
    } else {
      const { hostname, port, pathname } = new URL(address)
      const redis = new Redis({ host: hostname, port: Number(port), db: Number(pathname.slice(1)) })
      await redis.flushdb()
      redis.disconnect()
    }
    return address
  }

  async close(): Promise<void> {
    for (const undo of this.#undo) await undo()
    await (await this.#dynamo)?.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
