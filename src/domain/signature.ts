import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { type InnerList, parseDictionary, serializeInnerList } from 'structured-headers'

/** What a signature may cover, as the verifier sees the request. Header names are in lower case. */
export interface SignedRequest {
  readonly method: string
  /** The absolute URI as the client addressed it: `https://api.example.com/v1.0/messages?x=1`. */
  readonly targetUri: string
  readonly headers: ReadonlyMap<string, readonly string[]>
}

/** What a signature covers, as `Signature-Input` lists it. */
export interface Covered {
  readonly components: readonly { readonly name: string; readonly hasParameters: boolean }[]
  /** The list with its parameters, serialized as defined in RFC 9651: the last line of the signature base. */
  readonly text: string
}

/** One signature of a request, taken apart. */
export interface ParsedSignature {
  readonly covered: Covered
  readonly created: number | undefined
  readonly expires: number | undefined
  readonly nonce: string | undefined
  readonly keyId: string | undefined
  readonly alg: string | undefined
  readonly signature: Uint8Array
}

/** What a signature has to cover at least, so that nothing of a call can be changed or sent again. */
export const requiredComponents = ['@method', '@target-uri', 'content-digest'] as const

/** The one algorithm: `alg` may say so, or say nothing (RFC 9421, section 3.3.3). */
export const signatureAlgorithm = 'hmac-sha256'

/** How far the client's clock may be off, in seconds. */
export const skewSeconds = 300

/** Maximum length of `Signature-Input`, `Signature` and `Content-Digest` in characters. Typical ones have 200. */
const maxFieldLength = 4_096

/**
 * Line folding, obsolete as it is, becomes a space (RFC 9421, section 2.1). Line by line: a pattern for it would try each
 * white space of a long run again and again.
 */
function unfolded(value: string): string {
  if (!value.includes('\n')) return value
  const [first = '', ...lines] = value.split('\n')
  return lines.reduce((before, line) => {
    const isFolded = line.trimStart() !== line
    return isFolded ? `${before.trimEnd()} ${line.trimStart()}` : `${before}\n${line}`
  }, first)
}

/** Derived components (RFC 9421, section 2.2) from the request; anything else is a header. */
function componentValue(component: string, request: SignedRequest): string | undefined {
  if (!component.startsWith('@')) {
    const values = request.headers.get(component)
    // Section 2.1: each value without white space around it, joined by a comma and a space.
    return values?.map((value) => unfolded(value.trim())).join(', ')
  }
  switch (component) {
    case '@method':
      return request.method
    case '@target-uri':
      return request.targetUri
    default:
      return partOfUri(component, request.targetUri)
  }
}

/** The components that are a part of the target URI: taken apart only for the few signatures that cover one. */
function partOfUri(component: string, targetUri: string): string | undefined {
  if (!URL.canParse(targetUri)) return undefined
  const url = new URL(targetUri)
  switch (component) {
    case '@authority':
      return url.host
    case '@scheme':
      return url.protocol.slice(0, -1)
    case '@path':
      return url.pathname
    case '@query':
      return url.search === '' ? '?' : url.search
    default:
      return undefined
  }
}

/**
 * The signature base (RFC 9421, section 2.5).
 * @returns the name of a component instead, if the request does not have it or it has parameters that we do not know
 */
export function signatureBase(
  covered: Covered,
  request: SignedRequest,
): { readonly base: string } | { readonly missing: string } {
  let base = ''
  for (const { name, hasParameters } of covered.components) {
    const value = hasParameters ? undefined : componentValue(name, request)
    if (value === undefined) return { missing: name }
    base += `"${name}": ${value}\n`
  }
  return { base: `${base}"@signature-params": ${covered.text}` }
}

/** The type that each parameter has (RFC 9421, section 2.3). */
const parameterTypes: Readonly<Record<string, 'integer' | 'string'>> = {
  created: 'integer',
  expires: 'integer',
  nonce: 'string',
  keyid: 'string',
  alg: 'string',
  tag: 'string',
}

/** A parameter of another type is malformed. Passed over, an `expires` or `alg` of the wrong type would bind nothing. */
function hasRightType([name, value]: readonly [string, unknown]): boolean {
  const type = parameterTypes[name]
  if (type === undefined) return true
  return type === 'string' ? typeof value === 'string' : typeof value === 'number' && Number.isInteger(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function integer(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/**
 * The form in which nearly every client writes `Signature-Input`: one member, plain names, whole numbers and strings
 * without escapes. Such a text is its own serialisation, and is read in a fraction of the 14 µs that reading and
 * serialising any structured field takes.
 */
const defaultInput =
  /^([a-z][a-z0-9]*)=(\(((?:"[@a-z0-9-]+"(?: (?=")|(?=\))))+)\)((?:;[a-z]+=(?:0|[1-9]\d{0,14}|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*))$/
const defaultParameter = /;([a-z]+)=(?:(\d+)|"([^"]*)")/g
const defaultSignature = /^([a-z][a-z0-9]*)=:([A-Za-z0-9+/]+={0,2}):$/

/** @returns `undefined` for every other form, right or wrong */
function parseUsual(input: string, signatures: string): ParsedSignature | undefined {
  const [, label, listText = '', names = '', parameterText = ''] = defaultInput.exec(input) ?? []
  const [, signatureLabel, base64 = ''] = defaultSignature.exec(signatures) ?? []
  if (label === undefined || label !== signatureLabel) return undefined
  const components = names.split(' ').map((name) => ({ name: name.slice(1, -1), hasParameters: false }))
  const parameters = new Map<string, string | number>()
  let count = 0
  for (const [, name = '', digits, quoted = ''] of parameterText.matchAll(defaultParameter)) {
    parameters.set(name, digits === undefined ? quoted : Number(digits))
    count += 1
  }
  // Where a name comes twice the last counts, and the text is no longer its own serialisation.
  if (parameters.size !== count || new Set(components.map(({ name }) => name)).size !== components.length) return undefined
  return signatureFrom({ components, text: listText }, parameters, Buffer.from(base64, 'base64'))
}

/** @returns `undefined` where a parameter has not its type */
function signatureFrom(
  covered: Covered,
  parameters: ReadonlyMap<string, unknown>,
  signature: Uint8Array,
): ParsedSignature | undefined {
  if (![...parameters].every(hasRightType)) return undefined
  return {
    covered,
    created: integer(parameters.get('created')),
    expires: integer(parameters.get('expires')),
    nonce: text(parameters.get('nonce')),
    keyId: text(parameters.get('keyid')),
    alg: text(parameters.get('alg')),
    signature,
  }
}

/** Any form that RFC 9651 allows. */
function parseAny(input: string, signatures: string): ParsedSignature | undefined {
  const inputs = parseDictionary(input)
  const values = parseDictionary(signatures)
  const [label] = inputs.keys()
  if (label === undefined || inputs.size !== 1 || values.size !== 1) return undefined
  const member = inputs.get(label)
  const value = values.get(label)?.[0]
  if (member === undefined || !Array.isArray(member[0]) || !(value instanceof ArrayBuffer)) return undefined
  const list = member as InnerList
  const names = list[0].map(([name]) => name)
  if (!names.every((name) => typeof name === 'string') || new Set(names).size !== names.length) return undefined
  const components = list[0].map(([name, parameters]) => ({ name: String(name), hasParameters: parameters.size > 0 }))
  return signatureFrom({ components, text: serializeInnerList(list) }, list[1], new Uint8Array(value))
}

/**
 * Reads `Signature-Input` and `Signature`. Exactly one signature is taken: with two, which one counts would be a
 * question that an attacker may answer.
 * @returns `undefined` for anything malformed
 */
export function parseSignature(input: string, signatures: string): ParsedSignature | undefined {
  if (input.length > maxFieldLength || signatures.length > maxFieldLength) return undefined
  try {
    return parseUsual(input, signatures) ?? parseAny(input, signatures)
  } catch {
    return undefined
  }
}

export function hmacSha256(secret: string | Uint8Array, base: string): Buffer {
  return createHmac('sha256', secret).update(base).digest()
}

/** Compares in constant time; a signature of another length is simply wrong. */
export function sameSignature(given: Uint8Array, expected: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** `Content-Digest` of a body (RFC 9530). */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`
}

/** Whether a `Content-Digest` names the SHA-256 of a body. Other algorithms beside it are passed over. */
export function digestMatches(header: string, body: Uint8Array): boolean {
  // The common form, without parsing. A digest is not secret, so the comparison need not take constant time.
  if (header === contentDigest(body)) return true
  if (header.length > maxFieldLength) return false
  try {
    const value = parseDictionary(header).get('sha-256')?.[0]
    return value instanceof ArrayBuffer && sameSignature(new Uint8Array(value), hash('sha256', body, 'buffer'))
  } catch {
    return false
  }
}

/** What a client adds to a request to sign it. */
export interface SignInput {
  readonly method: string
  readonly targetUri: string
  readonly body: Uint8Array
  /** `CUSTOMER:KEY_ID` */
  readonly keyId: string
  readonly secret: string
  /** Seconds since 1970. */
  readonly created: number
  readonly nonce: string
}

/** Headers that sign a request: the client's half, for `apigw sign`, `apigw send` and the agent. */
export function signedHeaders(input: SignInput): Record<'content-digest' | 'signature-input' | 'signature', string> {
  const digest = contentDigest(input.body)
  const list: InnerList = [
    requiredComponents.map((name) => [name, new Map()]),
    new Map<string, string | number>([
      ['created', input.created],
      ['nonce', input.nonce],
      ['keyid', input.keyId],
      ['alg', signatureAlgorithm],
    ]),
  ]
  const components = requiredComponents.map((name) => ({ name, hasParameters: false }))
  const covered: Covered = { components, text: serializeInnerList(list) }
  const request = { method: input.method, targetUri: input.targetUri, headers: new Map([['content-digest', [digest]]]) }
  const built = signatureBase(covered, request)
  if ('missing' in built) throw new Error(`a request that we make lacks ${built.missing}`)
  const signature = hmacSha256(input.secret, built.base).toString('base64')
  return { 'content-digest': digest, 'signature-input': `sig=${covered.text}`, signature: `sig=:${signature}:` }
}
