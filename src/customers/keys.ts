import type { AddressRange } from '../domain/address.ts'
import { type Credential, digestOf, keyState, newKeyId, newSecret, ownerOf, type Scheme } from '../domain/credential.ts'
import type { Environment } from '../domain/names.ts'
import { Problem } from '../domain/problem.ts'
import { type MasterKeys, seal, sealedUnder, unseal } from '../domain/seal.ts'
import { authenticTokenKeys, isStale, openTokenKey, sealTokenKey, tokenKeysDocument } from '../domain/token-keys.ts'
import type { Registry } from '../registry/index.ts'
import { type Context, changeProfile, storedProfile } from './change.ts'
import { nearest } from './nearest.ts'

export interface KeyWishes {
  readonly scheme: Scheme
  readonly environment: Environment
  /** Milliseconds since 1970. */
  readonly notBefore?: number | undefined
  readonly expiresAt?: number | undefined
  readonly allowIps?: readonly AddressRange[] | undefined
}

/** A new key with its secret: the only moment at which the secret exists outside the customer's hands. */
export interface IssuedKey {
  readonly credential: Credential
  /** `ID:PW:API_KEY`, as it goes into `Authorization: Basic` after base64, or to `apigw sign`. */
  readonly basic: string
  readonly secret: string
}

function needed(masterKeys: MasterKeys | undefined): MasterKeys {
  if (masterKeys !== undefined) return masterKeys
  throw new Problem('master-key-missing', 'An HMAC secret is kept encrypted, and there is no master key to encrypt it under.', {
    next: 'set APIGW_MASTER_KEY, APIGW_MASTER_KEY_FILE or APIGW_MASTER_KEY_SECRET (openssl rand -base64 32 makes one)',
  })
}

/** Only HMAC secrets are sealed: for the others no master key is fetched from anywhere. */
async function masterKeysFor(context: Context, scheme: Scheme): Promise<MasterKeys | undefined> {
  return scheme === 'hmac' ? needed(await context.masterKeys?.()) : undefined
}

/** @throws Problem `input-invalid` if it would expire before it begins; `master-key-missing` */
export function newKey(customer: string, wishes: KeyWishes, now: number, masterKeys?: MasterKeys): IssuedKey {
  const { scheme, environment, expiresAt, allowIps } = wishes
  const notBefore = Math.max(now, wishes.notBefore ?? now)
  if (expiresAt !== undefined && expiresAt <= notBefore) {
    throw new Problem('input-invalid', 'The key would have expired before it begins.', { next: 'give --expires a time to come' })
  }
  const secret = newSecret(environment)
  const common = {
    customer,
    keyId: newKeyId(environment),
    environment,
    notBefore,
    createdAt: now,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(allowIps !== undefined && allowIps.length > 0 && { allowIps }),
  }
  const credential: Credential =
    scheme === 'hmac'
      ? { ...common, scheme, sealed: seal(secret, ownerOf(common), needed(masterKeys)) }
      : { ...common, scheme, digest: digestOf(secret) }
  return { credential, secret, basic: `${customer}:${secret}:${credential.keyId}` }
}

export async function issueKey(context: Context, customer: string, wishes: KeyWishes): Promise<IssuedKey> {
  // The clock that will judge the key sets when it begins: ours may be ahead of it.
  const { now } = await context.registry.usage(customer, wishes.environment)
  const issued = newKey(customer, wishes, now, await masterKeysFor(context, wishes.scheme))
  const { keyId } = issued.credential
  await changeProfile(context, customer, `key ${keyId} issued (${wishes.scheme}, ${wishes.environment})`, (profile) => ({
    ...profile,
    credentials: [...profile.credentials, issued.credential],
  }))
  return issued
}

/** The old key's end and the new key's: neither is later than the old key's end was. */
function earlier(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b)
}

/**
 * Replaces a key by a new one of the same scheme, environment, address ranges and end. The old one works for another
 * `overlapMs`, or until its own end if that is sooner: rotating lengthens nobody's validity.
 *
 * @throws Problem `key-unknown`; `key-revoked` or `key-expired` where there is nothing to replace
 */
export async function rotateKey(
  context: Context,
  customer: string,
  keyId: string,
  overlapMs: number,
): Promise<{ issued: IssuedKey; old: Credential }> {
  const { now } = await context.registry.usage(customer, 'live')
  const masterKeys = await masterKeysFor(context, (await showKey(context.registry, customer, keyId)).scheme)
  let issued: IssuedKey | undefined
  const profile = await changeProfile(context, customer, `key ${keyId} rotated`, (before) => {
    const found = keyOf(before.credentials, keyId, customer)
    const state = keyState(found, now)
    if (state === 'revoked' || state === 'expired') {
      throw new Problem(
        state === 'revoked' ? 'key-revoked' : 'key-expired',
        `${keyId} is ${state}: there is nothing to rotate.`,
        {
          next: `apigw key issue ${customer} --env ${found.environment}`,
        },
      )
    }
    const { scheme, environment, expiresAt, allowIps, notBefore } = found
    issued = newKey(customer, { scheme, environment, expiresAt, allowIps, notBefore }, now, masterKeys)
    const ending = { ...found, expiresAt: earlier(found.expiresAt, now + overlapMs) }
    const others = before.credentials.map((credential) => (credential === found ? ending : credential))
    return { ...before, credentials: [...others, issued.credential] }
  })
  if (issued === undefined) throw new Error('a key was rotated, and there is no new one')
  return { issued, old: keyOf(profile.credentials, keyId, customer) }
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

/**
 * Seals every HMAC secret of a customer anew under the current master key. The secrets stay what they are, so the
 * customer notices nothing.
 *
 * @returns how many were sealed under another one before
 */
export async function rewrapKeys(context: Context, customer: string): Promise<number> {
  const masterKeys = needed(await context.masterKeys?.())
  const stale = (credential: Credential): boolean =>
    credential.scheme === 'hmac' && sealedUnder(credential.sealed) !== masterKeys.current.id
  const { profile } = await storedProfile(context.registry, customer)
  if (!profile.credentials.some(stale)) return 0
  let rewrapped = 0
  await changeProfile(context, customer, `keys sealed under master key ${masterKeys.current.id}`, (before) => {
    rewrapped = before.credentials.filter(stale).length
    const credentials = before.credentials.map((credential) => {
      if (credential.scheme !== 'hmac' || !stale(credential)) return credential
      const owner = ownerOf(credential)
      return { ...credential, sealed: seal(unseal(credential.sealed, owner, masterKeys), owner, masterKeys) }
    })
    return { ...before, credentials }
  })
  return rewrapped
}

/**
 * Seals the keys that sign tokens anew under the current master key.
 * @returns how many were sealed under another one before
 */
export async function rewrapTokenKeys(context: Context): Promise<number> {
  const masterKeys = needed(await context.masterKeys?.())
  for (;;) {
    const stored = await context.registry.document(tokenKeysDocument)
    const keys = authenticTokenKeys(stored?.text, masterKeys)
    const stale = keys.filter((key) => isStale(key, masterKeys))
    if (stale.length === 0) return 0
    const sealed = keys.map((key) => (stale.includes(key) ? sealTokenKey(key, openTokenKey(key, masterKeys), masterKeys) : key))
    // A gateway may have added a key meanwhile: then once more, with that one.
    if (await context.registry.saveDocument(tokenKeysDocument, JSON.stringify(sealed), stored?.version)) return stale.length
  }
}

export async function keysOf(registry: Registry, customer: string): Promise<readonly Credential[]> {
  return (await storedProfile(registry, customer)).profile.credentials
}

/** @throws Problem `key-unknown`, with the nearest */
export async function showKey(registry: Registry, customer: string, keyId: string): Promise<Credential> {
  return keyOf(await keysOf(registry, customer), keyId, customer)
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
