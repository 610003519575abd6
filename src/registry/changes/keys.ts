import { addressRange } from '../../domain/address.ts'
import { type Credential, keyState } from '../../domain/credential.ts'
import { nearest } from '../../domain/nearest.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { sealedUnder } from '../../domain/seal.ts'
import type { Profile } from '../registry.ts'
import type { NewKey, ProfileChange } from './change.ts'

type Of<Kind extends ProfileChange['kind']> = Extract<ProfileChange, { kind: Kind }>

/** @throws Problem `key-unknown`, with the nearest */
export function keyOf(credentials: readonly Credential[], keyId: string, customer: string): Credential {
  const found = credentials.find((credential) => credential.keyId === keyId)
  if (found !== undefined) return found
  const meant = nearest(
    keyId,
    credentials.map((credential) => credential.keyId),
  )
  throw new Problem(
    'key-unknown',
    `"${customer}" has no key "${keyId}"${meant === undefined ? '.' : `; did you mean "${meant}"?`}`,
    { next: apigw('key list', customer) },
  )
}

/** @throws Problem `input-invalid` if it would expire before it begins */
export function credentialOf(customer: string, key: NewKey, now: number): Credential {
  const { keyId, environment, side, expiresAt, allowIps = [] } = key
  const notBefore = Math.max(now, key.notBefore ?? now)
  if (expiresAt !== undefined && expiresAt <= notBefore) {
    throw new Problem('input-invalid', 'The key would have expired before it begins.', { next: 'give --expires a time to come' })
  }
  return {
    customer,
    keyId,
    environment,
    notBefore,
    createdAt: now,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(allowIps.length > 0 && { allowIps: allowIps.map(addressRange) }),
    ...side,
  }
}

/** A key id belongs to one key for ever: a second one would answer for the first, also after that was revoked. */
function withKey(profile: Profile, credential: Credential): Profile {
  if (profile.credentials.some(({ keyId }) => keyId === credential.keyId)) {
    throw new Problem('input-invalid', `There is a key "${credential.keyId}" already.`, {
      next: apigw('key list', profile.customer.id),
    })
  }
  return { ...profile, credentials: [...profile.credentials, credential] }
}

export function issued(before: Profile, { customer, key }: Of<'issueKey'>, now: number): Profile {
  return withKey(before, credentialOf(customer, key, now))
}

/** The old key's end and the new key's: neither is later than the old key's end was. */
function earlier(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b)
}

/** @throws Problem `key-unknown`; `key-revoked` or `key-expired` where there is nothing to replace */
export function rotated(before: Profile, change: Of<'rotateKey'>, now: number): Profile {
  const { customer, keyId, overlapMs, newKeyId, side } = change
  const found = keyOf(before.credentials, keyId, customer)
  const state = keyState(found, now)
  if (state === 'revoked' || state === 'expired') {
    const code = state === 'revoked' ? 'key-revoked' : 'key-expired'
    throw new Problem(code, `${keyId} is ${state}: there is nothing to rotate.`, {
      next: apigw('key issue', customer, '--env', found.environment),
    })
  }
  if (side.scheme !== found.scheme) {
    throw new Problem('input-invalid', `${keyId} is a key of the scheme ${found.scheme}, and so is what replaces it.`)
  }
  const { environment, expiresAt, allowIps, notBefore } = found
  const input = { keyId: newKeyId, environment, side, notBefore, ...(expiresAt !== undefined && { expiresAt }) }
  const fresh = { ...credentialOf(customer, input, now), ...(allowIps !== undefined && { allowIps }) }
  const ending = { ...found, expiresAt: earlier(found.expiresAt, now + overlapMs) }
  const credentials = before.credentials.map((credential) => (credential === found ? ending : credential))
  return withKey({ ...before, credentials }, fresh)
}

/** Doing it again changes nothing. */
export function revoked(before: Profile, { customer, keyId }: Of<'revokeKey'>, now: number): Profile {
  const found = keyOf(before.credentials, keyId, customer)
  const ended = { ...found, revokedAt: found.revokedAt ?? now }
  return { ...before, credentials: before.credentials.map((credential) => (credential === found ? ended : credential)) }
}

/** @throws Problem `input-invalid` for a secret that is not sealed under the master key that was named */
export function rewrapped(before: Profile, { masterId, keys }: Of<'rewrapKeys'>): Profile {
  if (keys.some(({ to }) => sealedUnder(to) !== masterId)) {
    throw new Problem('input-invalid', `A secret is not sealed under the master key ${masterId}.`)
  }
  const credentials = before.credentials.map((credential) => {
    if (credential.scheme !== 'hmac') return credential
    const fresh = keys.find(({ keyId, from }) => keyId === credential.keyId && from === credential.sealed)
    return fresh === undefined ? credential : { ...credential, sealed: fresh.to }
  })
  return { ...before, credentials }
}
