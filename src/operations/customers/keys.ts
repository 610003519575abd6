import type { AddressRange } from '../../domain/address.ts'
import { type Credential, digestOf, newKeyId, newSecret, ownerOf, type Scheme } from '../../domain/credential.ts'
import type { Environment } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import { type MasterKeys, seal, sealedUnder, unseal } from '../../domain/seal.ts'
import { isStale, openTokenKey, sealTokenKey, tokenKeysDocument, tokenKeysToKeep } from '../../domain/token-keys.ts'
import { keyOf, type NewKey, type OperatorRegistry, type Profile, type SecretSide, storedProfile } from '../../registry/index.ts'
import { type Context, changedProfile } from './change.ts'

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

/** A new key, and the secret of which only one side is kept. */
interface Made {
  readonly key: NewKey
  readonly secret: string
}

function sideOf(secret: string, scheme: Scheme, owner: string, masterKeys: MasterKeys | undefined): SecretSide {
  return scheme === 'hmac' ? { scheme, sealed: seal(secret, owner, needed(masterKeys)) } : { scheme, digest: digestOf(secret) }
}

/** @throws Problem `master-key-missing` */
export function newSecretKey(customer: string, wishes: KeyWishes, masterKeys?: MasterKeys): Made {
  const { scheme, environment, notBefore, expiresAt, allowIps = [] } = wishes
  const secret = newSecret(environment)
  const keyId = newKeyId(environment)
  const key: NewKey = {
    keyId,
    environment,
    side: sideOf(secret, scheme, ownerOf({ customer, keyId, environment }), masterKeys),
    ...(notBefore !== undefined && { notBefore }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(allowIps.length > 0 && { allowIps: allowIps.map(({ text }) => text) }),
  }
  return { key, secret }
}

/** The key as the registry made it: its clock set when it begins. */
export function issuedFrom({ customer: { id }, credentials }: Profile, { key: { keyId }, secret }: Made): IssuedKey {
  return { credential: keyOf(credentials, keyId, id), secret, basic: `${id}:${secret}:${keyId}` }
}

export async function issueKey(context: Context, customer: string, wishes: KeyWishes): Promise<IssuedKey> {
  const made = newSecretKey(customer, wishes, await masterKeysFor(context, wishes.scheme))
  return issuedFrom(await changedProfile(context, { kind: 'issueKey', customer, key: made.key }), made)
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
  const { scheme, environment } = await showKey(context.registry, customer, keyId)
  const made = newSecretKey(customer, { scheme, environment }, await masterKeysFor(context, scheme))
  const { keyId: newKeyId, side } = made.key
  const profile = await changedProfile(context, { kind: 'rotateKey', customer, keyId, overlapMs, newKeyId, side })
  return { issued: issuedFrom(profile, made), old: keyOf(profile.credentials, keyId, customer) }
}

/** Revokes a key for good. Doing it again changes nothing. */
export async function revokeKey(context: Context, customer: string, keyId: string): Promise<Credential> {
  const profile = await changedProfile(context, { kind: 'revokeKey', customer, keyId })
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
  const masterId = masterKeys.current.id
  const { profile } = await storedProfile(context.registry, customer)
  const keys = profile.credentials.flatMap((credential) => {
    if (credential.scheme !== 'hmac' || sealedUnder(credential.sealed) === masterId) return []
    const owner = ownerOf(credential)
    const to = seal(unseal(credential.sealed, owner, masterKeys), owner, masterKeys)
    return [{ keyId: credential.keyId, from: credential.sealed, to }]
  })
  if (keys.length > 0) await changedProfile(context, { kind: 'rewrapKeys', customer, masterId, keys })
  return keys.length
}

/**
 * Seals the keys that sign tokens anew under the current master key. A key that no master key vouches for is left as it is:
 * gateways do not trust it.
 *
 * @returns how many were sealed under another one before
 * @throws Problem `master-key-missing` where one is sealed under a master key that is not here
 */
export async function rewrapTokenKeys({ registry, actor, masterKeys: opened }: Context): Promise<number> {
  const masterKeys = needed(await opened?.())
  const stored = await registry.document(tokenKeysDocument)
  const stale = tokenKeysToKeep(stored?.text, masterKeys).filter((key) => isStale(key, masterKeys))
  const keys = stale.map((key) => {
    const { kid, sealed, mac } = sealTokenKey(key, openTokenKey(key, masterKeys), masterKeys)
    return { kid, sealed, mac }
  })
  if (keys.length > 0) await registry.change({ kind: 'rewrapTokenKeys', masterId: masterKeys.current.id, keys }, actor)
  return keys.length
}

export async function keysOf(registry: OperatorRegistry, customer: string): Promise<readonly Credential[]> {
  return (await storedProfile(registry, customer)).profile.credentials
}

/** @throws Problem `key-unknown`, with the nearest */
export async function showKey(registry: OperatorRegistry, customer: string, keyId: string): Promise<Credential> {
  return keyOf(await keysOf(registry, customer), keyId, customer)
}
