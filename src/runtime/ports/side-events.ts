import type { WebhookEvent } from '../../domain/webhook.ts'
import type { Item, Table } from './dynamodb.ts'
import type { Owner } from './ledger.ts'

/** An event beside the reports. */
export interface SideEvent {
  /** Unique for the owner. */
  readonly key: string
  readonly event: WebhookEvent
  /** The name of the only endpoint that gets it; absent: all. */
  readonly only?: string
  /** Where that endpoint gets it: the callback of its message. Absent: at the endpoint's own URL. */
  readonly to?: string
}

const dayMs = 86_400_000

/** The partition of an owner's events. */
export function sideEventsOf({ customer, environment }: Owner): string {
  return `we#${customer}#${environment}`
}

/** Adds an event unless its key is there. @param keptDays how long its key is remembered @returns whether it is new */
export function addSideEvent(table: Table, now: number, owner: Owner, added: SideEvent, keptDays: number): Promise<boolean> {
  const item: Item = {
    pk: { S: sideEventsOf(owner) },
    sk: { S: added.key },
    doc: { S: JSON.stringify(added) },
    ttl: { N: String(Math.floor((now + keptDays * dayMs) / 1000)) },
  }
  return table.putIf(item, 'attribute_not_exists(pk)')
}
