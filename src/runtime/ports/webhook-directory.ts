import * as z from 'zod'
import { environments } from '../../domain/names.ts'
import type { Webhook, WebhookKey } from '../../domain/webhook.ts'
import { type Item, number, type Table, text } from './dynamodb.ts'
import type { Owner } from './ledger.ts'
import type { ReadBudget } from './read-budget.ts'
import type { Stored } from './webhooks.ts'

/** The partitions of all endpoints: a worker reads them as a whole. */
const webhooks = 'w'
/** Apart, because a worker of an older version would send every event to such an endpoint. */
const callbacks = 'wc'
export const directories = [webhooks, callbacks] as const
const pageSize = 100

const millis = z.int().nonnegative()
const webhook = z.object({
  customer: z.string(),
  environment: z.enum(environments),
  name: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  callbacks: z.literal(true).exactOptional(),
  secrets: z.array(z.object({ sealed: z.string(), createdAt: millis, endsAt: millis.exactOptional() })),
  createdAt: millis,
  disabled: z.object({ at: millis, why: z.enum(['gone', 'failing', 'suspended']) }).exactOptional(),
}) satisfies z.ZodType<Webhook>

/** What an item holds as JSON. */
export function content(item: Item): unknown {
  return JSON.parse(text(item, 'doc') ?? 'null')
}

export function storedAs<T>(schema: z.ZodType<T>, item: Item): Stored<T> {
  return { value: schema.parse(content(item)), revision: number(item, 'rev') ?? 0 }
}

export function storedWebhook(item: Item): Stored<Webhook> {
  return storedAs(webhook, item)
}

/** The sort key of an endpoint in its directory. */
export function placeOf({ customer, environment, name }: WebhookKey): string {
  return `${customer}#${environment}#${name}`
}

export function directoryOf({ callbacks: isForCallbacks }: Pick<Webhook, 'callbacks'>): string {
  return isForCallbacks ? callbacks : webhooks
}

/** The endpoints of one directory whose sort keys begin so. */
export async function endpointsIn(
  table: Table,
  directory: string,
  begins: string,
  budget?: ReadBudget,
): Promise<Stored<Webhook>[]> {
  const found: Stored<Webhook>[] = []
  for (let last = begins === '' ? '!' : begins; ; ) {
    const page = await table.query(directory, last, pageSize, { budget })
    for (const item of page) {
      last = text(item, 'sk') ?? last
      if (!last.startsWith(begins)) return found
      found.push(storedWebhook(item))
    }
    // A page is far below the megabyte at which DynamoDB would end it early.
    if (page.length < pageSize) return found
  }
}

/** Endpoints of an owner that take callbacks: at most ten (`maxWebhooks`), in one request. */
export async function callbackEndpoints(
  table: Table,
  { customer, environment }: Owner,
  budget?: ReadBudget,
): Promise<Stored<Webhook>[]> {
  const begins = `${customer}#${environment}#`
  const items = await table.query(callbacks, begins, maxEndpoints, { budget })
  return items.filter((item) => text(item, 'sk')?.startsWith(begins)).map(storedWebhook)
}

/** More than an owner has. */
const maxEndpoints = 20
