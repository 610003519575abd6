import { createHmac, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import { type MasterKey, type MasterKeys, seal, sealedUnder, unseal } from './seal.ts'

/** The public half of a signing key: an Ed25519 JWK (RFC 8037), with what RFC 7517 adds to name it. */
const publicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  kid: z.string(),
  alg: z.literal('EdDSA'),
  use: z.literal('sig'),
})

const tokenKey = z.object({
  kid: z.string().min(1).max(64),
  /** By the registry's clock, in milliseconds since 1970. */
  createdAt: z.int(),
  publicKey,
  /** The private key as a JWK, sealed under a master key. */
  sealed: z.string(),
  /** `MASTER_ID.MAC` over the key: only a holder of the master key can create it. */
  mac: z.string(),
})

/** A key that signs bearer tokens, as all gateways share it. */
export type TokenKey = z.infer<typeof tokenKey>

/** The shared document that holds them, newest first. */
export const tokenKeysDocument = 'token-keys'

function ownerOf(kid: string): string {
  return `token-key:${kid}`
}

/**
 * The keys of the document, without authentication. Malformed entries, such as those without a MAC of earlier
 * versions, are left out. Only `authenticTokenKeys` may be trusted.
 *
 * @param text the document, if there is one
 */
export function tokenKeysFrom(text: string | undefined): readonly TokenKey[] {
  if (text === undefined) return []
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return []
  }
  const entries = Array.isArray(list) ? list : []
  return entries.flatMap((entry) => {
    const read = tokenKey.safeParse(entry)
    return read.success ? [read.data] : []
  })
}

/**
 * HMAC-SHA-256 over key id, creation time and public key. The master key encrypts with AES-GCM too, so the MAC has a key of
 * its own that is derived from it: one key for two algorithms is what NIST SP 800-57, section 5.2, advises against.
 */
function macOf({ kid, createdAt, publicKey: key }: Pick<TokenKey, 'kid' | 'createdAt' | 'publicKey'>, master: MasterKey): Buffer {
  const derived = createHmac('sha256', master.bytes).update('apigw/token-key/v1').digest()
  const text = JSON.stringify([kid, createdAt, key.kty, key.crv, key.x, key.kid, key.alg, key.use])
  return createHmac('sha256', derived).update(text).digest()
}

function isAuthentic(key: TokenKey, masterKeys: MasterKeys): boolean {
  const [id = '', text = ''] = key.mac.split('.')
  const master = masterKeys.all.get(id)
  const given = Buffer.from(text, 'base64url')
  if (master === undefined || key.publicKey.kid !== key.kid) return false
  const expected = macOf(key, master)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/**
 * The keys that were written by a holder of a master key. Access to the registry alone is not enough to add a key, to
 * replace its public half, or to make it younger.
 */
export function authenticTokenKeys(text: string | undefined, masterKeys: MasterKeys): readonly TokenKey[] {
  return tokenKeysFrom(text).filter((key) => isAuthentic(key, masterKeys))
}

/**
 * What may stay in the document when it is written anew: keys that are authentic, and those under a master key that is not
 * here, which another gateway may hold while the master key is being changed.
 */
export function tokenKeysToKeep(text: string | undefined, masterKeys: MasterKeys): readonly TokenKey[] {
  return tokenKeysFrom(text).filter((key) => isAuthentic(key, masterKeys) || !masterKeys.all.has(key.mac.split('.')[0] ?? ''))
}

/** Seals the private key and authenticates the rest, both under the current master key. */
export function sealTokenKey(
  { kid, createdAt, publicKey: key }: Omit<TokenKey, 'sealed' | 'mac'>,
  secret: string,
  masterKeys: MasterKeys,
): TokenKey {
  const { current } = masterKeys
  const mac = `${current.id}.${macOf({ kid, createdAt, publicKey: key }, current).toString('base64url')}`
  return { kid, createdAt, publicKey: key, sealed: seal(secret, ownerOf(kid), masterKeys), mac }
}

/** @returns the private key as the JSON of a JWK. @throws Problem `master-key-missing` */
export function openTokenKey({ kid, sealed }: TokenKey, masterKeys: MasterKeys): string {
  return unseal(sealed, ownerOf(kid), masterKeys)
}

export function isStale({ sealed, mac }: TokenKey, { current }: MasterKeys): boolean {
  return sealedUnder(sealed) !== current.id || mac.split('.')[0] !== current.id
}
