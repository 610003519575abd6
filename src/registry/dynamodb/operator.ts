import { awsProblem, clientOptions, type SigningCredentials, signedPost } from '../../aws/index.ts'
import { recordOf } from '../../domain/record.ts'
import type { DynamoCaller } from './table.ts'

/** From an operator's machine the first request takes a look-up, a handshake and a far round trip. */
const tryMs = 5_000

/** A failed request of an operator, as the table reads it. */
class CallError extends Error {
  /** Whether the request may have been carried out. */
  readonly unknown: boolean

  constructor(name: string, message: string, unknown: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = name
    this.unknown = unknown
  }
}

interface Place {
  /** Absent: that of the environment or of the AWS profile. */
  readonly region?: string | undefined
  readonly endpoint?: string
}

/** Errors that the table handles. Others, such as a missing permission, are for the operator. */
const handled =
  /^ConditionalCheckFailed|^ResourceNotFound|^ProvisionedThroughput|^Throttling|^RequestLimit|^Transaction|^UnknownOperation/

/** Signs requests and knows where to send them. */
interface Sender {
  readonly url: string
  readonly region: string
  credentials(): Promise<SigningCredentials>
}

/** An emulator checks no credentials. */
function emulator(endpoint: string): Sender {
  return { url: endpoint, region: 'local', credentials: async () => ({ accessKeyId: 'local', secretAccessKey: 'local' }) }
}

async function service(requestedRegion: string | undefined): Promise<Sender> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda')
  const { config } = new LambdaClient(clientOptions({ region: requestedRegion, profile: undefined }))
  const region = await config.region()
  return { url: `https://dynamodb.${region}.amazonaws.com`, region, credentials: () => config.credentials() }
}

async function send({ url, region, credentials }: Sender, target: string, body: object): Promise<object> {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target }
  const request = { service: 'dynamodb', region, url: `${url}/`, headers, body: JSON.stringify(body) }
  const signed = signedPost(await credentials(), { ...request, signal: AbortSignal.timeout(tryMs) })
  const response = await signed.catch((cause: unknown) => {
    throw new CallError(cause instanceof Error ? cause.name : 'no answer', 'no answer', true, cause)
  })
  const answer = recordOf(await response.json().catch(() => undefined))
  if (response.ok) return answer
  const name =
    String(answer.__type ?? `HTTP ${response.status}`)
      .split('#')
      .at(-1) ?? ''
  throw new CallError(name, String(answer.message ?? answer.Message ?? name), response.status >= 500)
}

/**
 * Calls DynamoDB with the SDK's default credentials: environment variables, profile or single sign-on. Deployed code has a
 * client of its own, and no SDK.
 *
 * @throws Problem `aws-…`, from `call` too
 */
export async function operatorCaller({ region, endpoint }: Place): Promise<DynamoCaller> {
  const context = (action: string) => ({ action: `dynamodb:${action}`, region, profile: process.env.AWS_PROFILE })
  const sender =
    endpoint === undefined
      ? await service(region).catch((error) => {
          throw awsProblem(error, context('BatchGetItem'))
        })
      : emulator(endpoint)
  return {
    call: async (target, body) => {
      try {
        return await send(sender, target, body)
      } catch (error) {
        if (error instanceof CallError && (error.unknown || handled.test(error.name))) throw error
        throw awsProblem(error, context(target.split('.')[1] ?? ''))
      }
    },
  }
}
