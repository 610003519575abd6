import * as z from 'zod'
import { randomId } from '../../domain/ids.ts'
import { Problem } from '../../domain/problem.ts'
import type { Webhook, WebhookKey } from '../../domain/webhook.ts'
import type { LedgerOptions } from './dynamo-ledger.ts'
import { type Item, number, Table, text } from './dynamodb.ts'
import type { Owner } from './ledger.ts'
import { addSideEvent, type SideEvent, sideEventsOf } from './side-events.ts'
import { content, directories, directoryOf, endpointsIn, placeOf, storedAs, storedWebhook } from './webhook-directory.ts'
import type { Attempt, AttemptPage, Progress, Stored, Webhooks } from './webhooks.ts'

const pageSize = 100
/** Events beside the reports are few. */
const maxSidePages = 5
const dayMs = 86_400_000
const attemptsKeptMs = 7 * dayMs
/** Attempts that one item holds, at most about 300 bytes each. */
const attemptsAnItem = 100

const millis = z.int().nonnegative()
const event = z.object({
  id: z.string(),
  type: z.string(),
  at: millis,
  data: z.record(z.string(), z.union([z.string(), z.number()])),
})
const progress = z.object({
  cursor: z.string().exactOptional(),
  pending: z.array(z.object({ event, to: z.string().exactOptional(), attempts: z.int(), nextAt: millis })),
  done: z.array(z.string()),
  failures: z.int(),
  failingSince: millis.exactOptional(),
  notBefore: millis.exactOptional(),
  lastFailure: z.object({ at: millis, why: z.string() }).exactOptional(),
  lastSuccessAt: millis.exactOptional(),
  lease: z.object({ holder: z.string(), until: millis }).exactOptional(),
}) satisfies z.ZodType<Progress>
const sideEvent = z.object({
  key: z.string(),
  event,
  only: z.string().exactOptional(),
  to: z.string().exactOptional(),
}) satisfies z.ZodType<SideEvent>
const attempt = z.object({
  id: z.string(),
  type: z.string(),
  message: z.string().exactOptional(),
  to: z.string().exactOptional(),
  at: millis,
  ms: z.number(),
  result: z.enum(['delivered', 'failed', 'given up']),
  why: z.string(),
}) satisfies z.ZodType<Attempt>

function progressOf({ customer, environment, name }: WebhookKey) {
  return { pk: `wp#${customer}#${environment}`, sk: name }
}

function attemptsOf(key: WebhookKey): string {
  return `wd#${placeOf(key)}`
}

/** Webhooks in the ledger's table. */
export class DynamoWebhooks implements Webhooks {
  readonly #table: Table
  readonly #now: () => number

  constructor({ table = 'apigw-ledger', now = Date.now, ...options }: LedgerOptions) {
    this.#table = new Table({ ...options, table })
    this.#now = now
  }

  async all(): Promise<readonly Stored<Webhook>[]> {
    return this.#endpoints('')
  }

  async of(customer: string): Promise<readonly Stored<Webhook>[]> {
    return this.#endpoints(`${customer}#`)
  }

  async #endpoints(begins: string): Promise<Stored<Webhook>[]> {
    return (await Promise.all(directories.map((directory) => endpointsIn(this.#table, directory, begins)))).flat()
  }

  async find(key: WebhookKey): Promise<Stored<Webhook> | undefined> {
    const [item] = await this.#table.get(directories.map((pk) => ({ pk, sk: placeOf(key) })))
    return item && storedWebhook(item)
  }

  save(value: Webhook, revision?: number): Promise<boolean> {
    return this.#swap({ pk: directoryOf(value), sk: placeOf(value) }, value, revision)
  }

  async remove(key: WebhookKey): Promise<void> {
    await this.#table.remove([...directories.map((pk) => ({ pk, sk: placeOf(key) })), progressOf(key)])
  }

  async progress(key: WebhookKey): Promise<Stored<Progress> | undefined> {
    const [item] = await this.#table.get([progressOf(key)])
    return item && storedAs(progress, item)
  }

  saveProgress(key: WebhookKey, value: Progress, revision?: number): Promise<boolean> {
    return this.#swap(progressOf(key), value, revision)
  }

  #swap({ pk, sk }: { pk: string; sk: string }, value: object, revision: number | undefined): Promise<boolean> {
    const item = { pk: { S: pk }, sk: { S: sk }, doc: { S: JSON.stringify(value) }, rev: { N: String((revision ?? 0) + 1) } }
    return revision === undefined
      ? this.#table.putIf(item, 'attribute_not_exists(pk)')
      : this.#table.putIf(item, 'rev = :rev', { ':rev': { N: String(revision) } })
  }

  async sideEvents(owner: Owner): Promise<readonly SideEvent[]> {
    const found: SideEvent[] = []
    for (let last = '!', pages = 0; pages < maxSidePages; pages++) {
      const items = await this.#table.query(sideEventsOf(owner), last, pageSize)
      found.push(...items.filter((item) => this.#isKept(item)).map((item) => sideEvent.parse(content(item))))
      if (items.length < pageSize) break
      last = text(items.at(-1), 'sk') ?? last
    }
    return found
  }

  addSideEvent(owner: Owner, added: SideEvent, keptDays: number): Promise<boolean> {
    return addSideEvent(this.#table, this.#now(), owner, added, keptDays)
  }

  async removeSideEvents(owner: Owner, keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#table.remove(keys.map((sk) => ({ pk: sideEventsOf(owner), sk })))
  }

  async record(key: WebhookKey, attempts: readonly Attempt[]): Promise<void> {
    const ttl = this.#ttl(attemptsKeptMs)
    const items: Item[] = []
    for (let from = 0; from < attempts.length; from += attemptsAnItem) {
      const sk = `${String(this.#now()).padStart(14, '0')}#${String(from).padStart(6, '0')}#${randomId(8)}`
      const doc = JSON.stringify(attempts.slice(from, from + attemptsAnItem))
      items.push({ pk: { S: attemptsOf(key) }, sk: { S: sk }, doc: { S: doc }, ttl })
    }
    await this.#table.put(items)
  }

  async attempts(key: WebhookKey, cursor: string | undefined): Promise<AttemptPage> {
    if (cursor !== undefined && !/^\d{14}#\d{6}#[0-9A-Z]{8}$/.test(cursor)) {
      throw new Problem('cursor-invalid', 'The cursor is not one of a list of deliveries. Leave it out to begin with the newest.')
    }
    const items = await this.#table.query(attemptsOf(key), cursor ?? ':', 4, { backwards: true })
    const last = text(items.at(-1), 'sk')
    const kept = items.filter((item) => this.#isKept(item))
    const attempts = kept.flatMap((item) => z.array(attempt).parse(content(item)).toReversed())
    return { attempts, ...(kept.length === 4 && last !== undefined && { cursor: last }) }
  }

  #ttl(ms: number): { N: string } {
    return { N: String(Math.floor((this.#now() + ms) / 1000)) }
  }

  #isKept(item: Item): boolean {
    return (number(item, 'ttl') ?? 0) * 1000 > this.#now()
  }
}
