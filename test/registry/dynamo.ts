import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDynamodb } from '../../src/dev/local/dynamodb.ts'
import type { Environment } from '../../src/domain/names.ts'
import { recordOf } from '../../src/domain/record.ts'
import { keys, unpacked } from '../../src/registry/dynamodb/items.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { AwsClient, Table } from '../../src/runtime/ports/index.ts'
import type { Engine } from './fixtures.ts'

export const table = 'apigw-registry'
const api = 'DynamoDB_20120810'

/** A registry's table in an emulator of DynamoDB. */
export interface DynamoWorld {
  readonly endpoint: string
  readonly address: string
  readonly client: AwsClient
  close(): Promise<void>
}

export async function dynamoWorld(): Promise<DynamoWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-dynamo-'))
  const server = await startDynamodb(folder)
  await new Table({ endpoint: server.address, table }).create()
  return {
    endpoint: server.address,
    address: `dynamodb:${table}?endpoint=${server.address}`,
    client: new AwsClient('dynamodb', { endpoint: server.address }),
    close: async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Changes the stored books of a customer, behind the registry's back. */
export async function changeBooks(
  client: AwsClient,
  customer: string,
  environment: Environment,
  change: (books: Readonly<Record<string, unknown>>) => object,
): Promise<void> {
  const { pk, sk } = keys.books(customer, environment)
  const Key = { pk: { S: pk }, sk: { S: sk } }
  const { Item } = await client.call(`${api}.GetItem`, { TableName: table, Key })
  const item = recordOf(Item)
  const version = { N: String(Number(recordOf(item.version).N) + 1) }
  const doc = { S: JSON.stringify(change(recordOf(JSON.parse(String(recordOf(item.doc).S))))) }
  await client.call(`${api}.PutItem`, { TableName: table, Item: { ...item, version, doc } })
}

/** A client that waits longer for one answer than a gateway does, so that no test depends on how fast the machine is. */
export function patientClient(options: { readonly endpoint?: string }) {
  const client = new AwsClient('dynamodb', options)
  return { call: (target: string, body: object) => client.call(target, body, { tryMs: 30_000, tries: 1 }) }
}

/** Opens a registry in DynamoDB as a gateway does. */
export function openDynamo(address: string, now?: () => number) {
  return openRegistry(address, {
    dynamodb: patientClient,
    ...(now !== undefined && { now }),
  })
}

export function dynamoEngine(): Engine {
  let world: Promise<DynamoWorld> | undefined
  const opened = () => {
    world ??= dynamoWorld()
    return world
  }
  return {
    open: async (clock) => openDynamo((await opened()).address, clock === undefined ? undefined : () => clock.now),
    dump: async () => {
      const { client } = await opened()
      const { Items } = await client.call(`${api}.Scan`, { TableName: table })
      const items = Array.isArray(Items) ? Items : []
      return JSON.stringify([items, items.map(unpacked)])
    },
    forget: async (customer, environment, key) => {
      const { client } = await opened()
      const { pk, sk } = keys.record(customer, environment, key)
      await client.call(`${api}.DeleteItem`, { TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } })
      await changeBooks(client, customer, environment, (books) => ({
        ...books,
        runs: Object.fromEntries(Object.entries(recordOf(books.runs)).filter(([one]) => one !== key)),
      }))
    },
    close: async () => (await world)?.close(),
  }
}
