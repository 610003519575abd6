import { Problem } from '../domain/problem.ts'
import { recordOf } from '../domain/record.ts'
import { deniedIn } from './denied.ts'

/** The call that failed, and where it was made. */
export interface FailedCall {
  /** Such as `cloudformation:CreateChangeSet`. */
  readonly action: string
  readonly region: string | undefined
  readonly profile: string | undefined
}

const noCredentials = /^CredentialsProviderError$|^CredentialsMissing$/
const expired = /^ExpiredToken|^RequestExpired$|^TokenRefreshRequired$/
const unknownKey =
  /^InvalidClientTokenId$|^UnrecognizedClientException$|^SignatureDoesNotMatch$|^InvalidAccessKeyId$|^AuthFailure$/
const denied = /AccessDenied|UnauthorizedOperation|^Forbidden$|^AuthorizationError/
const throttled = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|BandwidthLimit/
const network =
  /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|TimeoutError|NetworkingError)$/

/** AWS's own word for an error, without the SDK's ending: what is `AccessDeniedException` to one service is `AccessDenied` to another. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string' && network.test(error.code)) return error.code
  return error.name
}

function login(profile: string | undefined): string {
  const named = profile === undefined ? '' : ` --profile ${profile}`
  return `aws sso login${named}, or aws configure${named}`
}

function credentialsProblem(name: string, message: string, { region, profile }: FailedCall, cause: unknown): Problem | undefined {
  if (noCredentials.test(name)) {
    const stale = /expired|sso login|refresh/i.test(message)
    const detail = stale ? 'Your AWS sign-in has expired.' : 'There are no AWS credentials here.'
    const why = message === '' ? '' : ` (${message.split('\n')[0]?.replace(/\.$/, '')})`
    return new Problem('aws-credentials', `${detail.slice(0, -1)}${why}.`, { next: login(profile), cause })
  }
  if (expired.test(name)) {
    return new Problem('aws-credentials', 'Your AWS sign-in has expired.', { next: login(profile), cause })
  }
  if (!unknownKey.test(name)) return undefined
  const where = region === undefined ? 'there' : `in ${region}`
  return new Problem(
    'aws-credentials',
    `AWS does not accept these credentials ${where} (${name}). They are wrong or deleted, or the account has not enabled that region.`,
    { next: `aws sts get-caller-identity, then check the region of the stage in apigw.yaml; ${login(profile)}`, cause },
  )
}

/**
 * Turns an error of an AWS SDK into a problem for the operator. Any other error is a bug and stays as it is.
 */
export function awsProblem(error: unknown, failed: FailedCall): unknown {
  if (error instanceof Problem || !(error instanceof Error)) return error
  const name = errorName(error)
  const { message } = error
  const credentials = credentialsProblem(name, message, failed, error)
  if (credentials !== undefined) return credentials
  if (denied.test(name)) {
    const { action, resource } = deniedIn(message) ?? { action: failed.action, resource: undefined }
    const on = resource === undefined ? '' : ` on ${resource}`
    return new Problem('aws-denied', `You lack the right ${action}${on}.`, {
      next: `let an administrator allow ${action}${on}, and run it again`,
      cause: error,
    })
  }
  if (throttled.test(name) || /^Rate exceeded/.test(message)) {
    return new Problem('aws-throttled', `AWS asks to slow down (${failed.action}).`, {
      next: 'run it again in a minute',
      cause: error,
    })
  }
  if (network.test(name)) return unreachable(name, failed, error)
  if ('$metadata' in error) {
    const status = recordOf(error.$metadata).httpStatusCode
    // The SDK could not parse it: a page of a proxy, say. It has no class of its own for that.
    if (error instanceof SyntaxError || /Deserialization error|XML parse error/.test(message)) {
      return new Problem(
        'aws-unavailable',
        `What answered ${failed.action} was not AWS (HTTP ${status}, and no answer of its own).`,
        {
          next: 'check for a proxy in between, and AWS_ENDPOINT_URL',
          cause: error,
        },
      )
    }
    if (typeof status === 'number' && status >= 500) {
      return new Problem('aws-unavailable', `AWS failed at ${failed.action}: ${message || name}.`, {
        next: 'run it again',
        cause: error,
      })
    }
    return new Problem('aws-refused', `AWS refused ${failed.action}: ${message || name}`, { cause: error })
  }
  if (/Region is missing/.test(message)) {
    return new Problem('input-missing', 'No AWS region is set.', {
      next: "set the stage's region in apigw.yaml, or AWS_REGION",
      cause: error,
    })
  }
  return error
}

function unreachable(name: string, { action, region }: FailedCall, cause: Error): Problem {
  const [service] = action.split(':')
  const where = region === undefined ? '' : ` in ${region}`
  const hint = name === 'ENOTFOUND' ? ' The region may not exist, or there is no network.' : ''
  return new Problem('aws-unavailable', `AWS (${service}${where}) cannot be reached: ${name}.${hint}`, {
    next: 'check the network and the region of the stage in apigw.yaml',
    cause,
  })
}
