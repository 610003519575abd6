import { type CryptoKey, errors, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { randomId } from '../../../domain/ids.ts'
import { type Environment, environments } from '../../../domain/names.ts'
import { Problem } from '../../../domain/problem.ts'
import type { MasterKeys } from '../../../domain/seal.ts'
import {
  authenticTokenKeys,
  openTokenKey,
  sealTokenKey,
  type TokenKey,
  tokenKeysDocument,
  tokenKeysToKeep,
} from '../../../domain/token-keys.ts'
import type { Registry } from '../../../registry/index.ts'

/** The one algorithm. A token that names another is refused before anything is computed (RFC 8725, section 3.1). */
const algorithm = 'EdDSA'
/** RFC 9068: says what the token is, so that another kind of token signed by us can never be taken for one. */
const type = 'at+jwt'
export const tokenSeconds = 900
/** How long a token is accepted after it expires. The registry's clock decides, so this covers only the call's travel time. */
export const toleranceMs = 5_000
/** A signing key signs for so long, and is published for as long again, well beyond the last token it signed. */
const signMs = 30 * 86_400_000
const publishMs = 2 * signMs
/** More than there are in 60 days, also while a master key is changed. */
const maxKept = 20
const reloadMs = 60_000
/** An unknown key id may be a key that another gateway has just made, or a flood: asked for once in so long. */
const reloadAtMostEveryMs = 1_000

export interface TokenHolder {
  readonly customer: string
  readonly keyId: string
  readonly environment: Environment
  /** By the registry's clock, in milliseconds since 1970. */
  readonly expiresAt: number
}

/** A holder whose token was checked, and for how much longer it is good. */
export interface CheckedHolder extends TokenHolder {
  readonly leftMs: number
}

/** Issues and checks bearer tokens. Every time in them is of the registry's clock, which all gateways share. */
export interface Tokens {
  /** @param now the registry's clock, as the admission of the call gave it. @throws Problem `master-key-missing` */
  issue(holder: Omit<TokenHolder, 'expiresAt'>, now: number): Promise<string>
  /** @throws Problem `token-invalid`, `token-expired`; `master-key-missing` where signing keys cannot be authenticated */
  verify(token: string): Promise<CheckedHolder>
  /** Public keys (RFC 7517). @throws Problem `master-key-missing` */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>
}

interface TokensParts {
  readonly registry: Registry
  readonly masterKeys: MasterKeys | undefined
  /** `iss` of the tokens: the address that the API is known by. */
  readonly issuer: string
  /** This machine's clock: only for how long keys are kept before they are read again. */
  readonly now: () => number
}

const audience = 'apigw'

async function newTokenKey(masterKeys: MasterKeys, now: number): Promise<TokenKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true })
  const kid = randomId(16)
  const { x = '' } = await exportJWK(publicKey)
  const shown = { kty: 'OKP', crv: 'Ed25519', x, kid, alg: algorithm, use: 'sig' } as const
  return sealTokenKey({ kid, createdAt: now, publicKey: shown }, JSON.stringify(await exportJWK(privateKey)), masterKeys)
}

/** What makes tokens, on keys that all gateways share through the registry. */
export function createTokens({ registry, masterKeys, issuer, now }: TokensParts): Tokens {
  let keys: readonly TokenKey[] = []
  let loadedAt = Number.NEGATIVE_INFINITY

  /** Without a master key the gateway cannot tell whether a signing key in the registry is authentic. */
  function opened(): MasterKeys {
    if (masterKeys !== undefined) return masterKeys
    throw new Problem('master-key-missing', 'This gateway has no master key, so it can neither issue nor check tokens.')
  }

  async function load(olderThanMs: number): Promise<void> {
    const age = now() - loadedAt
    // A clock that was set back would otherwise keep old keys for as long as it was set back.
    if (age >= 0 && age < olderThanMs) return
    const stored = await registry.document(tokenKeysDocument)
    keys = authenticTokenKeys(stored?.text, opened())
    loadedAt = now()
  }

  /** The newest key, or a new one where that has signed for long enough. Two gateways that make one agree on one. */
  async function signingKey(at: number): Promise<TokenKey> {
    const master = opened()
    await load(reloadMs)
    const signs = (key: TokenKey | undefined): key is TokenKey => key !== undefined && at - key.createdAt < signMs
    for (;;) {
      const newest = keys[0]
      if (signs(newest)) return newest
      const stored = await registry.document(tokenKeysDocument)
      const current = authenticTokenKeys(stored?.text, master)
      if (!signs(current[0])) {
        const made = await newTokenKey(master, at)
        const kept = tokenKeysToKeep(stored?.text, master).filter((key) => at - key.createdAt < publishMs)
        await registry.saveDocument(tokenKeysDocument, JSON.stringify([made, ...kept.slice(0, maxKept)]), stored?.version)
      }
      await load(0)
    }
  }

  async function keyNamed(kid: string | undefined): Promise<TokenKey> {
    await load(reloadMs)
    let found = keys.find((key) => key.kid === kid)
    if (found === undefined) {
      await load(reloadAtMostEveryMs)
      found = keys.find((key) => key.kid === kid)
    }
    if (found === undefined) throw new Problem('token-invalid', 'The token was not signed by a key of this API.')
    return found
  }

  async function verify(token: string): Promise<CheckedHolder> {
    opened()
    const { holder, issuedAt, key } = await signedHolder(token, keyNamed, issuer)
    const { customer, keyId, environment, expiresAt } = holder
    const [credential, at] = await Promise.all([registry.credential(customer, keyId), registry.now()])
    // Also of a key that was removed since: admission would refuse it in the same words.
    if (credential?.scheme !== 'jwt' || credential.environment !== environment) {
      throw new Problem('token-invalid', 'The token names no key that tokens are issued for.')
    }
    if (at - key.createdAt >= publishMs) throw new Problem('token-invalid', 'The token was signed by a key that has ended.')
    if (issuedAt > at + toleranceMs || expiresAt > at + tokenSeconds * 1000 + toleranceMs) {
      throw new Problem('token-invalid', 'The token is from the future.')
    }
    if (at >= expiresAt + toleranceMs) throw tokenExpired()
    return { ...holder, leftMs: expiresAt + toleranceMs - at }
  }

  return {
    issue: async ({ customer, keyId, environment }, at) => {
      const key = await signingKey(at)
      const secret: JWK = JSON.parse(openTokenKey(key, opened()))
      const seconds = Math.floor(at / 1000)
      return new SignJWT({ client_id: keyId, env: environment })
        .setProtectedHeader({ alg: algorithm, typ: type, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(customer)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + tokenSeconds)
        .setJti(randomId())
        .sign(await importJWK(secret, algorithm))
    },
    verify,
    jwks: async () => {
      opened()
      await load(reloadMs)
      return { keys: keys.map((key) => key.publicKey) }
    },
  }
}

/** The one answer to a token that has ended, wherever that is noticed. */
export function tokenExpired(): Problem {
  return new Problem('token-expired', 'The token has expired: get a new one from /v1.0/token.')
}

interface Signed {
  readonly holder: TokenHolder
  readonly issuedAt: number
  readonly key: TokenKey
}

/** Larger than any clock difference: `verify` checks the times by the registry's clock, not by this machine's. */
const anyTimeSeconds = 100 * 366 * 86_400

/** Checks signature and claims, and no times. */
async function signedHolder(
  token: string,
  keyNamed: (kid: string | undefined) => Promise<TokenKey>,
  issuer: string,
): Promise<Signed> {
  let key: TokenKey | undefined
  const opening = async ({ kid }: { kid?: string }): Promise<CryptoKey | Uint8Array> => {
    key = await keyNamed(kid)
    return importJWK(key.publicKey, algorithm)
  }
  try {
    const { payload } = await jwtVerify(token, opening, {
      algorithms: [algorithm],
      typ: type,
      issuer,
      audience,
      clockTolerance: anyTimeSeconds,
      requiredClaims: ['sub', 'exp', 'iat', 'client_id', 'env'],
    })
    const { sub, exp, iat, nbf, client_id: keyId, env } = payload
    const environment = environments.find((known) => known === env)
    const isWhole = sub !== undefined && exp !== undefined && iat !== undefined && typeof keyId === 'string'
    // Tokens of this API have no `nbf`, so it is not checked.
    if (!isWhole || environment === undefined || nbf !== undefined || key === undefined) {
      throw new Problem('token-invalid', 'The token does not have the claims of a token of this API.')
    }
    return { holder: { customer: sub, keyId, environment, expiresAt: exp * 1000 }, issuedAt: iat * 1000, key }
  } catch (error) {
    if (error instanceof Problem) throw error
    if (error instanceof errors.JWTExpired) throw tokenExpired()
    if (error instanceof errors.JOSEError) throw new Problem('token-invalid', 'The token is not valid.', { cause: error })
    throw error
  }
}
