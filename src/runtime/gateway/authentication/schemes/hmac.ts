import { ownerOf } from '../../../../domain/credential.ts'
import { Problem } from '../../../../domain/problem.ts'
import { type MasterKeys, unseal } from '../../../../domain/seal.ts'
import {
  digestMatches,
  hmacSha256,
  type ParsedSignature,
  parseSignature,
  requiredComponents,
  sameSignature,
  signatureAlgorithm,
  signatureBase,
  skewSeconds,
} from '../../../../domain/signature.ts'
import type { Caller } from '../../http/caller.ts'
import { single } from '../../http/http.ts'
import { TtlCache } from '../ttl-cache.ts'
import { type Attempt, nothingFits, type SchemeParts } from './scheme.ts'

const maxRemembered = 10_000
const rememberMs = 60_000
const maxHeader = 4096
const noncePattern = /^[\x21-\x7e]{8,128}$/
/** Signed with if the key does not exist, so that an unknown id takes as long as a wrong secret. */
const unknownKeySecret = 'apigw_live_unknown'

/** A failure of a signature. The test environment returns the expected value; live returns only the code. */
function refuse(
  attempt: Attempt,
  code: 'signature-invalid' | 'signature-incomplete' | 'signature-expired' | 'digest-mismatch' | 'credentials-invalid',
  detail: string,
  help: Record<string, unknown> = {},
): Problem {
  return new Problem(code, detail, attempt.environment === 'test' ? { extensions: help } : {})
}

function parsed(attempt: Attempt): ParsedSignature {
  const input = single(attempt.request, 'signature-input')
  const signature = single(attempt.request, 'signature')
  const fits = input && signature && input.length <= maxHeader && signature.length <= maxHeader
  const found = fits ? parseSignature(input, signature) : undefined
  if (found !== undefined && (found.alg === undefined || found.alg === signatureAlgorithm)) return found
  throw refuse(
    attempt,
    'signature-invalid',
    `Signature-Input and Signature have to hold one signature each, made with ${signatureAlgorithm}.`,
  )
}

function checkCoverage(attempt: Attempt, { covered, created, nonce, keyId }: ParsedSignature): void {
  const lacking: string[] = requiredComponents.filter((component) => !covered.components.some(({ name }) => name === component))
  if (created === undefined) lacking.push('created')
  if (nonce === undefined || !noncePattern.test(nonce)) lacking.push('nonce (8 to 128 visible ASCII characters)')
  if (keyId === undefined) lacking.push('keyid')
  if (lacking.length > 0)
    throw refuse(attempt, 'signature-incomplete', `The signature lacks: ${lacking.join(', ')}.`, { lacking })
}

function checkTime(attempt: Attempt, { created = 0, expires }: ParsedSignature, nowSeconds: number): void {
  const difference = created - nowSeconds
  if (Math.abs(difference) <= skewSeconds && (expires === undefined || expires >= nowSeconds)) return
  const clock = difference < 0 ? `${-difference} seconds behind` : `${difference} seconds ahead`
  const detail = `The signature was made too long ago or in the future: ${skewSeconds} seconds are allowed.`
  throw refuse(attempt, 'signature-expired', detail, { clock, clockDifferenceSeconds: difference, serverTime: nowSeconds })
}

function checkDigest(attempt: Attempt): void {
  const header = single(attempt.request, 'content-digest')
  if (header && (!attempt.bodyVisible || digestMatches(header, attempt.request.body))) return
  throw refuse(attempt, 'digest-mismatch', 'Content-Digest does not name the SHA-256 of the body that arrived.')
}

/**
 * Makes the check of RFC 9421 signatures. What can be checked without knowing who signed is checked first; from then
 * on every failure reads the same, whether the key is unknown or the signature wrong.
 */
export function hmacScheme({ registry, masterKeys, now }: SchemeParts): (attempt: Attempt) => Promise<Caller> {
  const secrets = new TtlCache<{ readonly secret: string; readonly caller: Caller }>(maxRemembered, rememberMs, now)

  async function signer(
    customer: string,
    keyId: string,
    opening: MasterKeys,
  ): Promise<{ secret: string; caller: Caller } | undefined> {
    const name = `${customer}:${keyId}`
    const known = secrets.get(name)
    if (known !== undefined) return known
    const credential = await registry.credential(customer, keyId)
    if (credential?.scheme !== 'hmac') return undefined
    const secret = unseal(credential.sealed, ownerOf(credential), opening)
    const found = { secret, caller: { customer, keyId, environment: credential.environment, scheme: 'hmac' } as const }
    secrets.set(name, found)
    return found
  }

  return async (attempt) => {
    const signature = parsed(attempt)
    checkCoverage(attempt, signature)
    checkTime(attempt, signature, Math.floor(now() / 1000))
    checkDigest(attempt)
    const built = signatureBase(signature.covered, {
      method: attempt.request.method,
      targetUri: attempt.targetUri,
      headers: attempt.request.headers,
    })
    if ('missing' in built)
      throw refuse(attempt, 'signature-incomplete', `The request has no ${built.missing}, which the signature covers.`)

    // Before any look-up: a gateway that lacks its master key must not tell by the status which keys exist.
    if (masterKeys === undefined) throw new Problem('master-key-missing', 'This gateway has no master key.')
    const [customer = '', keyId = '', more] = (signature.keyId ?? '').split(':')
    const remembered = secrets.get(`${customer}:${keyId}`) !== undefined
    const found = more === undefined ? await signer(customer, keyId, masterKeys) : undefined
    const right = sameSignature(signature.signature, hmacSha256(found?.secret ?? unknownKeySecret, built.base))
    if (found === undefined || !right) {
      // An unknown key was looked up just now; a known one that was remembered is looked up too, or its answer would come
      // a fifth sooner and tell that it exists.
      if (remembered) await registry.credential(customer, keyId)
      throw refuse(attempt, 'credentials-invalid', nothingFits, { signatureBase: built.base })
    }
    // Remembered for as long as its `created` could still be accepted, by a clock at either end of what is allowed.
    const nonce = { value: signature.nonce ?? '', rememberMs: (2 * skewSeconds + 60) * 1000 }
    return { ...found.caller, nonce }
  }
}
