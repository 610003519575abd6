import * as z from 'zod'
import { type Item, number, type Table, text } from '../../ports/index.ts'
import { type Collected, leaseMs, type Memory, rememberMs, type Taken } from './memory.ts'

const collectedShape: z.ZodType<Collected> = z.object({
  key: z.string(),
  rule: z.string(),
  severity: z.string(),
  title: z.string(),
  actor: z.string(),
  action: z.string(),
  at: z.number(),
})
const collected = 'collected'
const asked = 4_000

/** Sort keys are text, so numbers get the same length. */
function ordered(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(15, '0')
}

function readAlert(item: Item): { due: number; alert: Collected }[] {
  const alert = text(item, 'alert')
  if (alert === undefined) return []
  const read = collectedShape.safeParse(JSON.parse(alert))
  return read.success ? [{ due: Number(text(item, 'sk')?.slice(0, 15)), alert: read.data }] : []
}

/**
 * The memory of all runs, in a table of DynamoDB with `pk`, `sk` and the time to live `expires`. Every look-up names its
 * partition; counted things stand under what is counted, in the order of their time.
 */
export class DynamoMemory implements Memory {
  readonly #table: Table
  readonly #now: () => number

  constructor(table: Table, now: () => number = Date.now) {
    this.#table = table
    this.#now = now
  }

  #expires(afterMs: number): Item[string] {
    return { N: String(Math.ceil((this.#now() + afterMs) / 1_000)) }
  }

  #hold(key: string, report: string, until: number): Item {
    return {
      pk: { S: `alert|${key}` },
      sk: { S: '-' },
      report: { S: report },
      heldUntil: { N: String(until) },
      expires: this.#expires(rememberMs),
    }
  }

  async take(key: string, report: string): Promise<Taken> {
    const now = this.#now()
    const free = await this.#table.putIf(
      this.#hold(key, report, now + leaseMs),
      'attribute_not_exists(pk) OR (report = :report AND heldUntil <= :now)',
      { ':report': { S: report }, ':now': { N: String(now) } },
    )
    if (free) return 'ours'
    const [held] = await this.#table.get([{ pk: `alert|${key}`, sk: '-' }])
    if (held === undefined) return 'busy'
    if (text(held, 'report') !== report) return 'others'
    return number(held, 'heldUntil') === Number.MAX_SAFE_INTEGER ? 'sent' : 'busy'
  }

  async settle(key: string, report: string): Promise<void> {
    await this.#table.put([this.#hold(key, report, Number.MAX_SAFE_INTEGER)])
  }

  async release(key: string, report: string): Promise<void> {
    await this.#table.removeIf({ pk: `alert|${key}`, sk: '-' }, 'report = :report AND heldUntil < :sent', {
      ':report': { S: report },
      ':sent': { N: String(Number.MAX_SAFE_INTEGER) },
    })
  }

  async count(what: string, id: string, at: number, windowMs: number, most: number): Promise<number> {
    const pk = `count|${what}`
    await this.#table.put([{ pk: { S: pk }, sk: { S: `${ordered(at)}|${id}` }, expires: this.#expires(windowMs + 86_400_000) }])
    const items = await this.#table.query(pk, `${ordered(at - windowMs + 1)}`, most)
    return items.filter((item) => (text(item, 'sk') ?? '') <= `${ordered(at)}|\uffff`).length
  }

  async collect(due: number, alert: Collected): Promise<void> {
    await this.#table.put([
      {
        pk: { S: collected },
        sk: { S: `${ordered(due)}|${alert.key}` },
        alert: { S: JSON.stringify(alert) },
        expires: this.#expires(rememberMs),
      },
    ])
  }

  async due(now: number): Promise<{ due: number; alert: Collected }[]> {
    const found: { due: number; alert: Collected }[] = []
    for (let after = ' '; found.length < asked; ) {
      // Pages of at most 1 MB; what is due later ends it.
      const items = await this.#table.query(collected, after, 500)
      const some = items.flatMap(readAlert).filter(({ due }) => due <= now)
      found.push(...some)
      after = text(items.at(-1), 'sk') ?? ''
      if (items.length === 0 || some.length < items.length) break
    }
    return found
  }

  async markSent(alerts: readonly { readonly due: number; readonly alert: Collected }[]): Promise<void> {
    await this.#table.remove(alerts.map(({ due, alert }) => ({ pk: collected, sk: `${ordered(due)}|${alert.key}` })))
  }
}
