import { digestOf, type Scheme, secretMatches } from '../../../../domain/credential.ts'
import { Problem } from '../../../../domain/problem.ts'
import type { Caller } from '../../http/caller.ts'
import { TtlCache } from '../ttl-cache.ts'
import { nothingFits, type SchemeParts } from './scheme.ts'

/** The three parts of `Authorization: Basic base64(ID:PW:API_KEY)`. */
export interface BasicCredentials {
  readonly customer: string
  readonly secret: string
  readonly keyId: string
}

/** RFC 7235 token68, of which base64 uses these characters; the scheme's name is case-insensitive. */
const pattern = /^basic +([A-Za-z0-9+/]+={0,2})$/i
const longest = 1024
const maxRemembered = 10_000
const rememberMs = 60_000
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Compared with if the key does not exist, so that an unknown id takes as long as a wrong secret. */
const unknownKeyDigest = digestOf('unknown')

function decoded(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64')
  // Node skips characters that are not base64. Text is well-formed only if it encodes back to itself, with or without padding.
  const padded = bytes.toString('base64')
  if (base64 !== padded && base64 !== padded.replace(/=+$/, '')) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Reads the value of an Authorization header.
 * @returns `undefined` for anything but exactly three parts, none of them empty, without control characters
 */
export function parseBasic(header: string): BasicCredentials | undefined {
  if (header.length > longest) return undefined
  const base64 = pattern.exec(header)?.[1]
  if (base64 === undefined) return undefined
  const text = decoded(base64)
  if (text === undefined || /\p{Cc}/u.test(text)) return undefined
  const [customer, secret, keyId, more] = text.split(':')
  return customer && secret && keyId && more === undefined ? { customer, secret, keyId } : undefined
}

/**
 * Makes the check of Basic credentials for keys of one scheme. Headers that proved right are remembered for a minute:
 * the look-up and the digest are then done once, and revoking a key still works at once because `admit` looks at its
 * state each time.
 */
export function basicScheme(
  { registry, now }: SchemeParts,
  scheme: Exclude<Scheme, 'hmac'>,
): (header: string) => Promise<Caller> {
  const known = new TtlCache<Caller>(maxRemembered, rememberMs, now)
  return async (header) => {
    const remembered = known.get(header)
    if (remembered !== undefined) return remembered
    const given = parseBasic(header)
    if (given === undefined) {
      throw new Problem('credentials-invalid', 'The Authorization header is not "Basic " with the base64 of ID:PW:API_KEY.')
    }
    const { customer, secret, keyId } = given
    const credential = await registry.credential(customer, keyId)
    const digest = credential !== undefined && credential.scheme !== 'hmac' ? credential.digest : unknownKeyDigest
    if (!secretMatches(secret, digest) || credential?.scheme !== scheme) throw new Problem('credentials-invalid', nothingFits)
    const caller: Caller = { customer, keyId, environment: credential.environment, scheme }
    known.set(header, caller)
    return caller
  }
}
