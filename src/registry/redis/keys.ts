import type { Environment } from '../../domain/names.ts'
import { allCustomers } from '../registry.ts'

/**
 * The names of the keys. All keys of one customer carry the same hash tag `{customer}`, so that Redis Cluster keeps
 * them in one slot and one script may touch them all
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
 */
export const keys = {
  /** Hash: the profile as a document, its version, and the fields that an admission reads. */
  profile: (customer: string) => `apigw:{${customer}}:profile`,
  /** Hash: what was spent in one environment, as `open:RESERVATION` what is not settled yet, and as `message:ID` which reservation has a message. */
  usage: (customer: string, environment: Environment) => `apigw:{${customer}}:usage:${environment}`,
  /**
   * Hash: counters of the hours that are not filed yet, as `MINUTE|NAME` with the first minute of the hour since 1970. `v` is always
   * there; `reports` is up to where reports were counted.
   */
  counts: (customer: string, environment: Environment) => `apigw:{${customer}}:counts:${environment}`,
  /** Hash: filed counters of the hours that begin on one day of UTC, named as above. Expires. */
  filed: (customer: string, environment: Environment, day: number) => `apigw:{${customer}}:filed:${environment}:${day}`,
  /** Hash: one call with an Idempotency-Key. Expires. */
  idempotency: (customer: string, environment: Environment, key: string) => `apigw:{${customer}}:idem:${environment}:${key}`,
  /** Set: messages with keys of their own that were accepted in calls of one period (`messagePeriodOf`). Expires. */
  messages: (customer: string, environment: Environment, period: number) =>
    `apigw:{${customer}}:messages:${environment}:${period}`,
  /** Hash: messages whose units a settlement gave back in one period, with the time, and with the key that may take them again. Expires. */
  released: (customer: string, environment: Environment, period: number) =>
    `apigw:{${customer}}:released:${environment}:${period}`,
  /** Hash: messages whose units were given back in one period, until when (ms) that is known, the units, and when. Expires. */
  returned: (customer: string, environment: Environment, period: number) =>
    `apigw:{${customer}}:returned:${environment}:${period}`,
  /** String: this key has used this nonce. Expires. */
  nonce: (customer: string, keyId: string, nonce: string) => `apigw:{${customer}}:nonce:${keyId}:${nonce}`,
  /** String: until when (ms) the id of this removed customer cannot be used again. Expires. */
  retired: (customer: string) => `apigw:{${customer}}:retired`,
  /** Stream: the customer's audit log. Kept when the customer is removed. */
  history: (customer: string) => `apigw:{${customer}}:history`,
  /** Sorted set: every customer id that was ever added. In a slot of its own, so written before the profile. */
  customers: 'apigw:customers',
  /** Hash: a text that all gateways share, and its version. */
  document: (name: string) => `apigw:{${allCustomers}}:document:${name}`,
  /** String: the last proof that writes are taken. Expires. */
  ready: (tag: string) => `apigw:ready:${tag}`,
} as const
