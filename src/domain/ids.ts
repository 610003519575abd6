import { createHash, randomFillSync } from 'node:crypto'

/** Crockford's base 32: no I, L, O or U, so an id survives being read aloud over the telephone. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Encodes the first `length` groups of five bits of `bytes`. */
function base32(bytes: Uint8Array, length: number): string {
  let text = ''
  let buffer = 0
  let bits = 0
  let at = 0
  while (text.length < length) {
    if (bits < 5) {
      buffer = (buffer << 8) | (bytes[at++] ?? 0)
      bits += 8
    }
    bits -= 5
    text += alphabet[(buffer >> bits) & 31]
    buffer &= (1 << bits) - 1
  }
  return text
}

// One call for 256 ids: a call into OpenSSL for each costs more than everything else that an id needs.
const pool = new Uint8Array(16 * 256)
let unused = pool.length

/** A new id of `length` characters (26 hold 130 bits, of which 128 are random). */
export function randomId(length = 26): string {
  if (unused === pool.length) {
    randomFillSync(pool)
    unused = 0
  }
  unused += 16
  return base32(pool.subarray(unused - 16, unused), length)
}

/** What a message id is made from when the call carried an Idempotency-Key. */
export interface MessageIdSource {
  readonly customer: string
  readonly environment: string
  readonly idempotencyKey: string
  readonly fingerprint: string
  readonly index: number
}

/**
 * The id of message `index` of a call with an Idempotency-Key: the same for every replay of the same call, also after
 * the registry has lost its memory, so that the worker recognises the second copy.
 */
export function messageIdOf(source: MessageIdSource): string {
  const { customer, environment, idempotencyKey, fingerprint, index } = source
  const text = JSON.stringify([customer, environment, idempotencyKey, fingerprint, index])
  return base32(createHash('sha256').update(text).digest(), 26)
}

/** A name for a list of ids: the same for the same ids in the same order, and for no others. */
export function nameOfIds(ids: readonly string[]): string {
  return base32(createHash('sha256').update(ids.join(' ')).digest(), 26)
}

/** What a message id is made from when the message has a key of its own. */
export interface KeyedMessageIdSource {
  readonly customer: string
  readonly environment: string
  readonly key: string
  /** A digest of what is sent to whom. */
  readonly content: string
}

/**
 * The id of a message with a key of its own. It does not depend on the call that carries it: the same message in another batch,
 * or from another machine, has the same id.
 */
export function keyedMessageIdOf({ customer, environment, key, content }: KeyedMessageIdSource): string {
  const text = JSON.stringify([customer, environment, 'key', key, content])
  return base32(createHash('sha256').update(text).digest(), 26)
}

export const messageIdPattern = /^[0-9A-HJKMNP-TV-Z]{26}$/

/** An image's id: the hash of its content, so the same image has one id and is kept once. */
export function mediaIdOf(content: Uint8Array): string {
  return base32(createHash('sha256').update(content).digest(), 26)
}
