import { AwsV4Signer } from 'aws4fetch'

/** As the SDK's credential providers give them. */
export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface SignedRequest {
  readonly service: string
  readonly region: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  readonly signal?: AbortSignal
}

/** Signs a POST with SigV4 and sends it, once: for what the SDK has no client that we carry. */
export async function signedPost(credentials: SigningCredentials, request: SignedRequest): Promise<Response> {
  const { service, region, url, headers = {}, body, signal } = request
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const signer = new AwsV4Signer({
    method: 'POST',
    service,
    region,
    url,
    headers,
    body,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
  })
  const signed = await signer.sign()
  return fetch(signed.url, { method: 'POST', headers: signed.headers, body, ...(signal && { signal }), redirect: 'error' })
}
