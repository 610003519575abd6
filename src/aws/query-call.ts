import { answerText, serviceError } from './answer-text.ts'
import { type SigningCredentials, signedPost } from './signed.ts'

export interface QueryCall {
  /** The service's name in signatures and endpoints, such as `ec2`. */
  readonly service: string
  readonly region: string
  /** Where AWS has it, and no variable says otherwise. Absent: by its name and region. */
  readonly endpoint?: string
  readonly version: string
  readonly action: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/**
 * One call of AWS's query protocol, for a service of which we carry no client. It is sent once.
 * @returns the answer, which is XML
 * @throws an error named as the service names it, which `awsProblem` understands
 */
export async function queryCall(credentials: SigningCredentials, call: QueryCall): Promise<string> {
  const { service, region, version, action, parameters, signal } = call
  const { endpoint = `https://${service}.${region}.amazonaws.com` } = call
  const { [`AWS_ENDPOINT_URL_${service.toUpperCase()}`]: own, AWS_ENDPOINT_URL } = process.env
  const response = await signedPost(credentials, {
    service,
    region,
    url: `${own ?? AWS_ENDPOINT_URL ?? endpoint}/`,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams({ Action: action, Version: version, ...parameters }).toString(),
    ...(signal && { signal }),
  })
  const answer = await answerText(response)
  if (response.ok) return answer
  const name = /<Code>([\w.]+)<\/Code>/.exec(answer)?.[1] ?? 'UnknownError'
  throw serviceError(name, /<Message>([^<]*)<\/Message>/.exec(answer)?.[1] ?? name, response.status)
}
