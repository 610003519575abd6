import type { Repayment } from '../../domain/admission.ts'
import { type HandOverCode, isHandOverCode } from '../../domain/holding.ts'
import { maxSendAt } from '../../domain/message.ts'
import { type Item, number, type Table, text } from './dynamodb.ts'
import type { Owner, Reported } from './ledger.ts'
import { type Held, heldOf, keptUntil, messagesOf } from './message-notes.ts'
import type { ReadBudget } from './read-budget.ts'

/** What was decided about a held message. The first decision holds. */
export type Verdict =
  /** It goes to its carrier, or went there. */
  | { readonly kind: 'released' }
  /** Its customer withdrew it. `open`: that is not in the customer's reports yet. */
  | { readonly kind: 'cancelled'; readonly at: number; readonly open: boolean }
  | { readonly kind: 'expired' }
  | { readonly kind: 'refused'; readonly code: HandOverCode }

/** A verdict that may be asked for. */
export type Asked =
  | { readonly kind: 'released' | 'cancelled' | 'expired' }
  | { readonly kind: 'refused'; readonly code: HandOverCode }

/** A message that is decided about. */
export interface Decided {
  readonly id: string
  readonly ref?: string
  readonly callback?: string
  /** When it is due: a decision is remembered for 30 days from then. */
  readonly until: number
}

/** What is known of a message that may be held. */
export interface HeldStanding {
  readonly ref?: string
  readonly callback?: string
  /** Absent: the message was never held. */
  readonly held?: Held
  readonly verdict?: Verdict
}

/** Units that are owed to a customer unless its message was sent. */
export type Owed = Pick<Repayment, 'id' | 'units' | 'acceptedAt' | 'kind'>

/**
 * What is decided about held messages, and the units that are owed for those that are never sent. Every method throws Problem
 * `ledger-unavailable`.
 *
 * A debt is noted before the decision that causes it, and counts only if the decision says so: DynamoDB's transactions would
 * cost twice as much, and a debt without a decision is harmless.
 */
export interface Decisions {
  /** Decides about a message unless that was done. @returns what holds from now on */
  decide(owner: Owner, message: Decided, asked: Asked): Promise<Verdict>
  /** What is known of up to 100 messages; unknown ids are left out. */
  standings(owner: Owner, ids: readonly string[], budget?: ReadBudget): Promise<ReadonlyMap<string, HeldStanding>>
  /** Appends the report of a cancelled message, and notes that it has one. Repeating it is harmless. */
  reportCancelled(owner: Owner, message: Decided & { readonly at: number }): Promise<void>
  owe(owner: Owner, debts: readonly Owed[]): Promise<void>
  /** Up to 100 debts by message id, after one. */
  owed(owner: Owner, after?: string): Promise<readonly Owed[]>
  /** Removes debts. */
  settle(owner: Owner, ids: readonly string[]): Promise<void>
}

export const debtsARead = 100

/** The status of a message in the ledger once it is decided so. A released message is with its carrier. */
const statusOf = { released: 'queued', cancelled: 'cancelled', expired: 'expired', refused: 'failed' } as const

/** What the item of an outcome says. Whatever a carrier said of the message means that it was released. */
function verdictOf(item: Item): Verdict {
  const code = text(item, 'code')
  switch (text(item, 'status')) {
    case 'cancelled':
      return { kind: 'cancelled', at: number(item, 'at') ?? 0, open: number(item, 'open') === 1 }
    case 'failed':
      return isHandOverCode(code) ? { kind: 'refused', code } : { kind: 'released' }
    case 'expired':
      return number(item, 'open') === 1 ? { kind: 'expired' } : { kind: 'released' }
    default:
      return { kind: 'released' }
  }
}

export interface DecisionParts {
  readonly table: Table
  readonly now: () => number
  /** Appends reports to the owner's pages. */
  appendPages(owner: Owner, reports: readonly Reported[]): Promise<void>
}

/** Decisions in the ledger's table: the item of a message's outcome holds them until there is one. */
export class DynamoDecisions implements Decisions {
  readonly #parts: DecisionParts

  constructor(parts: DecisionParts) {
    this.#parts = parts
  }

  async decide(owner: Owner, message: Decided, asked: Asked): Promise<Verdict> {
    const { table, now } = this.#parts
    const at = now()
    const item = { ...this.#item(owner, message, asked, at), ...(asked.kind !== 'released' && { open: { N: '1' } }) }
    for (;;) {
      if (await table.putIf(item, 'attribute_not_exists(pk)')) {
        return verdictOf(item)
      }
      const [found] = await table.get([this.#outcomeKey(owner, message.id)])
      if (found !== undefined) return verdictOf(found)
    }
  }

  async standings(owner: Owner, ids: readonly string[], budget?: ReadBudget): Promise<ReadonlyMap<string, HeldStanding>> {
    const { table } = this.#parts
    const pk = messagesOf(owner)
    const keys = [...new Set(ids)].flatMap((id) => ['0', '1'].map((kind) => ({ pk, sk: `${id}#${kind}` })))
    const found = new Map<string, HeldStanding>()
    for (const item of await table.get(keys, budget)) {
      const [id = '', kind] = text(item, 'sk')?.split('#') ?? []
      const ref = text(item, 'ref')
      const callback = text(item, 'callback')
      const held = kind === '0' ? heldOf(item) : undefined
      found.set(id, {
        ...found.get(id),
        ...(ref !== undefined && { ref }),
        ...(callback !== undefined && { callback }),
        ...(held !== undefined && { held }),
        ...(kind === '1' && { verdict: verdictOf(item) }),
      })
    }
    return found
  }

  async reportCancelled(owner: Owner, message: Decided & { readonly at: number }): Promise<void> {
    const { id, ref, callback, at } = message
    const named = { ...(ref !== undefined && { ref }), ...(callback !== undefined && { callback }) }
    await this.#parts.appendPages(owner, [{ id, status: 'cancelled', at, ...named }])
    await this.#parts.table.put([this.#item(owner, message, { kind: 'cancelled' }, at)])
  }

  async owe(owner: Owner, debts: readonly Owed[]): Promise<void> {
    // Longer than any message is held.
    const ttl = { N: String(keptUntil(this.#parts.now() + maxSendAt)) }
    await this.#parts.table.put(
      debts.map(({ id, units, acceptedAt, kind }) => ({
        pk: { S: debtsOf(owner) },
        sk: { S: id },
        units: { N: String(units) },
        acceptedAt: { N: String(acceptedAt) },
        ...(kind !== undefined && { kind: { S: kind } }),
        ttl,
      })),
    )
  }

  async owed(owner: Owner, after = '0'): Promise<readonly Owed[]> {
    const items = await this.#parts.table.query(debtsOf(owner), after, debtsARead)
    return items.map((item) => {
      const kind = text(item, 'kind')
      return {
        id: text(item, 'sk') ?? '',
        units: number(item, 'units') ?? 0,
        acceptedAt: number(item, 'acceptedAt') ?? 0,
        ...(kind !== undefined && { kind }),
      }
    })
  }

  async settle(owner: Owner, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#parts.table.remove(ids.map((id) => ({ pk: debtsOf(owner), sk: id })))
  }

  #outcomeKey(owner: Owner, id: string) {
    return { pk: messagesOf(owner), sk: `${id}#1` }
  }

  #item(owner: Owner, { id, ref, callback, until }: Decided, asked: Asked, at: number): Item {
    const { pk, sk } = this.#outcomeKey(owner, id)
    return {
      pk: { S: pk },
      sk: { S: sk },
      status: { S: statusOf[asked.kind] },
      at: { N: String(at) },
      // A cancelled message that were forgotten before its time would be sent.
      ttl: { N: String(keptUntil(this.#parts.now(), until)) },
      ...(ref !== undefined && { ref: { S: ref } }),
      ...(callback !== undefined && { callback: { S: callback } }),
      ...(asked.kind === 'refused' && { code: { S: asked.code } }),
    }
  }
}

function debtsOf({ customer, environment }: Owner): string {
  return `o#${customer}#${environment}`
}
