/** The three parts of `Authorization: Basic base64(ID:PW:API_KEY)`. */
export interface BasicCredentials {
  readonly customer: string
  readonly secret: string
  readonly keyId: string
}

/** RFC 7235 token68, of which base64 uses these characters; the scheme's name is case-insensitive. */
const pattern = /^basic +([A-Za-z0-9+/]+={0,2})$/i
const longest = 1024
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decoded(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64')
  // Node passes over what is no base64; only text that encodes back to itself, or lacks just the padding, was well-formed.
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
