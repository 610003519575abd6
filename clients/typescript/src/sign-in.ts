import { createHash, createHmac, randomBytes } from 'node:crypto'

/** The scheme that the key was issued with. */
export type Scheme = 'basic' | 'hmac' | 'jwt'

/** The three parts of a key. */
export interface Key {
  readonly id: string
  readonly secret: string
  readonly name: string
}

/** @throws Error, without the key */
export function parseKey(credentials: string): Key {
  const [id, secret, name, more] = credentials.trim().split(':')
  if (id && secret && name && more === undefined) return { id, secret, name }
  throw new Error('The credentials do not have the three parts ID:PW:API_KEY.')
}

export function basic({ id, secret, name }: Key): string {
  return `Basic ${Buffer.from(`${id}:${secret}:${name}`).toString('base64')}`
}

/** The headers that sign one attempt of a call (RFC 9421, RFC 9530). A nonce is accepted once, so each attempt has its own. */
export function signed(key: Key, method: string, url: string, body: Uint8Array, now: number): Record<string, string> {
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const created = Math.floor(now / 1000)
  const nonce = randomBytes(16).toString('hex')
  const params = `("@method" "@target-uri" "content-digest");created=${created};nonce="${nonce}";keyid="${key.id}:${key.name}"`
  const base = `"@method": ${method}\n"@target-uri": ${url}\n"content-digest": ${digest}\n"@signature-params": ${params}`
  const signature = createHmac('sha256', key.secret).update(base).digest('base64')
  return { 'content-digest': digest, 'signature-input': `sig=${params}`, signature: `sig=:${signature}:` }
}
