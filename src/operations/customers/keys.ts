import type { AddressRange } from '../../domain/address.ts'
import { type Credential, digestOf, newKeyId, newSecret, ownerOf, type Scheme } from '../../domain/credential.ts'
import type { Environment } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import { type MasterKeys, seal, sealedUnder, unseal } from '../../domain/seal.ts'
import { isStale, openTokenKey, sealTokenKey, tokenKeysDocument, tokenKeysToKeep } from '../../domain/token-keys.ts'
import { keyOf, type NewKey, type OperatorRegistry, type Profile, type SecretSide, storedProfile } from '../../registry/index.ts'
import { type Context, changedProfile } from './change.ts'

export interface KeyInput {
  readonly scheme: Scheme
  readonly environment: Environment
  /** Milliseconds since 1970. */
  readonly notBefore?: number | undefined
  readonly expiresAt?: number | undefined
  readonly allowIps?: readonly AddressRange[] | undefined
}

/** A new key with its secret, which cannot be read again later. */
export interface IssuedKey {
  readonly credential: Credential
  /** `ID:PW:API_KEY`, for `Authorization: Basic` after base64 encoding, or for `apigw sign`. */
  readonly basic: string
  readonly secret: string
}

function requireMasterKeys(masterKeys: MasterKeys | undefined): MasterKeys {
  if (masterKeys !== undefined) return masterKeys
  throw new Problem('master-key-missing', 'HMAC secrets are stored encrypted, and no master key is configured.', {
    next: 'set APIGW_MASTER_KEY, APIGW_MASTER_KEY_FILE or APIGW_MASTER_KEY_SECRET (openssl rand -base64 32 generates one)',
  })
}

/** Reads the master keys only for HMAC, because the other schemes store a digest. */
async function masterKeysFor(context: Context, scheme: Scheme): Promise<MasterKeys | undefined> {
  return scheme === 'hmac' ? requireMasterKeys(await context.masterKeys?.()) : undefined
}

/** A new key for the registry, and its plaintext secret, which is not stored. */
interface NewSecretKey {
  readonly key: NewKey
  readonly secret: string
}

function sideOf(secret: string, scheme: Scheme, owner: string, masterKeys: MasterKeys | undefined): SecretSide {
  return scheme === 'hmac'
    ? { scheme, sealed: seal(secret, owner, requireMasterKeys(masterKeys)) }
    : { scheme, digest: digestOf(secret) }
}

/** @throws Problem `master-key-missing` */
export function newSecretKey(customer: string, input: KeyInput, masterKeys?: MasterKeys): NewSecretKey {
  const { scheme, environment, notBefore, expiresAt, allowIps = [] } = input
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

/** The key as stored: the registry's clock sets its start. */
export function issuedFrom({ customer: { id }, credentials }: Profile, { key: { keyId }, secret }: NewSecretKey): IssuedKey {
  return { credential: keyOf(credentials, keyId, id), secret, basic: `${id}:${secret}:${keyId}` }
}

export async function issueKey(context: Context, customer: string, input: KeyInput): Promise<IssuedKey> {
  const made = newSecretKey(customer, input, await masterKeysFor(context, input.scheme))
  return issuedFrom(await changedProfile(context, { kind: 'issueKey', customer, key: made.key }), made)
}

/**
 * Replaces a key with a new one of the same scheme, environment, address ranges and expiry. The old key stays valid for
 * `overlapMs`, or until its own expiry if that is sooner. A rotation never extends validity.
 *
 * @throws Problem `key-unknown`; `key-revoked` or `key-expired` if the key is no longer valid
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

/** Revokes a key permanently. Idempotent. */
export async function revokeKey(context: Context, customer: string, keyId: string): Promise<Credential> {
  const profile = await changedProfile(context, { kind: 'revokeKey', customer, keyId })
  return keyOf(profile.credentials, keyId, customer)
}

/**
 * Re-encrypts every HMAC secret of a customer with the current master key. The secrets do not change, so the customer is not
 * affected.
 *
 * @returns how many were encrypted with an older master key
 */
export async function rewrapKeys(context: Context, customer: string): Promise<number> {
  const masterKeys = requireMasterKeys(await context.masterKeys?.())
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
 * Re-encrypts the token signing keys with the current master key. A key without a valid MAC is not changed, because gateways
 * do not trust it.
 *
 * @returns how many were encrypted with an older master key
 * @throws Problem `master-key-missing` if one is encrypted with a master key that is not configured
 */
export async function rewrapTokenKeys({ registry, actor, masterKeys: opened }: Context): Promise<number> {
  const masterKeys = requireMasterKeys(await opened?.())
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

/** @throws Problem `key-unknown`, with the closest match */
export async function showKey(registry: OperatorRegistry, customer: string, keyId: string): Promise<Credential> {
  return keyOf(await keysOf(registry, customer), keyId, customer)
}
