import * as z from 'zod'
import { type ApiProblem, Problem } from '../../../../domain/problem.ts'
import { tokenSeconds } from '../../authentication/tokens.ts'
import { type HttpResponse, json, single } from '../../http/http.ts'
import { admit } from '../../messages/admit.ts'
import type { Call } from '../../messages/call.ts'
import type { Endpoint } from '../endpoint.ts'

const formType = /^application\/x-www-form-urlencoded *(?:;.*)?$/i

/** Writes an error in the format of OAuth (RFC 6749, section 5.2). */
function oauthError(problem: ApiProblem, requestId: string): HttpResponse {
  const { status, code, message, retryAfterMs } = problem
  const error =
    status === 401 || status === 403
      ? 'invalid_client'
      : status >= 500
        ? 'temporarily_unavailable'
        : code === 'unsupported-grant-type'
          ? 'unsupported_grant_type'
          : 'invalid_request'
  const answer = json(status === 403 ? 401 : status, { error, error_description: message, code, requestId })
  if (error === 'invalid_client') answer.headers['www-authenticate'] = 'Basic realm="apigw", charset="UTF-8"'
  if (retryAfterMs !== undefined) answer.headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  return { ...answer, code }
}

function checkGrant(call: Call): void {
  const type = single(call.request, 'content-type')
  if (!type || !formType.test(type)) {
    throw new Problem('invalid-request', 'Content-Type has to be application/x-www-form-urlencoded.')
  }
  const form = new URLSearchParams(Buffer.from(call.request.body).toString('utf8'))
  const [grant, more] = form.getAll('grant_type')
  if (grant === undefined || more !== undefined) throw new Problem('invalid-request', 'grant_type has to come exactly once.')
  if (grant !== 'client_credentials') {
    throw new Problem('unsupported-grant-type', 'The only grant is client_credentials.')
  }
}

const answer = z
  .object({
    access_token: z.string().meta({ example: 'eyJhbGciOiJFZERTQSJ9.…' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds', example: 900 }),
  })
  .meta({ title: 'Token' })

/** A short-lived token for a key of the scheme `jwt` (OAuth 2.0 client credentials, RFC 6749, section 4.4). */
const token: Endpoint = {
  method: 'POST',
  path: '/token',
  description: {
    summary: 'Get a bearer token',
    name: 'createToken',
    group: 'Tokens',
    problems: ['unsupported-grant-type', 'invalid-request'],
    body: () => z.object({ grant_type: z.literal('client_credentials') }).meta({ title: 'TokenRequest' }),
    bodyType: 'application/x-www-form-urlencoded',
    answers: { 200: { description: 'A token for the Authorization header', schema: answer } },
  },
  signIn: 'token',
  problem: oauthError,
  run: async (call) => {
    checkGrant(call)
    const admission = await admit(call, 0)
    // A token costs nothing, so a customer without a quota may have one.
    if (admission.kind === 'refused' && admission.reason !== 'quota-missing') return call.refuse(admission)
    if (admission.kind === 'replay') throw new Error('a call without an Idempotency-Key was answered as a replay')
    const { customer, keyId } = call.caller
    const accessToken = await call.tokens.issue({ customer, keyId, environment: call.environment }, admission.now)
    return json(200, { access_token: accessToken, token_type: 'Bearer', expires_in: tokenSeconds }, { pragma: 'no-cache' })
  },
}

export default token
