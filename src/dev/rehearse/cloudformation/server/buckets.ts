import type { Account } from '../account.ts'
import { Refusal } from '../refusal.ts'

const bucketType = 'AWS::S3::Bucket'
const subresources = ['policy', 'encryption', 'lifecycle', 'publicAccessBlock', 'versioning', 'tagging'] as const

export interface BucketRequest {
  readonly method: string
  readonly url: URL
  readonly body: string
}

export interface BucketAnswer {
  readonly status: number
  readonly body?: string
}

function fault(status: number, code: string): BucketAnswer {
  return { status, body: `<Error><Code>${code}</Code><Message>${code}</Message></Error>` }
}

/**
 * Buckets with path-style addresses: what a deployment does with its artifact bucket. Of objects it keeps the keys, and the
 * content of templates, which CloudFormation reads, and of records.
 */
export class Buckets {
  readonly #account: Account
  readonly #settings = new Map<string, string>()

  constructor(account: Account) {
    this.#account = account
  }

  /** The template that a TemplateURL names. @throws Refusal */
  template(url: string): string {
    const [, bucket = '', key = ''] = /^https:\/\/([^.]+)\.s3[.-][^/]*\/(.+)$/.exec(url) ?? []
    const found = this.#account.facts.texts.get(`${bucket}/${key}`)
    if (found === undefined) throw new Refusal('S3 error: The specified key does not exist.')
    return found
  }

  answer(request: BucketRequest): BucketAnswer {
    const [, bucket = '', ...path] = decodeURIComponent(request.url.pathname).split('/')
    const key = path.join('/')
    if (bucket === '') return fault(501, 'NotImplemented')
    return key === '' ? this.#onBucket(request, bucket) : this.#onObject(request, bucket, key)
  }

  #exists(bucket: string): boolean {
    return this.#account.inventory.find(bucketType, bucket) !== undefined
  }

  #onBucket({ method, url, body }: BucketRequest, bucket: string): BucketAnswer {
    const part = subresources.find((one) => url.searchParams.has(one))
    if (method === 'PUT' && part === undefined) return this.#create(bucket)
    if (!this.#exists(bucket)) return fault(404, 'NoSuchBucket')
    if (part === undefined) return method === 'HEAD' ? { status: 200 } : fault(501, 'NotImplemented')
    const name = `${bucket}?${part}`
    if (method === 'PUT') this.#settings.set(name, body)
    if (method !== 'GET') return { status: 200 }
    const setting = this.#settings.get(name)
    return setting === undefined ? fault(404, 'NoSuchBucketPolicy') : { status: 200, body: setting }
  }

  #create(bucket: string): BucketAnswer {
    if (this.#exists(bucket)) return fault(409, 'BucketAlreadyOwnedByYou')
    this.#account.inventory.put({ type: bucketType, id: bucket, logicalId: '', properties: {}, stackId: undefined })
    return { status: 200 }
  }

  #onObject({ method, body }: BucketRequest, bucket: string, key: string): BucketAnswer {
    if (!this.#exists(bucket)) return fault(404, 'NoSuchBucket')
    const { objects, texts } = this.#account.facts
    const keys = objects.get(bucket) ?? new Set()
    if (method === 'PUT') {
      objects.set(bucket, keys.add(key))
      if (/\.(?:template|json)$/.test(key)) texts.set(`${bucket}/${key}`, body)
      return { status: 200 }
    }
    return keys.has(key) ? { status: 200, body: texts.get(`${bucket}/${key}`) ?? '' } : fault(404, 'NoSuchKey')
  }
}
