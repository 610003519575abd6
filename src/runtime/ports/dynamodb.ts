import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { isRecord, recordOf } from '../../domain/record.ts'
import { AwsClient, AwsError, type AwsOptions } from './aws.ts'
import { gaveUp, type ReadBudget } from './read-budget.ts'
import { Turns } from './turns.ts'

type Attribute = { readonly S: string } | { readonly N: string }

/** An item in DynamoDB's format: strings and numbers only. */
export type Item = Readonly<Record<string, Attribute>>

export interface Key {
  readonly pk: string
  readonly sk: string
}

const api = 'DynamoDB_20120810'
const writesARequest = 25
const readsARequest = 100
/** Batches of writes that one process has under way, whatever the number of calls. */
const writesAtOnce = 48
const tries = 8

function keyOf({ pk, sk }: Key): Item {
  return { pk: { S: pk }, sk: { S: sk } }
}

export function text(item: Item | undefined, name: string): string | undefined {
  const value = item?.[name]
  return value !== undefined && 'S' in value ? value.S : undefined
}

export function number(item: Item | undefined, name: string): number | undefined {
  const value = item?.[name]
  return value !== undefined && 'N' in value ? Number(value.N) : undefined
}

function isAttribute(value: unknown): value is Attribute {
  return isRecord(value) && (typeof value.S === 'string' || typeof value.N === 'string')
}

/** Attributes of other types are not ours: replication of global tables adds some. */
function itemFrom(value: unknown): Item {
  const item: Record<string, Attribute> = {}
  for (const [name, attribute] of Object.entries(recordOf(value))) if (isAttribute(attribute)) item[name] = attribute
  return item
}

function itemsOf(value: unknown): Item[] {
  return Array.isArray(value) ? value.map(itemFrom) : []
}

/** A list in parts of at most `size`. */
export function groups<T>(all: readonly T[], size: number): T[][] {
  const found: T[][] = []
  for (let from = 0; from < all.length; from += size) found.push(all.slice(from, from + size))
  return found
}

async function backOff(round: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * 2 ** round))
}

/** One table of DynamoDB. It knows no `Scan`: whatever is asked for, its partition is named. */
export class Table {
  readonly #client: AwsClient
  readonly #name: string
  readonly #writes = new Turns(writesAtOnce)

  constructor(options: AwsOptions & { readonly table: string }) {
    this.#client = new AwsClient('dynamodb', options)
    this.#name = options.table
  }

  /** Makes the table where it is missing, and waits until it can be used. */
  async create(): Promise<void> {
    const key = (name: string, KeyType: string) => ({ AttributeName: name, KeyType })
    try {
      await this.#call('CreateTable', {
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: [key('pk', 'HASH'), key('sk', 'RANGE')],
      })
    } catch (error) {
      if (!isCalled(error, 'ResourceInUseException')) throw error
    }
    for (;;) {
      const { Table: found } = await this.#call('DescribeTable', {})
      if (recordOf(found).TableStatus === 'ACTIVE') return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Writes items whatever was there before. */
  async put(items: readonly Item[]): Promise<void> {
    const requests = items.map((Item) => ({ PutRequest: { Item } }))
    await this.#writeAll(requests)
  }

  async #writeAll(requests: readonly object[]): Promise<void> {
    await Promise.all(groups(requests, writesARequest).map((some) => this.#writes.run(() => this.#write(some))))
  }

  async #write(requests: readonly object[]): Promise<void> {
    let left: unknown = requests
    for (let round = 1; ; round++) {
      const { UnprocessedItems } = await this.#call('BatchWriteItem', { RequestItems: { [this.#name]: left } }, false)
      left = recordOf(UnprocessedItems)[this.#name]
      if (!Array.isArray(left) || left.length === 0) return
      if (round === tries) throw this.#problem(new Error('it still throttles writes'))
      await backOff(round)
    }
  }

  /** @returns whether the item was written: there was none, or what it says of the one that was */
  async putIf(item: Item, condition: string, values?: Item): Promise<boolean> {
    return this.#unless(() =>
      this.#call('PutItem', {
        Item: item,
        ConditionExpression: condition,
        ...(values !== undefined && { ExpressionAttributeValues: values }),
      }),
    )
  }

  async #unless(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write()
      return true
    } catch (error) {
      if (isCalled(error, 'ConditionalCheckFailedException')) return false
      throw error
    }
  }

  /** Takes items away, whether they are there or not. */
  async remove(keys: readonly Key[]): Promise<void> {
    const requests = keys.map((key) => ({ DeleteRequest: { Key: keyOf(key) } }))
    await this.#writeAll(requests)
  }

  /** @returns whether the item was taken away: it was as the condition says */
  async removeIf(key: Key, condition: string, values: Item): Promise<boolean> {
    return this.#unless(() =>
      this.#call('DeleteItem', { Key: keyOf(key), ConditionExpression: condition, ExpressionAttributeValues: values }),
    )
  }

  async get(keys: readonly Key[], budget?: ReadBudget): Promise<Item[]> {
    return (await Promise.all(groups(keys, readsARequest).map((some) => this.#getSome(some, budget)))).flat()
  }

  async #getSome(keys: readonly Key[], budget: ReadBudget | undefined): Promise<Item[]> {
    const found: Item[] = []
    let left: unknown = { [this.#name]: { Keys: keys.map(keyOf), ConsistentRead: true } }
    for (let round = 1; ; round++) {
      const { Responses, UnprocessedKeys } = await this.#read('BatchGetItem', { RequestItems: left }, budget)
      found.push(...itemsOf(recordOf(Responses)[this.#name]))
      left = UnprocessedKeys
      if (Object.keys(recordOf(left)).length === 0) return found
      if (round === tries) throw this.#problem(new Error('it still throttles reads'))
      await backOff(round)
    }
  }

  /** Items of one partition in the order of their sort keys, after `after`. */
  async query(
    pk: string,
    after: string,
    limit: number,
    { backwards = false, budget }: { readonly backwards?: boolean; readonly budget?: ReadBudget | undefined } = {},
  ): Promise<Item[]> {
    const { Items } = await this.#read(
      'Query',
      {
        TableName: this.#name,
        KeyConditionExpression: backwards ? 'pk = :pk AND sk < :sk' : 'pk = :pk AND sk > :sk',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':sk': { S: after } },
        ConsistentRead: true,
        ScanIndexForward: !backwards,
        Limit: limit,
      },
      budget,
    )
    return itemsOf(Items)
  }

  /** Items of one partition from `high` back to `low`, both included. */
  async range(pk: string, low: string, high: string, limit: number, budget?: ReadBudget): Promise<Item[]> {
    const { Items } = await this.#read(
      'Query',
      {
        TableName: this.#name,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':low': { S: low }, ':high': { S: high } },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: limit,
      },
      budget,
    )
    return itemsOf(Items)
  }

  async #read(action: string, body: object, budget: ReadBudget | undefined): Promise<Record<string, unknown>> {
    budget?.spend()
    return this.#call(action, body, false, budget?.signal)
  }

  async #call(action: string, body: object, named = true, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const options = { tryMs: 3_000, ...(signal !== undefined && { signal }) }
    try {
      return await this.#client.call(`${api}.${action}`, named ? { TableName: this.#name, ...body } : body, options)
    } catch (error) {
      if (signal?.aborted) throw gaveUp(signal)
      throw isCalled(error, 'ConditionalCheckFailedException', 'ResourceInUseException') ? error : this.#problem(error)
    }
  }

  #problem(cause: unknown): Problem {
    const reason = cause instanceof Error ? cause.name : 'no answer'
    const detail =
      reason === 'ResourceNotFoundException'
        ? `The table "${this.#name}" does not exist.`
        : `The table "${this.#name}" does not answer as it should: ${reason}.`
    return new Problem('ledger-unavailable', detail, { retryAfterMs: 2000, cause, next: apigw('doctor') })
  }
}

function isCalled(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof AwsError && names.includes(error.name)
}
