import { recordOf } from '../domain/record.ts'
import { answerText, serviceError } from './answer-text.ts'
import { type SigningCredentials, signedPost } from './signed.ts'

export interface JsonCall {
  /** The service's name in signatures and endpoints, such as `kms`. */
  readonly service: string
  readonly region: string
  /** Where AWS has it, and no variable says otherwise. */
  readonly endpoint: string
  /** Such as `TrentService.GetKeyPolicy`. */
  readonly target: string
  /** Of the JSON protocol; 1.1 unless the service's model says 1.0. */
  readonly version?: '1.0' | '1.1'
  readonly body: object
  readonly signal?: AbortSignal
}

/** What the service calls its error: the last part of a name with its namespace. */
function errorName(answer: unknown): string {
  return (
    String(recordOf(answer).__type ?? '')
      .split('#')
      .at(-1) ?? ''
  )
}

/** @throws SyntaxError as the SDK would, if the answer is not one of AWS */
async function bodyOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    return recordOf(JSON.parse(await answerText(response)))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw Object.assign(error, { $metadata: { httpStatusCode: response.status } })
  }
}

/**
 * One call of AWS's JSON protocol, for a service of which we need a single answer and carry no client. It is sent once.
 * @throws an error named as the service names it, which `awsProblem` understands
 */
export async function jsonCall(credentials: SigningCredentials, call: JsonCall): Promise<Readonly<Record<string, unknown>>> {
  const { service, region, endpoint, target, version = '1.1', body, signal } = call
  const { [`AWS_ENDPOINT_URL_${service.toUpperCase()}`]: own, AWS_ENDPOINT_URL } = process.env
  const response = await signedPost(credentials, {
    service,
    region,
    url: `${own ?? AWS_ENDPOINT_URL ?? endpoint}/`,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
  const answer = await bodyOf(response)
  if (response.ok) return answer
  const name = errorName(answer)
  throw serviceError(name, String(answer.Message ?? answer.message ?? name), response.status)
}
