import type { Environment } from '../../domain/names.ts'
import { type ProblemCode, problemTable } from '../../domain/problem.ts'

/** The sentence for a refusal. Its title says what; this adds why, where there is more to say. */
export function refusalDetail(reason: ProblemCode, environment: Environment): string {
  switch (reason) {
    case 'environment-mismatch':
      return environment === 'live'
        ? 'This is a key of the test environment: call /test/ with it.'
        : 'This is a live key: call without /test.'
    case 'rate-exceeded':
    case 'day-quota-exceeded':
    case 'month-quota-exceeded':
      return 'Nothing was taken for this call. RateLimit and Retry-After say when the next one may pass.'
    case 'idempotency-in-progress':
      return 'The first call with this key has not been answered yet. The same call may be made again later.'
    case 'nonce-reused':
      return 'A signature is good for one call. Sign each call with a nonce of its own.'
    case 'credentials-invalid':
      return 'No key fits these credentials.'
    default:
      return `${problemTable[reason].title}.`
  }
}
