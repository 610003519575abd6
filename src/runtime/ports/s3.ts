import { Problem } from '../../domain/problem.ts'
import { AwsClient, AwsError, type AwsOptions } from './aws.ts'
import type { Owner } from './ledger.ts'
import { type Media, mediaKey, type StoredMedia } from './media.ts'
import { gaveUp } from './read-budget.ts'

export interface MediaOptions extends AwsOptions {
  readonly bucket: string
}

/** Images in S3. */
export class S3Media implements Media {
  readonly #client: AwsClient
  readonly #folder: string

  constructor({ bucket, ...options }: MediaOptions) {
    // On AWS a bucket is a host of its own; an emulator has one host for all.
    const region = options.region ?? process.env.AWS_REGION ?? 'ap-northeast-2'
    const endpoint = options.endpoint ?? `https://${bucket}.s3.${region}.amazonaws.com`
    this.#client = new AwsClient('s3', { ...options, region, endpoint, emulated: options.endpoint !== undefined })
    this.#folder = options.endpoint === undefined ? '' : `/${bucket}`
  }

  async put(owner: Owner, id: string, content: Uint8Array): Promise<void> {
    await this.#ask('PUT', owner, id, { headers: { 'content-type': 'image/jpeg' }, body: content })
  }

  async find(owner: Owner, id: string, signal?: AbortSignal): Promise<StoredMedia | undefined> {
    const response = await this.#ask('HEAD', owner, id, { missing: true }, signal)
    if (response.status === 404) return undefined
    return {
      bytes: Number(response.headers.get('content-length') ?? 0),
      storedAt: Date.parse(response.headers.get('last-modified') ?? ''),
    }
  }

  close(): void {
    // Requests hold no connection that would have to be ended.
  }

  async #ask(
    method: string,
    owner: Owner,
    id: string,
    content: { headers?: Record<string, string>; body?: Uint8Array; missing?: boolean },
    signal?: AbortSignal,
  ): Promise<Response> {
    try {
      return await this.#client.request(method, `${this.#folder}/${mediaKey(owner, id)}`, content, { tryMs: 5_000, signal })
    } catch (cause) {
      if (signal?.aborted) throw gaveUp(signal)
      const reason = cause instanceof AwsError ? cause.name : 'no answer'
      throw new Problem('media-unavailable', `The image store does not answer as it should: ${reason}.`, {
        retryAfterMs: 2000,
        cause,
      })
    }
  }
}
