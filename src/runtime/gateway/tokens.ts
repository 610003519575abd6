import { errors, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { randomId } from '../../domain/ids.ts'
import { type Environment, environments } from '../../domain/names.ts'
import { Problem } from '../../domain/problem.ts'
import type { MasterKeys } from '../../domain/seal.ts'
import { openTokenKey, sealTokenKey, type TokenKey, tokenKeysDocument, tokenKeysFrom } from '../../domain/token-keys.ts'
import type { Registry } from '../../registry/index.ts'

/** The one algorithm. A token that names another is refused before anything is computed (RFC 8725, section 3.1). */
const algorithm = 'EdDSA'
/** RFC 9068: says what the token is, so that another kind of token signed by us can never be taken for one. */
const type = 'at+jwt'
export const tokenSeconds = 900
const clockToleranceSeconds = 5
/** A signing key signs for so long, and is published for as long again, well beyond the last token it signed. */
const signMs = 30 * 86_400_000
const publishMs = 2 * signMs
const reloadMs = 60_000
/** An unknown key id may be a key that another gateway has just made, or a flood: asked for once in so long. */
const reloadAtMostEveryMs = 1_000

export interface TokenHolder {
  readonly customer: string
  readonly keyId: string
  readonly environment: Environment
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Issues and checks bearer tokens. */
export interface Tokens {
  issue(holder: Omit<TokenHolder, 'expiresAt'>): Promise<string>
  /** @throws Problem `token-invalid`, `token-expired` */
  verify(token: string): Promise<TokenHolder>
  /** Public keys (RFC 7517). */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>
}

interface TokensParts {
  readonly registry: Registry
  readonly masterKeys: MasterKeys | undefined
  /** `iss` of the tokens: the address that the API is known by. */
  readonly issuer: string
  readonly now: () => number
}

const audience = 'apigw'

async function newTokenKey(masterKeys: MasterKeys, now: number): Promise<TokenKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true })
  const kid = randomId(16)
  const shown = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }
  return sealTokenKey({ kid, createdAt: now, publicKey: shown }, JSON.stringify(await exportJWK(privateKey)), masterKeys)
}

/** What makes tokens, on keys that all gateways share through the registry. */
export function createTokens({ registry, masterKeys, issuer, now }: TokensParts): Tokens {
  let keys: readonly TokenKey[] = []
  let loadedAt = Number.NEGATIVE_INFINITY

  async function load(olderThanMs: number): Promise<void> {
    if (now() - loadedAt < olderThanMs) return
    const stored = await registry.document(tokenKeysDocument)
    keys = tokenKeysFrom(stored?.text)
    loadedAt = now()
  }

  /** The newest key, or a new one where that has signed for long enough. Two gateways that make one agree on one. */
  async function signingKey(): Promise<{ key: TokenKey; masterKeys: MasterKeys }> {
    if (masterKeys === undefined)
      throw new Problem('master-key-missing', 'This gateway has no master key, so it cannot issue tokens.')
    await load(reloadMs)
    for (;;) {
      const newest = keys[0]
      if (newest !== undefined && now() - newest.createdAt < signMs) return { key: newest, masterKeys }
      const stored = await registry.document(tokenKeysDocument)
      const current = tokenKeysFrom(stored?.text)
      const made = await newTokenKey(masterKeys, now())
      const kept = current.filter((key) => now() - key.createdAt < publishMs)
      const fresh = current[0] !== undefined && now() - current[0].createdAt < signMs
      if (!fresh) await registry.saveDocument(tokenKeysDocument, JSON.stringify([made, ...kept]), stored?.version)
      await load(0)
    }
  }

  async function publicKey(kid: string | undefined): Promise<Awaited<ReturnType<typeof importJWK>>> {
    await load(reloadMs)
    let found = keys.find((key) => key.kid === kid)
    if (found === undefined) {
      await load(reloadAtMostEveryMs)
      found = keys.find((key) => key.kid === kid)
    }
    if (found === undefined) throw new Problem('token-invalid', 'The token was not signed by a key of ours.')
    return importJWK(found.publicKey, algorithm)
  }

  return {
    issue: async ({ customer, keyId, environment }) => {
      const { key, masterKeys: opened } = await signingKey()
      const secret: JWK = JSON.parse(openTokenKey(key, opened))
      const seconds = Math.floor(now() / 1000)
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
    verify: async (token) => holderOf(token, publicKey, issuer, now),
    jwks: async () => {
      await load(reloadMs)
      return { keys: keys.map((key) => key.publicKey) }
    },
  }
}

async function holderOf(
  token: string,
  publicKey: (kid: string | undefined) => Promise<Awaited<ReturnType<typeof importJWK>>>,
  issuer: string,
  now: () => number,
): Promise<TokenHolder> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => publicKey(kid), {
      algorithms: [algorithm],
      typ: type,
      issuer,
      audience,
      currentDate: new Date(now()),
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['sub', 'exp', 'iat', 'client_id', 'env'],
    })
    const { sub, exp, client_id: keyId, env } = payload
    const environment = environments.find((known) => known === env)
    if (sub === undefined || exp === undefined || typeof keyId !== 'string' || environment === undefined) {
      throw new Problem('token-invalid', 'The token lacks a claim.')
    }
    return { customer: sub, keyId, environment, expiresAt: exp * 1000 }
  } catch (error) {
    if (error instanceof Problem) throw error
    if (error instanceof errors.JWTExpired)
      throw new Problem('token-expired', 'The token has expired: get a new one from /v1.0/token.')
    if (error instanceof errors.JOSEError) throw new Problem('token-invalid', 'The token is not valid.', { cause: error })
    throw error
  }
}
