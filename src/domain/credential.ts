import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { AddressRange } from './address.ts'
import { randomId } from './ids.ts'
import type { Environment } from './names.ts'

export const schemes = ['basic', 'hmac', 'jwt'] as const
export type Scheme = (typeof schemes)[number]

interface CommonCredential {
  readonly customer: string
  /** Public name of the key, and the third part of a Basic credential. */
  readonly keyId: string
  readonly environment: Environment
  readonly notBefore: number
  /** Milliseconds since 1970; absent: until revoked. */
  readonly expiresAt?: number
  readonly revokedAt?: number
  /** Absent: from anywhere. */
  readonly allowIps?: readonly AddressRange[]
  readonly createdAt: number
}

interface DigestCredential extends CommonCredential {
  /** `jwt`: the secret signs in at the token endpoint only. */
  readonly scheme: 'basic' | 'jwt'
  /** SHA-256 of the secret, in hexadecimal. The secret has 256 random bits, so a slow hash would protect nothing more. */
  readonly digest: string
}

interface SealedCredential extends CommonCredential {
  readonly scheme: 'hmac'
  /** The secret, which has to be known to check a signature, encrypted under a master key (`domain/seal.ts`). */
  readonly sealed: string
}

/** What a customer signs in with, as it is stored: it holds nothing that a thief could sign in with. */
export type Credential = DigestCredential | SealedCredential

/** What is bound into a sealed secret: it opens for this key of this customer and for no other. */
export function ownerOf({ customer, keyId, environment }: Pick<Credential, 'customer' | 'keyId' | 'environment'>): string {
  return `${customer}:${keyId}:${environment}`
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function inBase62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest /= 62n) text = base62[Number(rest % 62n)] + text
  return text
}

/**
 * A new secret: `apigw_live_`, 43 characters holding 256 random bits, and 6 characters of CRC-32 over what precedes
 * them. The prefix lets a leak scanner find it, the checksum lets it dismiss look-alikes without asking anyone (the
 * form that GitHub uses, https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/).
 */
export function newSecret(environment: Environment): string {
  const body = `apigw_${environment}_${inBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), 43)}`
  return body + inBase62(BigInt(crc32(body)), 6)
}

const secretPattern = /^apigw_(?:live|test)_[0-9A-Za-z]{49}$/

/** Whether a text has the form and the checksum of a secret: what a leak scanner would look for. */
export function looksLikeSecret(text: string): boolean {
  return secretPattern.test(text) && inBase62(BigInt(crc32(text.slice(0, -6))), 6) === text.slice(-6)
}

export function newKeyId(environment: Environment): string {
  return `ak_${environment}_${randomId(20)}`
}

export function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

/** Compares without telling by its duration where the first difference is. */
export function secretMatches(secret: string, digest: string): boolean {
  return timingSafeEqual(hash('sha256', secret, 'buffer'), Buffer.from(digest, 'hex'))
}

/** The state of a key at an instant, for people. */
export function keyState(credential: Credential, now: number): 'active' | 'revoked' | 'expired' | 'not yet valid' {
  if (credential.revokedAt !== undefined) return 'revoked'
  if (credential.expiresAt !== undefined && now >= credential.expiresAt) return 'expired'
  return now < credential.notBefore ? 'not yet valid' : 'active'
}
