import { customerCodes } from './problems.ts'
import { type Json, ref, type Schemas } from './schemas.ts'

const text = (description: string, example?: string): Json => ({
  description,
  schema: { type: 'string' },
  ...(example !== undefined && { example }),
})

/** What a problem looks like (RFC 9457). Its code is open: a client needs a branch for one that it does not know. */
function addProblem(schemas: Schemas): void {
  schemas.add('Problem', {
    type: 'object',
    description: 'Why a call was not carried out',
    required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'requestId'],
    properties: {
      type: { type: 'string', format: 'uri', example: 'urn:apigw:problem:invalid-request' },
      title: { type: 'string', example: 'The request has invalid fields' },
      status: { type: 'integer', example: 400 },
      detail: { type: 'string', description: 'What happened in this call, for people' },
      code: {
        type: 'string',
        description: 'What happened, for programs. Codes do not change their meaning. More may be added',
        example: 'invalid-request',
        'x-extensible-enum': customerCodes,
      },
      retryable: { type: 'boolean', description: 'Whether the same call may succeed later' },
      requestId: { type: 'string', description: 'Names the call when you ask about it' },
      errors: { type: 'array', description: 'Every field at fault', items: ref('schemas/FieldError') },
    },
  })
  schemas.add('TokenError', {
    type: 'object',
    description: 'Why no token was given (RFC 6749, section 5.2)',
    required: ['error', 'error_description', 'code', 'requestId'],
    properties: {
      error: {
        type: 'string',
        examples: ['invalid_client', 'invalid_request', 'unsupported_grant_type', 'temporarily_unavailable'],
      },
      error_description: { type: 'string' },
      code: { type: 'string', description: 'As in a Problem', example: 'credentials-invalid' },
      requestId: { type: 'string' },
    },
  })
}

/** The parts that operations refer to. `schemas` has the named schemas of all operations. */
export function componentsOf(schemas: Schemas): Json {
  addProblem(schemas)
  return {
    securitySchemes: {
      basic: { type: 'http', scheme: 'basic', description: 'base64 of ID:PW:API_KEY, the three parts of a key' },
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token that POST /v1.0/token gave' },
      signature: {
        type: 'apiKey',
        in: 'header',
        name: 'Signature',
        description: 'HTTP Message Signatures (RFC 9421), hmac-sha256, with Signature-Input and Content-Digest',
      },
    },
    parameters: {
      IdempotencyKey: {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'A name of your own for this call. The same call with the same key is carried out once',
        schema: { type: 'string', minLength: 1, maxLength: 255 },
        example: 'order-17',
      },
      RequestId: {
        name: 'X-Request-Id',
        in: 'header',
        description: 'Your own name for this request, for the logs',
        schema: { type: 'string', minLength: 8, maxLength: 128 },
      },
    },
    headers: {
      RateLimit: text('What is left of each limit, and when it is whole again', '"day";r=999;t=43200'),
      RateLimitPolicy: text('Every limit', '"day";q=1000;w=86400'),
      RequestId: text('Names this request in the logs'),
      IdempotencyReplayed: text('true: the answer of the first call with this key', 'true'),
      RetryAfter: { description: 'Seconds after which the same call may succeed', schema: { type: 'integer', minimum: 1 } },
    },
    schemas: schemas.components,
  }
}
