import { createHash } from 'node:crypto'
import { callAws } from '../../aws/index.ts'
import { accountOf, type StackClients } from './clients.ts'

/** The S3 key of some content: its SHA-256, so unchanged content is not uploaded again. */
export function assetKey(bytes: Uint8Array, extension: string): string {
  return `${createHash('sha256').update(bytes).digest('hex')}.${extension}`
}

/**
 * Uploads content to the artifact bucket, unless it exists there.
 * @param extension of the key, without a dot, such as `zip`
 * @returns its key
 * @throws Problem `aws-…`
 */
export async function uploadAsset(clients: StackClients, bucket: string, bytes: Uint8Array, extension: string): Promise<string> {
  const { HeadObjectCommand, PutObjectCommand } = await import('@aws-sdk/client-s3')
  const key = assetKey(bytes, extension)
  const of = { Bucket: bucket, Key: key, ExpectedBucketOwner: await accountOf(clients) }
  const there = await callAws(clients, 's3:GetObject', async () => {
    try {
      await clients.s3.send(new HeadObjectCommand(of))
      return true
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFound') return false
      throw error
    }
  })
  if (there) return key
  const checksum = createHash('sha256').update(bytes).digest('base64')
  await callAws(clients, 's3:PutObject', () =>
    clients.s3.send(new PutObjectCommand({ ...of, Body: bytes, ChecksumSHA256: checksum })),
  )
  return key
}
