import { randomBytes } from 'node:crypto'
import type { Scheme } from '../domain/credential.ts'
import { apigw, step } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { recordOf } from '../domain/record.ts'
import { signedHeaders } from '../domain/signature.ts'

/** A request that is to be signed in, as a customer makes it. */
export interface OutgoingRequest {
  readonly method: string
  readonly url: URL
  readonly body: Uint8Array
}

/** The three parts of a customer's credentials. */
export interface Credentials {
  readonly customer: string
  readonly secret: string
  readonly keyId: string
}

const answerMs = 15_000

/** @throws Problem `input-invalid` */
export function parseCredentials(text: string): Credentials {
  const [customer, secret, keyId, more] = text.split(':')
  if (customer && secret && keyId && more === undefined) return { customer, secret, keyId }
  throw new Problem('input-invalid', 'The credentials do not have the three parts ID:PW:API_KEY.')
}

function basic({ customer, secret, keyId }: Credentials): string {
  return `Basic ${Buffer.from(`${customer}:${secret}:${keyId}`).toString('base64')}`
}

/** Gets a token at the gateway's own token endpoint. */
async function bearer(credentials: Credentials, { url }: OutgoingRequest): Promise<string> {
  const endpoint = new URL(url.pathname.replace(/\/v(\d+\.\d+)\/.*$/, '/v$1/token'), url.origin)
  let response: Response
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: basic(credentials), 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
      signal: AbortSignal.timeout(answerMs),
    })
  } catch (cause) {
    throw new Problem('gateway-unavailable', `${url.origin} does not answer.`, { next: step`start it: ${apigw('dev')}`, cause })
  }
  const body = recordOf(await response.json().catch(() => undefined))
  if (typeof body.access_token === 'string') return `Bearer ${body.access_token}`
  throw new Problem('credentials-invalid', `No token was given: ${String(body.error_description ?? response.status)}`, {
    next: apigw('key list', credentials.customer),
  })
}

/** The headers that sign a request in by a scheme. For `jwt` the gateway is asked for a token. */
export async function signInHeaders(
  scheme: Scheme,
  credentials: Credentials,
  request: OutgoingRequest,
): Promise<Readonly<Record<string, string>>> {
  switch (scheme) {
    case 'basic':
      return { authorization: basic(credentials) }
    case 'jwt':
      return { authorization: await bearer(credentials, request) }
    case 'hmac':
      return signedHeaders({
        method: request.method,
        targetUri: request.url.href,
        body: request.body,
        keyId: `${credentials.customer}:${credentials.keyId}`,
        secret: credentials.secret,
        created: Math.floor(Date.now() / 1000),
        nonce: randomBytes(16).toString('base64url'),
      })
  }
}
