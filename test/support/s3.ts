import type { RestAnswer, Sent } from './aws-server.ts'

interface Bucket {
  readonly owner: string
  /** The settings of the bucket by subresource, such as `policy`. */
  readonly settings: Map<string, string>
  readonly objects: Map<string, string>
}

export interface FakeS3 {
  readonly buckets: Map<string, Bucket>
  /** Keys that S3 fails to delete. It lists them in a 200 response. */
  readonly locked: Set<string>
  /** All requests: `METHOD /bucket/key?subresource`. */
  readonly asked: string[]
  readonly rest: (sent: Sent) => RestAnswer | undefined
}

const subresources = ['policy', 'encryption', 'lifecycle', 'publicAccessBlock'] as const

function errorXml(code: string, message = code): string {
  return `<Error><Code>${code}</Code><Message>${message}</Message></Error>`
}

const pageSize = 2

/** The requests that empty a bucket: pages of versions, bulk deletion, and deletion of the empty bucket. */
function emptying({ method, url, body }: Sent, { objects }: Bucket, locked: ReadonlySet<string>): RestAnswer | undefined {
  if (method === 'GET' && url.searchParams.has('versions')) {
    const page = [...objects.keys()].slice(0, pageSize)
    const versions = page.map((key) => `<Version><Key>${key}</Key><VersionId>v1</VersionId></Version>`)
    return { status: 200, body: `<ListVersionsResult>${versions.join('')}</ListVersionsResult>` }
  }
  if (method === 'POST' && url.searchParams.has('delete')) {
    const keys = [...body.matchAll(/<Key>(.*?)<\/Key><VersionId>v1</g)].map(([, key = '']) => key)
    for (const key of keys) if (!locked.has(key)) objects.delete(key)
    const errors = keys.flatMap((key) => (locked.has(key) ? [`<Error><Key>${key}</Key><Code>AccessDenied</Code></Error>`] : []))
    return { status: 200, body: `<DeleteResult>${errors.join('')}</DeleteResult>` }
  }
  return method === 'DELETE' && objects.size > 0 ? { status: 409, body: errorXml('BucketNotEmpty') } : undefined
}

/** The object behind the URL of an uploaded template. */
export function objectAt({ buckets }: FakeS3, url: string): string | undefined {
  const [, bucket = '', key = ''] = /^https:\/\/([^.]+)\.s3\.[^/]+\/(.+)$/.exec(url) ?? []
  return buckets.get(bucket)?.objects.get(key)
}

/** S3 in memory, for artifacts and logs. A bucket has an owner, which may be a different account. */
export function fakeS3(account: string): FakeS3 {
  const buckets: FakeS3['buckets'] = new Map()
  const asked: string[] = []
  const locked = new Set<string>()
  const onBucket = ({ method, url, body }: Sent, name: string) => {
    const bucket = buckets.get(name)
    const part = subresources.find((one) => url.searchParams.has(one))
    if (method === 'PUT' && part === undefined) {
      if (bucket !== undefined) {
        return { status: 409, body: errorXml(bucket.owner === account ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists') }
      }
      buckets.set(name, { owner: account, settings: new Map(), objects: new Map() })
      return { status: 200 }
    }
    if (bucket === undefined) return { status: 404, body: errorXml('NoSuchBucket') }
    if (method === 'PUT' && part !== undefined) bucket.settings.set(part, body)
    if (method !== 'GET' || part === undefined) return { status: 200 }
    const setting = bucket.settings.get(part)
    return setting === undefined ? { status: 404, body: errorXml('NoSuchBucketPolicy') } : { status: 200, body: setting }
  }
  const onObject = ({ method, body }: Sent, name: string, key: string) => {
    const objects = buckets.get(name)?.objects
    if (objects === undefined) return { status: 404, body: errorXml('NoSuchBucket') }
    if (method === 'PUT') objects.set(key, body)
    const found = objects.get(key)
    if (method === 'GET') return found === undefined ? { status: 404, body: errorXml('NoSuchKey') } : { status: 200, body: found }
    return found === undefined ? { status: 404, body: errorXml('NotFound') } : { status: 200 }
  }
  const rest = (sent: Sent): RestAnswer | undefined => {
    // Of the JSON protocol, which S3 does not speak.
    if (sent.headers['x-amz-target'] !== undefined) return undefined
    const [, name = '', ...path] = sent.url.pathname.split('/')
    asked.push(
      `${sent.method} ${sent.url.pathname}${[...sent.url.searchParams.keys()]
        .filter((key) => key !== 'x-id')
        .map((key) => `?${key}`)
        .join('')}`,
    )
    const expected = sent.headers['x-amz-expected-bucket-owner']
    const owner = buckets.get(name)?.owner
    if (owner !== undefined && owner !== account && expected !== undefined) return { status: 403 }
    const bucket = buckets.get(name)
    if (sent.method === 'DELETE' && bucket?.objects.size === 0) {
      buckets.delete(name)
      return { status: 204 }
    }
    const emptied = bucket && emptying(sent, bucket, locked)
    if (emptied !== undefined) return emptied
    const key = path.join('/')
    return key === '' ? onBucket(sent, name) : onObject(sent, name, key)
  }
  return { buckets, locked, asked, rest }
}
