import { type NextStep, nextText } from './next-step.ts'

/** 130 is the exit code that shells expect after Ctrl-C. */
type Exit = 1 | 2 | 3 | 130

/** How an error is reported on the command line, and whether a retry may succeed. */
interface ProblemKind {
  readonly exit: Exit
  readonly retryable: boolean
  readonly title: string
}

/** Errors of the API, with their HTTP status. A code is part of the API and never changes its meaning. */
const apiProblems = {
  // The request
  'malformed-request': { status: 400, exit: 2, retryable: false, title: 'The request is not valid HTTP' },
  'invalid-body': { status: 400, exit: 2, retryable: false, title: 'The body is not valid JSON' },
  'invalid-request': { status: 400, exit: 2, retryable: false, title: 'The request has invalid fields' },
  'invalid-idempotency-key': { status: 400, exit: 2, retryable: false, title: 'The Idempotency-Key is not valid' },
  'units-exceed-limit': { status: 400, exit: 2, retryable: false, title: 'The call needs more units than the limit allows' },
  'not-found': { status: 404, exit: 2, retryable: false, title: 'There is nothing at this address' },
  'unsupported-grant-type': { status: 400, exit: 2, retryable: false, title: 'The grant type is not supported' },
  'message-unknown': { status: 404, exit: 2, retryable: false, title: 'The message does not exist' },
  'media-invalid': { status: 400, exit: 2, retryable: false, title: 'The image cannot be sent' },
  'cursor-invalid': { status: 400, exit: 2, retryable: false, title: 'The cursor is not valid' },
  'method-not-allowed': { status: 405, exit: 2, retryable: false, title: 'The method is not allowed for this path' },
  'request-timeout': { status: 408, exit: 1, retryable: true, title: 'The request took too long to arrive' },
  'body-too-large': { status: 413, exit: 2, retryable: false, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, exit: 2, retryable: false, title: 'The content type is not supported' },
  'expectation-failed': { status: 417, exit: 2, retryable: false, title: 'The Expect header is not supported' },
  'headers-too-large': { status: 431, exit: 2, retryable: false, title: 'The headers are too large' },
  'client-closed': { status: 499, exit: 1, retryable: true, title: 'The client closed the connection before the response' },

  // Authentication
  'credentials-missing': { status: 401, exit: 2, retryable: false, title: 'The request has no credentials' },
  'credentials-invalid': { status: 401, exit: 2, retryable: false, title: 'The credentials are not valid' },
  'nonce-reused': { status: 401, exit: 2, retryable: false, title: 'The nonce was already used' },
  'signature-invalid': { status: 401, exit: 2, retryable: false, title: 'The signature is malformed' },
  'signature-incomplete': {
    status: 401,
    exit: 2,
    retryable: false,
    title: 'The signature does not cover all required components',
  },
  'signature-expired': { status: 401, exit: 2, retryable: false, title: 'The signature is too old or in the future' },
  'digest-mismatch': { status: 401, exit: 2, retryable: false, title: 'The Content-Digest does not match the body' },
  'token-invalid': { status: 401, exit: 2, retryable: false, title: 'The token is not valid' },
  'token-expired': { status: 401, exit: 2, retryable: false, title: 'The token has expired' },
  'key-revoked': { status: 401, exit: 2, retryable: false, title: 'The key was revoked' },
  'key-expired': { status: 401, exit: 2, retryable: false, title: 'The key has expired' },
  'key-not-yet-valid': { status: 401, exit: 2, retryable: false, title: 'The key is not valid yet' },
  'customer-suspended': { status: 403, exit: 2, retryable: false, title: 'The customer is suspended' },
  'environment-mismatch': { status: 403, exit: 2, retryable: false, title: 'The key belongs to the other environment' },
  'ip-not-allowed': { status: 403, exit: 2, retryable: false, title: 'The key is not allowed from this IP address' },

  // Admission
  'idempotency-in-progress': {
    status: 409,
    exit: 1,
    retryable: true,
    title: 'A call with this Idempotency-Key is still running',
  },
  'idempotency-key-reused': {
    status: 422,
    exit: 2,
    retryable: false,
    title: 'The Idempotency-Key was used with a different body',
  },
  'route-missing': { status: 403, exit: 2, retryable: false, title: 'The customer has no route for this API' },
  'quota-missing': { status: 403, exit: 2, retryable: false, title: 'The customer has no quota for this environment' },
  'read-rate-exceeded': { status: 429, exit: 1, retryable: true, title: 'The read rate limit is used up' },
  'rate-exceeded': { status: 429, exit: 1, retryable: true, title: 'The rate limit is used up' },
  'day-quota-exceeded': { status: 429, exit: 1, retryable: true, title: 'The daily quota is used up' },
  'month-quota-exceeded': { status: 429, exit: 1, retryable: true, title: 'The monthly quota is used up' },

  // What may be sent
  'sender-not-registered': { status: 403, exit: 2, retryable: false, title: 'The sender is not registered' },
  'profile-not-registered': { status: 403, exit: 2, retryable: false, title: 'The Kakao channel is not registered' },
  'destination-not-allowed': { status: 403, exit: 2, retryable: false, title: 'The destination is not allowed' },
  'ad-at-night': { status: 422, exit: 2, retryable: false, title: 'Advertising is not sent at night' },
  'callback-not-allowed': { status: 403, exit: 2, retryable: false, title: 'The host of the callback is not allowed' },
  'recipient-suppressed': { status: 422, exit: 2, retryable: false, title: 'The recipient has opted out of advertising' },
  'message-released': { status: 409, exit: 2, retryable: false, title: 'The message can no longer be cancelled' },

  // Backends
  'registry-unavailable': { status: 503, exit: 1, retryable: true, title: 'The registry cannot be reached' },
  'registry-frozen': { status: 503, exit: 1, retryable: true, title: 'The registry is being moved' },
  'registry-corrupt': { status: 503, exit: 1, retryable: false, title: 'The registry cannot be read' },
  'queue-unavailable': { status: 503, exit: 1, retryable: true, title: 'The queue did not accept the message' },
  'ledger-unavailable': { status: 503, exit: 1, retryable: true, title: 'Messages and reports are temporarily unavailable' },
  'media-unavailable': { status: 503, exit: 1, retryable: true, title: 'Image storage is temporarily unavailable' },
  overloaded: { status: 503, exit: 1, retryable: true, title: 'The gateway is overloaded' },
  // API Gateway answers it when the function fails (templates/stacks/gateway.yaml).
  'gateway-unavailable': { status: 503, exit: 1, retryable: true, title: 'The gateway cannot be reached' },
  'shutting-down': { status: 503, exit: 1, retryable: true, title: 'The gateway is shutting down' },
  'internal-error': { status: 500, exit: 1, retryable: true, title: 'An internal error occurred' },
  'master-key-missing': { status: 503, exit: 1, retryable: false, title: 'A secret cannot be decrypted' },
} as const satisfies Record<string, ProblemKind & { status: number }>

/** Errors that never leave over HTTP: those of commands, workers and Lambda functions. */
const internalProblems = {
  // Connections
  'database-unavailable': { exit: 1, retryable: true, title: 'The database cannot be reached' },
  'driver-missing': { exit: 2, retryable: false, title: 'The driver of the database is not installed' },
  'table-refuses': { exit: 1, retryable: true, title: "The carrier's table rejects rows" },

  // Commands
  usage: { exit: 2, retryable: false, title: 'The command line is not valid' },
  'input-missing': { exit: 2, retryable: false, title: 'A value is missing, and the command cannot prompt without a terminal' },
  'input-invalid': { exit: 2, retryable: false, title: 'A value is not valid' },
  'secret-in-argument': { exit: 2, retryable: false, title: 'A secret was passed as an argument' },
  'master-key-invalid': { exit: 2, retryable: false, title: 'The master key is not valid' },
  'customer-unknown': { exit: 2, retryable: false, title: 'The customer does not exist' },
  'customer-exists': { exit: 2, retryable: false, title: 'The customer already exists' },
  'customer-changed': { exit: 1, retryable: false, title: 'The customer was changed by others in the meantime' },
  'customer-id-retired': { exit: 2, retryable: false, title: 'The customer id belonged to a removed customer' },
  'key-unknown': { exit: 2, retryable: false, title: 'The key does not exist' },
  'route-unknown': { exit: 2, retryable: false, title: 'The route does not exist' },
  'sender-unknown': { exit: 2, retryable: false, title: 'The sender does not exist' },
  'sender-exists': { exit: 2, retryable: false, title: 'The sender already exists' },
  'sender-invalid': { exit: 2, retryable: false, title: 'The sender is not valid' },
  'webhook-unknown': { exit: 2, retryable: false, title: 'The webhook does not exist' },
  'webhook-exists': { exit: 2, retryable: false, title: 'The webhook already exists' },
  'price-class-unknown': { exit: 2, retryable: false, title: 'The price class does not exist' },
  'route-invalid': { exit: 2, retryable: false, title: 'The route is not valid' },
  'carrier-invalid': { exit: 2, retryable: false, title: 'The carrier is not valid' },
  'schema-outdated': { exit: 1, retryable: false, title: 'The database schema is outdated' },
  'queue-unknown': { exit: 2, retryable: false, title: 'The queue does not exist' },
  'receives-scarce': { exit: 2, retryable: false, title: 'Reading could move messages to the dead-letter queue' },
  'quota-invalid': { exit: 2, retryable: false, title: 'The quota is not valid' },
  'config-exists': { exit: 2, retryable: false, title: 'The configuration already exists' },
  'config-invalid': { exit: 2, retryable: false, title: 'The configuration is not valid' },
  'port-in-use': { exit: 1, retryable: true, title: 'The port is already in use' },
  'table-unusable': { exit: 2, retryable: false, title: 'The table cannot be read or written' },
  'journal-unusable': { exit: 1, retryable: false, title: 'The journal of the agent cannot be used' },
  'data-in-use': { exit: 1, retryable: true, title: 'The data directory is already in use' },
  'registry-not-empty': { exit: 2, retryable: false, title: 'The target registry is in use' },
  'backup-invalid': { exit: 2, retryable: false, title: 'The backup cannot be read' },
  'copy-incomplete': { exit: 1, retryable: true, title: 'The copy of the registry is not complete' },
  declined: { exit: 1, retryable: false, title: 'Nothing was changed' },
  'aws-credentials': { exit: 1, retryable: false, title: 'The AWS credentials are missing or not valid' },
  'aws-denied': { exit: 1, retryable: false, title: 'AWS denied the request' },
  'aws-refused': { exit: 1, retryable: false, title: 'AWS rejected the request' },
  'aws-throttled': { exit: 1, retryable: true, title: 'AWS throttled the request' },
  'aws-unavailable': { exit: 1, retryable: true, title: 'AWS cannot be reached' },
  'function-unknown': { exit: 2, retryable: false, title: 'The function does not exist' },
  'function-failed': { exit: 1, retryable: true, title: 'The function failed' },
  'caller-unknown': { exit: 1, retryable: false, title: 'The caller is not authenticated by AWS' },
  'version-mismatch': { exit: 1, retryable: false, title: 'The command and the function have different versions' },
  'outcome-unknown': { exit: 1, retryable: false, title: 'The change may or may not have been made' },
  'stack-unknown': { exit: 2, retryable: false, title: 'The stack does not exist' },
  'stack-busy': { exit: 1, retryable: true, title: 'The stack is already being changed' },
  'stack-refused': { exit: 2, retryable: false, title: 'CloudFormation rejected the change' },
  'stack-failed': { exit: 1, retryable: false, title: 'The stack could not be changed' },
  'stack-stuck': { exit: 1, retryable: false, title: 'The stack needs manual action' },
  'data-loss': { exit: 2, retryable: false, title: 'The change would delete data' },
  'bucket-taken': { exit: 2, retryable: false, title: 'The bucket name is taken' },
  'image-missing': { exit: 1, retryable: false, title: 'The container image is not in the registry' },
  'image-failed': { exit: 1, retryable: false, title: 'The container image could not be built or pushed' },
  interrupted: { exit: 130, retryable: true, title: 'Interrupted' },
  'audit-input-invalid': { exit: 2, retryable: false, title: 'The audit input cannot be read' },
  'audit-question': { exit: 2, retryable: false, title: 'The question names something that does not exist' },
  'rule-invalid': { exit: 2, retryable: false, title: 'A trail rule is not valid' },
  'trail-exists': { exit: 2, retryable: false, title: 'The trail already exists' },
  'trail-missing': { exit: 2, retryable: false, title: 'The activity trail is not installed' },
  'web-acl-unknown': { exit: 2, retryable: false, title: 'The web ACL or IP set does not exist' },
  'rule-unknown': { exit: 2, retryable: false, title: 'The rule does not exist' },
  'entry-unknown': { exit: 2, retryable: false, title: 'The address is not in any list' },
  'lockout-refused': { exit: 2, retryable: false, title: 'The change would lock out an address that needs access' },
  'ip-set-full': { exit: 1, retryable: false, title: 'The IP set is full' },
  'waf-busy': { exit: 1, retryable: true, title: 'The web ACL or IP set is already being changed' },
  'check-failed': { exit: 1, retryable: true, title: 'A check failed' },
} as const satisfies Record<string, ProblemKind>

export type ApiProblemCode = keyof typeof apiProblems
export type ProblemCode = ApiProblemCode | keyof typeof internalProblems

/** One invalid field. `pointer` is an RFC 6901 JSON pointer into the body. */
export interface FieldError {
  readonly pointer: string
  readonly detail: string
}

interface ProblemOptions {
  /** What to do next. Its commands are data, so that they can be shown with the flags of the reader's place. */
  readonly next?: NextStep
  readonly errors?: readonly FieldError[]
  /** Additional members of the problem's JSON (RFC 9457, section 3.2). */
  readonly extensions?: Readonly<Record<string, unknown>>
  /** How long to wait before a retry, in milliseconds. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** An error for its reader: the user or the caller who caused it. Any other thrown error is a bug. */
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

  /** The HTTP status; `undefined` for a code that never leaves over HTTP. */
  get status(): number | undefined {
    return problemTable[this.code].status
  }

  get exit(): Exit {
    return problemTable[this.code].exit
  }

  get title(): string {
    return problemTable[this.code].title
  }

  get retryable(): boolean {
    return problemTable[this.code].retryable
  }
}

/** Every code with its meaning. */
export const problemTable: Readonly<Record<ApiProblemCode, ProblemKind & { readonly status: number }>> &
  Readonly<Record<ProblemCode, ProblemKind & { readonly status?: number }>> = { ...apiProblems, ...internalProblems }

/** A problem that the API can answer with. */
export type ApiProblem = Problem & { readonly code: ApiProblemCode; readonly status: number }

function isApiProblem(problem: Problem): problem is ApiProblem {
  return problem.status !== undefined
}

/** The problem as the API answers it: one without an HTTP status is an internal error, and its detail stays inside. */
export function apiProblem(problem: Problem): ApiProblem {
  const answer = isApiProblem(problem)
    ? problem
    : new Problem('internal-error', 'The request could not be completed.', { cause: problem })
  // The compiler cannot know that `internal-error` has a status.
  if (!isApiProblem(answer)) throw answer
  return answer
}

export function isProblemCode(text: unknown): text is ProblemCode {
  return typeof text === 'string' && Object.hasOwn(problemTable, text)
}
