import type { AddressRange } from '../domain/address.ts'
import { type Credential, digestOf, newKeyId, newSecret, type Scheme } from '../domain/credential.ts'
import type { Environment } from '../domain/names.ts'
import { Problem } from '../domain/problem.ts'
import type { Registry } from '../registry/index.ts'
import { type Context, changeProfile, storedProfile } from './change.ts'
import { nearest } from './nearest.ts'

export interface KeyWishes {
  readonly scheme: Scheme
  readonly environment: Environment
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  readonly allowIps?: readonly AddressRange[] | undefined
}

/** A new key with its secret: the only moment at which the secret exists outside the customer's hands. */
export interface IssuedKey {
  readonly credential: Credential
  /** `ID:PW:API_KEY`, as it goes into `Authorization: Basic` after base64. */
  readonly basic: string
  readonly secret: string
}

/** @throws Problem `input-invalid` if it would expire before it begins */
export function newKey(customer: string, wishes: KeyWishes, now: number): IssuedKey {
  const { scheme, environment, expiresAt, allowIps } = wishes
  if (expiresAt !== undefined && expiresAt <= now) {
    throw new Problem('input-invalid', 'The key would have expired before it is issued.', {
      next: 'give --expires a time to come',
    })
  }
  const secret = newSecret(environment)
  const credential: Credential = {
    customer,
    keyId: newKeyId(environment),
    scheme,
    environment,
    digest: digestOf(secret),
    notBefore: now,
    createdAt: now,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(allowIps !== undefined && allowIps.length > 0 && { allowIps }),
  }
  return { credential, secret, basic: `${customer}:${secret}:${credential.keyId}` }
}

export async function issueKey(context: Context, customer: string, wishes: KeyWishes): Promise<IssuedKey> {
  // The clock that will judge the key sets when it begins: ours may be ahead of it.
  const { now } = await context.registry.usage(customer, wishes.environment)
  const issued = newKey(customer, wishes, now)
  const { keyId } = issued.credential
  await changeProfile(context, customer, `key ${keyId} issued (${wishes.scheme}, ${wishes.environment})`, (profile) => ({
    ...profile,
    credentials: [...profile.credentials, issued.credential],
  }))
  return issued
}

/** Revokes a key for good. Doing it again changes nothing. */
export async function revokeKey(context: Context, customer: string, keyId: string): Promise<Credential> {
  const { now } = await context.registry.usage(customer, 'live')
  const profile = await changeProfile(context, customer, `key ${keyId} revoked`, (before) => {
    const found = keyOf(before.credentials, keyId, customer)
    const revoked = { ...found, revokedAt: found.revokedAt ?? now }
    return { ...before, credentials: before.credentials.map((credential) => (credential === found ? revoked : credential)) }
  })
  return keyOf(profile.credentials, keyId, customer)
}

export async function keysOf(registry: Registry, customer: string): Promise<readonly Credential[]> {
  return (await storedProfile(registry, customer)).profile.credentials
}

function keyOf(credentials: readonly Credential[], keyId: string, customer: string): Credential {
  const found = credentials.find((credential) => credential.keyId === keyId)
  if (found !== undefined) return found
  const meant = nearest(
    keyId,
    credentials.map((credential) => credential.keyId),
  )
  throw new Problem(
    'key-unknown',
    `"${customer}" has no key "${keyId}"${meant === undefined ? '.' : `; did you mean "${meant}"?`}`,
    {
      next: `apigw key list ${customer}`,
    },
  )
}
