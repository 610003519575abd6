import { type SigningCredentials, signedPost } from './signed.ts'

export interface QueryCall {
  /** The service's name in signatures and endpoints, such as `ec2`. */
  readonly service: string
  readonly region: string
  readonly action: string
  /** Of the service's API, such as `2016-11-15`. */
  readonly version: string
  readonly signal?: AbortSignal
}

/**
 * One call of AWS's query protocol, for a service of which we need a single answer and carry no client. It is sent once.
 * @returns the answer, as XML
 * @throws an error named as the service names it, which `awsProblem` understands
 */
export async function queryCall(credentials: SigningCredentials, call: QueryCall): Promise<string> {
  const { service, region, action, version, signal } = call
  const { [`AWS_ENDPOINT_URL_${service.toUpperCase()}`]: own, AWS_ENDPOINT_URL } = process.env
  const response = await signedPost(credentials, {
    service,
    region,
    url: `${own ?? AWS_ENDPOINT_URL ?? `https://${service}.${region}.amazonaws.com`}/`,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: `Action=${action}&Version=${version}`,
    ...(signal && { signal }),
  })
  const answer = await response.text()
  if (response.ok) return answer
  const name = /<Code>([\w.]+)<\/Code>/.exec(answer)?.[1] ?? 'UnknownError'
  throw Object.assign(new Error(/<Message>([^<]*)<\/Message>/.exec(answer)?.[1] ?? name), {
    name,
    $metadata: { httpStatusCode: response.status },
  })
}
