import { type NextStep, nextText } from './next-step.ts'

/** 130 is what shells expect of a program that Ctrl-C ended. */
type Exit = 1 | 2 | 3 | 130

/**
 * Every error that apigw shows to anyone, in one table: the HTTP status it has in the API, the exit code it has in
 * the CLI, and whether the same call may succeed later. A code is part of the API: it never changes its meaning.
 */
const table = {
  // What a caller sent over HTTP
  'malformed-request': { status: 400, exit: 2, retryable: false, title: 'The request is not valid HTTP' },
  'invalid-body': { status: 400, exit: 2, retryable: false, title: 'The body is not valid JSON' },
  'invalid-request': { status: 400, exit: 2, retryable: false, title: 'The request has invalid fields' },
  'invalid-idempotency-key': { status: 400, exit: 2, retryable: false, title: 'The Idempotency-Key is not valid' },
  'units-exceed-limit': {
    status: 400,
    exit: 2,
    retryable: false,
    title: 'The call asks for more units than a limit can ever hold',
  },
  'not-found': { status: 404, exit: 2, retryable: false, title: 'There is nothing at this address' },
  'unsupported-grant-type': { status: 400, exit: 2, retryable: false, title: 'The grant type is not supported' },
  'message-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such message' },
  'media-invalid': { status: 400, exit: 2, retryable: false, title: 'The image cannot be sent' },
  'cursor-invalid': { status: 400, exit: 2, retryable: false, title: 'The cursor is not valid' },
  'method-not-allowed': { status: 405, exit: 2, retryable: false, title: 'This address does not take this method' },
  'request-timeout': { status: 408, exit: 1, retryable: true, title: 'The request took too long to arrive' },
  'body-too-large': { status: 413, exit: 2, retryable: false, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, exit: 2, retryable: false, title: 'The body is not of a supported type' },
  'expectation-failed': { status: 417, exit: 2, retryable: false, title: 'The Expect header cannot be met' },
  'headers-too-large': { status: 431, exit: 2, retryable: false, title: 'The headers are too large' },

  'client-closed': { status: 499, exit: 1, retryable: true, title: 'The client left before it was answered' },

  // Who may call
  'credentials-missing': { status: 401, exit: 2, retryable: false, title: 'The call carries no credentials' },
  'credentials-invalid': { status: 401, exit: 2, retryable: false, title: 'The credentials are not valid' },
  'nonce-reused': { status: 401, exit: 2, retryable: false, title: 'The nonce was used before' },
  'signature-invalid': { status: 401, exit: 2, retryable: false, title: 'The signature cannot be read' },
  'signature-incomplete': { status: 401, exit: 2, retryable: false, title: 'The signature does not cover enough' },
  'signature-expired': { status: 401, exit: 2, retryable: false, title: 'The signature is too old or from the future' },
  'digest-mismatch': { status: 401, exit: 2, retryable: false, title: 'The Content-Digest is not that of the body' },
  'token-invalid': { status: 401, exit: 2, retryable: false, title: 'The token is not valid' },
  'token-expired': { status: 401, exit: 2, retryable: false, title: 'The token has expired' },
  'key-revoked': { status: 401, exit: 2, retryable: false, title: 'The key was revoked' },
  'key-expired': { status: 401, exit: 2, retryable: false, title: 'The key has expired' },
  'key-not-yet-valid': { status: 401, exit: 2, retryable: false, title: 'The key is not valid yet' },
  'customer-suspended': { status: 403, exit: 2, retryable: false, title: 'The customer is suspended' },
  'environment-mismatch': { status: 403, exit: 2, retryable: false, title: 'The key belongs to the other environment' },
  'ip-not-allowed': { status: 403, exit: 2, retryable: false, title: 'The key may not be used from this address' },

  // What admission decided
  'idempotency-in-progress': {
    status: 409,
    exit: 1,
    retryable: true,
    title: 'A call with this Idempotency-Key is still running',
  },
  'idempotency-key-reused': { status: 422, exit: 2, retryable: false, title: 'The Idempotency-Key was used for another body' },
  'route-missing': { status: 403, exit: 2, retryable: false, title: 'The customer has no route for this API' },
  'quota-missing': { status: 403, exit: 2, retryable: false, title: 'The customer has no quota for this environment' },
  'read-rate-exceeded': { status: 429, exit: 1, retryable: true, title: 'The customer reads too often' },
  'rate-exceeded': { status: 429, exit: 1, retryable: true, title: 'The rate limit is used up' },
  'day-quota-exceeded': { status: 429, exit: 1, retryable: true, title: 'The quota of the day is used up' },
  'month-quota-exceeded': { status: 429, exit: 1, retryable: true, title: 'The quota of the month is used up' },

  // What stands behind the gateway
  'registry-unavailable': { status: 503, exit: 1, retryable: true, title: 'The registry cannot be reached' },
  'registry-corrupt': { status: 503, exit: 1, retryable: false, title: 'The registry cannot be read' },
  'queue-unavailable': { status: 503, exit: 1, retryable: true, title: 'The message queue did not accept the message' },
  'ledger-unavailable': { status: 503, exit: 1, retryable: true, title: 'Messages and reports cannot be read now' },
  'media-unavailable': { status: 503, exit: 1, retryable: true, title: 'Images cannot be kept or found now' },
  'database-unavailable': { status: 503, exit: 1, retryable: true, title: 'The database cannot be reached' },
  'table-refuses': { status: 503, exit: 1, retryable: true, title: "The carrier's table takes no row" },
  'gateway-unavailable': { status: 503, exit: 1, retryable: true, title: 'The gateway cannot be reached' },
  overloaded: { status: 503, exit: 1, retryable: true, title: 'The gateway has more calls than it can serve' },
  'shutting-down': { status: 503, exit: 1, retryable: true, title: 'The gateway is shutting down' },
  'internal-error': { status: 500, exit: 1, retryable: true, title: 'Something went wrong inside apigw' },

  'master-key-missing': { status: 503, exit: 1, retryable: false, title: 'A secret cannot be opened' },

  // What an operator typed
  usage: { status: 400, exit: 2, retryable: false, title: 'The command was not understood' },
  'input-missing': { status: 400, exit: 2, retryable: false, title: 'Something is missing, and there is no terminal to ask on' },
  'input-invalid': { status: 400, exit: 2, retryable: false, title: 'A value is not valid' },
  'secret-in-argument': { status: 400, exit: 2, retryable: false, title: 'A secret does not belong in an argument' },
  'master-key-invalid': { status: 400, exit: 2, retryable: false, title: 'The master key is not valid' },
  'customer-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such customer' },
  'customer-exists': { status: 409, exit: 2, retryable: false, title: 'The customer exists already' },
  'customer-id-retired': { status: 409, exit: 2, retryable: false, title: 'The customer id belonged to a removed customer' },
  'key-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such key' },
  'route-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such route' },
  'route-invalid': { status: 400, exit: 2, retryable: false, title: 'The route is not valid' },
  'carrier-invalid': { status: 400, exit: 2, retryable: false, title: 'The carrier is not valid' },
  'schema-outdated': { status: 503, exit: 1, retryable: false, title: 'The database has an older schema' },
  'queue-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such queue' },
  'receives-scarce': { status: 409, exit: 2, retryable: false, title: 'A look could move messages to the dead-letter queue' },
  'quota-invalid': { status: 400, exit: 2, retryable: false, title: 'The quota is not valid' },
  'config-exists': { status: 409, exit: 2, retryable: false, title: 'There is a configuration already' },
  'config-invalid': { status: 400, exit: 2, retryable: false, title: 'The configuration is not valid' },
  'port-in-use': { status: 503, exit: 1, retryable: true, title: 'The port is in use' },
  'data-in-use': { status: 503, exit: 1, retryable: true, title: 'The data directory is in use' },
  declined: { status: 400, exit: 1, retryable: false, title: 'Nothing was changed' },
  'aws-credentials': { status: 503, exit: 1, retryable: false, title: 'AWS does not know who asks' },
  'aws-denied': { status: 503, exit: 1, retryable: false, title: 'AWS does not allow it' },
  'aws-refused': { status: 502, exit: 1, retryable: false, title: 'AWS refused the request' },
  'aws-throttled': { status: 503, exit: 1, retryable: true, title: 'AWS asks to slow down' },
  'aws-unavailable': { status: 503, exit: 1, retryable: true, title: 'AWS cannot be reached' },
  'function-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such function' },
  'function-failed': { status: 503, exit: 1, retryable: true, title: 'The function failed' },
  'caller-unknown': { status: 403, exit: 1, retryable: false, title: 'AWS does not say who asks' },
  'version-mismatch': {
    status: 409,
    exit: 1,
    retryable: false,
    title: 'The command and the function are of different versions',
  },
  'outcome-unknown': { status: 503, exit: 1, retryable: false, title: 'It is not known whether the change was made' },
  'stack-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such stack' },
  'stack-busy': { status: 409, exit: 1, retryable: true, title: 'Somebody else is changing the stack' },
  'stack-refused': { status: 400, exit: 2, retryable: false, title: 'CloudFormation refuses the change' },
  'stack-failed': { status: 502, exit: 1, retryable: false, title: 'The stack could not be changed' },
  'stack-stuck': { status: 409, exit: 1, retryable: false, title: 'The stack waits for a decision' },
  'data-loss': { status: 409, exit: 2, retryable: false, title: 'The change would lose data' },
  'bucket-taken': { status: 409, exit: 2, retryable: false, title: 'The name of the bucket is taken' },
  interrupted: { status: 503, exit: 130, retryable: true, title: 'Interrupted' },
  'audit-input-invalid': { status: 400, exit: 2, retryable: false, title: 'What is to be audited cannot be read' },
  'rule-invalid': { status: 400, exit: 2, retryable: false, title: 'A rule of the activity trail is not valid' },
  'trail-exists': { status: 409, exit: 2, retryable: false, title: 'There is a trail already' },
  'trail-missing': { status: 404, exit: 2, retryable: false, title: 'There is no activity trail' },
  'web-acl-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such web ACL or IP set' },
  'rule-unknown': { status: 404, exit: 2, retryable: false, title: 'There is no such rule' },
  'entry-unknown': { status: 404, exit: 2, retryable: false, title: 'The address is in no list' },
  'lockout-refused': { status: 409, exit: 2, retryable: false, title: 'That would lock out somebody who must get in' },
  'ip-set-full': { status: 409, exit: 1, retryable: false, title: 'The IP set is full' },
  'waf-busy': { status: 409, exit: 1, retryable: true, title: 'Others change the same all the time' },
  'check-failed': { status: 503, exit: 1, retryable: true, title: 'A check failed' },
} as const satisfies Record<string, { status: number; exit: Exit; retryable: boolean; title: string }>

export type ProblemCode = keyof typeof table

/** One invalid field. `pointer` is an RFC 6901 JSON pointer into the body. */
export interface FieldError {
  readonly pointer: string
  readonly detail: string
}

interface ProblemOptions {
  /** What to do next. Its commands are data, so that they can be shown with the flags of the reader's place. */
  readonly next?: NextStep
  readonly errors?: readonly FieldError[]
  /** More members for the problem's JSON (RFC 9457, section 3.2). */
  readonly extensions?: Readonly<Record<string, unknown>>
  /** When the same call may succeed, in milliseconds from now. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** An error that is meant to be read by whoever caused it. Anything else that is thrown is a bug. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  /** The next step as data. */
  readonly step: NextStep | undefined
  /** The next step as text, without flags of a place. */
  readonly next: string | undefined
  readonly errors: readonly FieldError[] | undefined
  readonly retryAfterMs: number | undefined
  readonly extensions: Readonly<Record<string, unknown>> | undefined

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.step = options.next
    this.next = options.next === undefined ? undefined : nextText(options.next)
    this.errors = options.errors
    this.retryAfterMs = options.retryAfterMs
    this.extensions = options.extensions
  }

  get status(): number {
    return table[this.code].status
  }

  get exit(): Exit {
    return table[this.code].exit
  }

  get title(): string {
    return table[this.code].title
  }

  get retryable(): boolean {
    return table[this.code].retryable
  }
}

/** Every code with what it means, for the reference page and the tests. */
export const problemTable: Readonly<Record<ProblemCode, { status: number; exit: number; retryable: boolean; title: string }>> =
  table
