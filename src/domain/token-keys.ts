import { type MasterKeys, seal, sealedUnder, unseal } from './seal.ts'

/** A key that signs bearer tokens, as all gateways share it. */
export interface TokenKey {
  readonly kid: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** A JWK (RFC 7517). */
  readonly publicKey: Readonly<Record<string, unknown>>
  /** The private key as a JWK, sealed under a master key. */
  readonly sealed: string
}

/** The shared document that holds them, newest first. */
export const tokenKeysDocument = 'token-keys'

function ownerOf(kid: string): string {
  return `token-key:${kid}`
}

/** @param text the document, if there is one */
export function tokenKeysFrom(text: string | undefined): readonly TokenKey[] {
  return text === undefined ? [] : JSON.parse(text)
}

export function sealTokenKey(key: Omit<TokenKey, 'sealed'>, secret: string, masterKeys: MasterKeys): TokenKey {
  return { ...key, sealed: seal(secret, ownerOf(key.kid), masterKeys) }
}

/** @returns the private key as the JSON of a JWK. @throws Problem `master-key-missing` */
export function openTokenKey({ kid, sealed }: TokenKey, masterKeys: MasterKeys): string {
  return unseal(sealed, ownerOf(kid), masterKeys)
}

export function isStale({ sealed }: TokenKey, masterKeys: MasterKeys): boolean {
  return sealedUnder(sealed) !== masterKeys.current.id
}
