import type { Facts } from '../../../../../src/dev/rehearse/cloudformation/inventory.ts'
import type { Quotas } from '../../../../../src/dev/rehearse/cloudformation/quotas.ts'
import type { JsonMap } from '../../../../../src/operations/cloudformation/index.ts'

/** Something that exists already. */
export type Existing = readonly [
  type: string,
  id: string,
  properties?: JsonMap,
  storageChangedAt?: number | undefined,
  published?: JsonMap,
]

export const now = Date.UTC(2026, 0, 1, 12)

/** What AWS refuses, and how it says so. */
export interface RefusalCase {
  readonly what: string
  readonly type: string
  /** `created` if left out. */
  readonly when?: 'created' | 'changed' | 'deleted'
  readonly id?: string
  readonly properties?: JsonMap
  /** Of a resource that is changed. */
  readonly before?: JsonMap
  readonly existing?: readonly Existing[]
  /** How long ago something of this type and id was deleted. */
  readonly deletedMsAgo?: number
  readonly facts?: Partial<Facts>
  readonly quotas?: Partial<Quotas>
  readonly says: RegExp
}

/** A policy document that allows actions. */
export function allowing(...Action: string[]): JsonMap {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] }
}
