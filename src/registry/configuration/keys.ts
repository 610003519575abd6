import { addressRange } from '../../domain/address.ts'
import { type Credential, keyState } from '../../domain/credential.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { instantOf, type Locate } from './locate.ts'
import { fingerprintOf } from './of-profile.ts'
import { type ConfiguredKey, keyIdPattern } from './schema.ts'

function refusal(why: string, customer: string, environment: string): Problem {
  return new Problem('input-invalid', why, { next: apigw('key issue', customer, '--env', environment) })
}

/** What a key is for ever: its secret, its scheme, its environment and its beginning. @throws Problem `input-invalid` */
function checkSameKey(known: Credential, wish: ConfiguredKey): void {
  const { customer, environment } = known
  const created = wish.createdAt === undefined ? known.createdAt : instantOf(wish.createdAt)
  const digest = known.scheme === 'hmac' ? undefined : known.digest
  const isSame = wish.scheme === known.scheme && wish.environment === environment && created === known.createdAt
  if (isSame && (wish.digest ?? digest) === digest) return
  throw refusal('A key keeps its secret, scheme and environment. Issue another key instead.', customer, environment)
}

/**
 * Reading an older file again must not bring a key back: a rotation ends the old key early, and a revocation is for ever.
 * @throws Problem `input-invalid`
 */
function checkNotLonger(known: Credential, wish: { notBefore: number; expiresAt?: number; revokedAt?: number }): void {
  const { customer, environment } = known
  if (known.revokedAt !== undefined && wish.revokedAt !== known.revokedAt) {
    throw refusal('The key was revoked, which is permanent.', customer, environment)
  }
  const end = known.expiresAt ?? Number.POSITIVE_INFINITY
  if ((wish.expiresAt ?? Number.POSITIVE_INFINITY) > end || wish.notBefore < known.notBefore) {
    throw refusal('A file can shorten the validity of a key, and not extend it.', customer, environment)
  }
}

function validityOf(wish: ConfiguredKey, notBefore: number, now: number) {
  const { expiresAt, revokedAt } = wish
  if (revokedAt !== undefined && instantOf(revokedAt) > now) {
    throw new Problem('input-invalid', 'revokedAt is in the future.', { next: 'use expiresAt for an end that is to come' })
  }
  return {
    notBefore: wish.notBefore === undefined ? notBefore : instantOf(wish.notBefore),
    ...(expiresAt !== undefined && { expiresAt: instantOf(expiresAt) }),
    ...(revokedAt !== undefined && { revokedAt: instantOf(revokedAt) }),
  }
}

function allowed({ allowIps = [] }: ConfiguredKey) {
  return allowIps.length === 0 ? {} : { allowIps: allowIps.map(addressRange) }
}

function changedKey(known: Credential, wish: ConfiguredKey, now: number): Credential {
  checkSameKey(known, wish)
  const validity = validityOf(wish, known.notBefore, Math.max(now, known.revokedAt ?? now))
  checkNotLonger(known, validity)
  const { expiresAt: _, revokedAt: __, allowIps: ___, ...lasting } = known
  return { ...lasting, ...validity, ...allowed(wish) }
}

function newKey(customer: string, keyId: string, wish: ConfiguredKey, now: number): Credential {
  const { scheme, environment, digest, sealed } = wish
  if (keyIdPattern.exec(keyId)?.[1] !== environment) {
    throw new Problem('input-invalid', `The id of a key for ${environment} begins with ak_${environment}_.`)
  }
  const createdAt = wish.createdAt === undefined ? now : instantOf(wish.createdAt)
  const common = { customer, keyId, environment, createdAt, ...validityOf(wish, createdAt, now), ...allowed(wish) }
  if (scheme === 'hmac') {
    if (sealed !== undefined) return { ...common, scheme, sealed }
    throw refusal('This registry does not have the HMAC key, and the file does not hold it.', customer, environment)
  }
  if (digest !== undefined) return { ...common, scheme, digest }
  throw refusal('The key has no digest, so nothing could be checked with it.', customer, environment)
}

function checkParts({ scheme, digest, fingerprint, sealed }: ConfiguredKey): void {
  const other = scheme === 'hmac' ? (digest ?? fingerprint) : sealed
  if (other !== undefined) {
    throw new Problem('input-invalid', `A key of the scheme ${scheme} has ${scheme === 'hmac' ? 'no digest' : 'nothing sealed'}.`)
  }
  if (digest === undefined || fingerprint === undefined || fingerprintOf(digest) === fingerprint) return
  throw new Problem('input-invalid', 'The fingerprint is not that of the digest: one of them was edited.')
}

/**
 * Keys as a file has them. One that the file leaves out is revoked, because its id must never belong to another key.
 * @throws Problem `input-invalid`
 */
export function configuredKeys(
  before: readonly Credential[],
  customer: string,
  wish: Readonly<Record<string, ConfiguredKey>>,
  now: number,
  at: Locate,
): readonly Credential[] {
  const known = before.map((credential) => {
    const wished = wish[credential.keyId]
    if (wished !== undefined) {
      return at(['keys', credential.keyId], () => {
        checkParts(wished)
        return changedKey(credential, wished, now)
      })
    }
    const state = keyState(credential, now)
    return state === 'revoked' || state === 'expired' ? credential : { ...credential, revokedAt: now }
  })
  const others = Object.entries(wish).filter(([keyId]) => before.every((credential) => credential.keyId !== keyId))
  const added = others.map(([keyId, wished]) =>
    at(['keys', keyId], () => {
      checkParts(wished)
      return newKey(customer, keyId, wished, now)
    }),
  )
  return [...known, ...added]
}
