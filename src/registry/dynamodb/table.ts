import { setTimeout as sleep } from 'node:timers/promises'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { isRecord, recordOf } from '../../domain/record.ts'

/** Calls an action of DynamoDB's JSON protocol. `AwsClient` of `runtime/ports` is one. */
export interface DynamoCaller {
  /** @throws an error with the name that AWS gives it, and `unknown: true` if AWS may have carried out the action anyway */
  call(target: string, body: object, options: { readonly tryMs: number; readonly tries: number }): Promise<object>
}

type Attribute = { readonly S: string } | { readonly N: string } | { readonly B: string }
/** An item in DynamoDB's format. */
export type Item = Readonly<Record<string, Attribute>>

export interface Key {
  readonly pk: string
  readonly sk: string
}

/** A condition on the item that a write replaces. */
export interface Condition {
  readonly expression: string
  readonly values?: Item
}

/** `lost`: the condition did not hold. */
export type Written = 'written' | 'lost'

/** Why a call failed. `contended`: other gateways won every race, and nothing was changed. `unknown`: it may have been counted. */
type Unavailable = 'missing' | 'throttled' | 'unreachable' | 'contended' | 'unknown'

/** Limits of BatchGetItem and BatchWriteItem. */
const readsARequest = 100
const writesARequest = 25
/** Batches of one call that are under way at the same time. */
const atOnce = 8
/** One request to a table in the same region takes a few milliseconds. */
const tryMs = 500
/** A caller is answered inside a second, as by the other stores. */
export const answerMs = 700
const firstPauseMs = 10
const maxPauseMs = 120

/** An instant of the process's clock after which nothing more is tried. */
export class Deadline {
  readonly #until: number

  constructor(milliseconds = answerMs) {
    this.#until = performance.now() + milliseconds
  }

  get isOver(): boolean {
    return performance.now() >= this.#until
  }

  isAfter(other: Deadline): boolean {
    return this.#until > other.#until
  }

  /** Waits for a random time, longer in later rounds, so that writers that met once do not meet again. */
  async backOff(round: number): Promise<void> {
    await sleep(Math.random() * Math.min(maxPauseMs, firstPauseMs * 2 ** round))
  }
}

export function keyText({ pk, sk }: Key): string {
  return `${pk}\n${sk}`
}

export function itemsByKey(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [keyText({ pk: text(item, 'pk') ?? '', sk: text(item, 'sk') ?? '' }), item]))
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
  return isRecord(value) && [value.S, value.N, value.B].some((one) => typeof one === 'string')
}

/** Attributes of other types are not ours: replication of global tables adds some. */
function itemFrom(value: unknown): Item {
  return Object.fromEntries(
    Object.entries(recordOf(value)).filter((entry): entry is [string, Attribute] => isAttribute(entry[1])),
  )
}

/** The items of an answer. */
export function itemsOf(value: unknown): Item[] {
  return Array.isArray(value) ? value.map(itemFrom) : []
}

function keyOf({ pk, sk }: Key): Item {
  return { pk: { S: pk }, sk: { S: sk } }
}

function groups<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'no answer'
}

/**
 * Errors after which nothing was done and the same request may pass
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html).
 */
const passing =
  /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|TransactionConflict|TransactionInProgress|ServiceUnavailable|InternalServer/

function isUnknown(error: unknown): boolean {
  return isRecord(error) && error.unknown === true
}

/** One table of DynamoDB. It knows no `Scan`: every read names its partition. */
export class Table {
  readonly #caller: DynamoCaller
  readonly #name: string

  constructor(caller: DynamoCaller, name: string) {
    this.#caller = caller
    this.#name = name
  }

  /** Reads items with strong consistency. @returns those that exist, in any order */
  async get(keys: readonly Key[], deadline: Deadline): Promise<Item[]> {
    const found: Item[][] = []
    for (const some of groups(groups(keys, readsARequest), atOnce)) {
      found.push(...(await Promise.all(some.map((part) => this.#getSome(part, deadline)))))
    }
    return found.flat()
  }

  async #getSome(keys: readonly Key[], deadline: Deadline): Promise<Item[]> {
    const found: Item[] = []
    let left: unknown = { [this.#name]: { Keys: keys.map(keyOf), ConsistentRead: true } }
    for (let round = 1; ; round++) {
      const { Responses, UnprocessedKeys } = await this.ask('BatchGetItem', { RequestItems: left }, deadline)
      found.push(...itemsOf(recordOf(Responses)[this.#name]))
      left = UnprocessedKeys
      if (Object.keys(recordOf(left)).length === 0) return found
      if (deadline.isOver) throw this.unavailable('throttled', `dynamodb:${this.#name} throttles reads.`)
      await deadline.backOff(round)
    }
  }

  /** Items of one partition whose sort keys start with `prefix`, in their order. */
  async query(
    pk: string,
    prefix: string,
    { limit = Number.POSITIVE_INFINITY, backwards = false }: { readonly limit?: number; readonly backwards?: boolean },
    deadline: Deadline,
  ): Promise<Item[]> {
    const condition = prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)'
    const values = { ':pk': { S: pk }, ...(prefix !== '' && { ':prefix': { S: prefix } }) }
    return this.#query({ expression: condition, values }, { limit, backwards }, deadline)
  }

  /** Items of one partition whose sort keys are `first`, `last` or between them, in their order. */
  between(pk: string, first: string, last: string, deadline: Deadline, limit = Number.POSITIVE_INFINITY): Promise<Item[]> {
    const values = { ':pk': { S: pk }, ':first': { S: first }, ':last': { S: last } }
    const condition = { expression: 'pk = :pk AND sk BETWEEN :first AND :last', values }
    return this.#query(condition, { limit, backwards: false }, deadline)
  }

  async #query(
    { expression, values }: Condition,
    { limit, backwards }: { readonly limit: number; readonly backwards: boolean },
    deadline: Deadline,
  ): Promise<Item[]> {
    const found: Item[] = []
    let after: unknown
    do {
      const answer = await this.ask(
        'Query',
        {
          TableName: this.#name,
          KeyConditionExpression: expression,
          ExpressionAttributeValues: values,
          ConsistentRead: true,
          ScanIndexForward: !backwards,
          ...(Number.isFinite(limit) && { Limit: limit - found.length }),
          ...(after !== undefined && { ExclusiveStartKey: after }),
        },
        deadline,
      )
      found.push(...itemsOf(answer.Items))
      after = answer.LastEvaluatedKey
    } while (after !== undefined && found.length < limit)
    return found
  }

  /** Writes items whatever was there before. */
  async putAll(items: readonly Item[], deadline: Deadline): Promise<void> {
    await this.#writeAll(
      items.map((Item) => ({ PutRequest: { Item } })),
      deadline,
    )
  }

  /** Deletes items, those that are not there too. */
  async removeAll(keys: readonly Key[], deadline: Deadline): Promise<void> {
    await this.#writeAll(
      keys.map((key) => ({ DeleteRequest: { Key: keyOf(key) } })),
      deadline,
    )
  }

  async #writeAll(requests: readonly object[], deadline: Deadline): Promise<void> {
    for (const some of groups(groups(requests, writesARequest), atOnce)) {
      await Promise.all(some.map((part) => this.#writeSome(part, deadline)))
    }
  }

  async #writeSome(requests: readonly object[], deadline: Deadline): Promise<void> {
    let left: unknown = { [this.#name]: requests }
    for (let round = 1; ; round++) {
      const { UnprocessedItems } = await this.ask('BatchWriteItem', { RequestItems: left }, deadline)
      left = UnprocessedItems
      if (Object.keys(recordOf(left)).length === 0) return
      if (deadline.isOver) throw this.unavailable('throttled', `dynamodb:${this.#name} throttles writes.`)
      await deadline.backOff(round)
    }
  }

  /**
   * Writes an item if a condition holds. If the answer of a write is lost, the write is sent again, and then its own first
   * copy can be why the condition fails: `wasWritten` reads the item to find out.
   */
  async putIf(item: Item, condition: Condition, wasWritten: () => Promise<boolean>, deadline: Deadline): Promise<Written> {
    const body = {
      TableName: this.#name,
      Item: item,
      ConditionExpression: condition.expression,
      ...(condition.values !== undefined && { ExpressionAttributeValues: condition.values }),
    }
    let unsure = false
    for (let round = 1; ; round++) {
      try {
        await this.#send('PutItem', body)
        return 'written'
      } catch (error) {
        if (nameOf(error) === 'ConditionalCheckFailedException') return unsure && (await wasWritten()) ? 'written' : 'lost'
        unsure ||= isUnknown(error)
        if (deadline.isOver || !(isUnknown(error) || passing.test(nameOf(error)))) throw this.problem(error)
        await deadline.backOff(round)
      }
    }
  }

  /** Asks until an answer comes, for actions that may be carried out twice. @throws Problem `registry-unavailable` */
  async ask(action: string, body: object, deadline: Deadline): Promise<Readonly<Record<string, unknown>>> {
    for (let round = 1; ; round++) {
      try {
        return recordOf(await this.#send(action, body))
      } catch (error) {
        if (deadline.isOver || !(isUnknown(error) || passing.test(nameOf(error)))) throw this.problem(error)
        await deadline.backOff(round)
      }
    }
  }

  /** Describes the table. @returns `undefined` if the caller may not, or the service does not know the action */
  async describe(action: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      return recordOf(await this.#send(action, { TableName: this.#name }))
    } catch (error) {
      const isDenied = error instanceof Problem && error.code === 'aws-denied'
      if (isDenied || /AccessDenied|UnknownOperation|Validation/.test(nameOf(error))) return undefined
      throw this.problem(error)
    }
  }

  #send(action: string, body: object): Promise<object> {
    return this.#caller.call(`DynamoDB_20120810.${action}`, body, { tryMs, tries: 1 })
  }

  /** A failed request as a problem. */
  problem(cause: unknown): Problem {
    if (cause instanceof Problem) return cause
    const name = nameOf(cause)
    if (name === 'ResourceNotFoundException')
      return this.unavailable('missing', `The table "${this.#name}" does not exist.`, cause)
    const isThrottled = passing.test(name)
    const what = isThrottled ? `throttles requests (${name})` : `does not answer as it should: ${name}`
    return this.unavailable(isThrottled ? 'throttled' : 'unreachable', `dynamodb:${this.#name} ${what}.`, cause)
  }

  /** @param reason for programs */
  unavailable(reason: Unavailable, what: string, cause?: unknown): Problem {
    return new Problem('registry-unavailable', what, {
      next: apigw('doctor'),
      retryAfterMs: 1000,
      extensions: { reason },
      ...(cause !== undefined && { cause }),
    })
  }
}
