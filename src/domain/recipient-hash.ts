import { createHmac, hkdfSync } from 'node:crypto'
import type { Environment } from './names.ts'
import type { MasterKeys } from './seal.ts'

const keyBytes = 32

/** Keys of the hashes of recipients: new hashes are made with `current`, and older ones may be of any of `all`. */
export interface RecipientKeys {
  readonly current: Uint8Array
  /** The current one first. */
  readonly all: readonly Uint8Array[]
  /** The ids of their master keys. */
  readonly ids: ReadonlySet<string>
}

/** Keys of their own, so that what is indexed says nothing about what is sealed under the master keys. */
export function recipientKeys({ current, all }: MasterKeys): RecipientKeys {
  const derived = (bytes: Uint8Array): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', bytes, '', 'apigw/recipient-hash/v1', keyBytes))
  const older = [...all.values()].filter(({ id }) => id !== current.id)
  const masters = [current, ...older]
  return {
    current: derived(current.bytes),
    all: masters.map(({ bytes }) => derived(bytes)),
    ids: new Set(masters.map(({ id }) => id)),
  }
}

/**
 * By what a recipient's messages are found. There are few telephone numbers, so a hash without a key could be reversed by
 * trying all of them; with the customer in it, the hashes of two customers cannot be compared.
 * @param number E.164, as `phoneNumber` gives it
 * @returns HMAC-SHA-256 in base64url, 43 characters
 */
export function recipientHash(
  key: Uint8Array,
  { customer, environment }: { readonly customer: string; readonly environment: Environment },
  number: string,
): string {
  return createHmac('sha256', key).update(`${customer}\n${environment}\n${number}`).digest('base64url')
}
