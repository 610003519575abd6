import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import { Problem } from './problem.ts'

/** A key of 256 bits that other secrets are encrypted under. `id` says which one, and nothing about it. */
export interface MasterKey {
  readonly id: string
  readonly bytes: Uint8Array
}

/** The key that new secrets are sealed under, and those that older ones still may be. */
export interface MasterKeys {
  readonly current: MasterKey
  readonly all: ReadonlyMap<string, MasterKey>
}

const version = 'v1'
/** 96 bits, as NIST SP 800-38D recommends for GCM; random, which is safe for far more secrets than there will be. */
const nonceBytes = 12
const tagBytes = 16

const hexKey = /^[0-9a-f]{64}$/i
/** Node skips what is not base64 and stops at a `=`: it would take a passphrase, or lose the second of two keys. */
const base64Key = /^[A-Za-z0-9+/_-]{43}=?$/

function masterKey(text: string): MasterKey {
  const bytes = hexKey.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
  if (!hexKey.test(text) && !base64Key.test(text)) {
    throw new Problem('master-key-invalid', 'A master key has to be 32 bytes in base64 or hexadecimal.', {
      next: 'make one: openssl rand -base64 32',
    })
  }
  return { id: hash('sha256', bytes, 'hex').slice(0, 8), bytes }
}

/**
 * Reads master keys, one a line or separated by commas; the first is the current one.
 * @throws Problem `master-key-invalid`, without saying what it read
 */
export function masterKeysFrom(text: string): MasterKeys {
  const keys = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(masterKey)
  const current = keys[0]
  if (current === undefined) throw new Problem('master-key-invalid', 'The master key is empty.')
  return { current, all: new Map(keys.map((key) => [key.id, key])) }
}

/**
 * Encrypts a secret with AES-256-GCM under the current master key.
 * @param owner bound in: what was sealed for one owner cannot be opened as another's
 * @returns `v1.MASTER_ID.NONCE.CIPHERTEXT_AND_TAG`
 */
export function seal(secret: string, owner: string, keys: MasterKeys): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keys.current.bytes, nonce).setAAD(Buffer.from(owner))
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [version, keys.current.id, nonce.toString('base64url'), sealed.toString('base64url')].join('.')
}

/** The id of the master key that a secret was sealed under. */
export function sealedUnder(sealed: string): string {
  return sealed.split('.')[1] ?? ''
}

/** @throws Problem `master-key-missing` where its master key is not among `keys`, or it is another owner's */
export function unseal(sealed: string, owner: string, keys: MasterKeys): string {
  const [kind, id = '', nonce = '', text = ''] = sealed.split('.')
  const key = keys.all.get(id)
  if (kind !== version || key === undefined) {
    throw new Problem('master-key-missing', `A secret was sealed under the master key ${id}, which is not here.`, {
      next: 'add that master key after the current one: APIGW_MASTER_KEY=NEW,OLD',
    })
  }
  const bytes = Buffer.from(text, 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, Buffer.from(nonce, 'base64url'), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new Problem('master-key-missing', 'A sealed secret does not open: it was changed, or belongs to another key.', {
      cause,
    })
  }
}
