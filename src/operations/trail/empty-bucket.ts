import { callAws, clientOptions } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { isMissing, type TrailClients } from './clients.ts'

function keeps(bucket: string, code = 'no error code'): Problem {
  if (code !== 'AccessDenied') return new Problem('aws-refused', `S3 could not delete every object in ${bucket}: ${code}.`)
  return new Problem(
    'aws-denied',
    `You lack the right s3:DeleteObjectVersion on ${bucket}, or an object lock protects its objects.`,
    {
      next: `ask an administrator to allow s3:DeleteObjectVersion on ${bucket}`,
    },
  )
}

/** Deletes every object version in a bucket, and the bucket. Irreversible. */
export async function emptyBucket({ place }: TrailClients, bucket: string): Promise<void> {
  const { DeleteBucketCommand, DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } = await import('@aws-sdk/client-s3')
  const s3 = new S3Client(clientOptions(place))
  try {
    for (;;) {
      const page = await callAws(place, 's3:ListBucketVersions', () => s3.send(new ListObjectVersionsCommand({ Bucket: bucket })))
      const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
      if (all.length === 0) break
      const Objects = all.flatMap(({ Key, VersionId }) => (Key === undefined ? [] : [{ Key, VersionId }]))
      const { Errors: [kept] = [] } = await callAws(place, 's3:DeleteObjectVersion', () =>
        s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })),
      )
      // S3 reports this in a successful response. Listing again would return the same page forever.
      if (kept !== undefined) throw keeps(bucket, kept.Code)
    }
    await callAws(place, 's3:DeleteBucket', () => s3.send(new DeleteBucketCommand({ Bucket: bucket })))
  } catch (error) {
    if (!isMissing(error)) throw error
  } finally {
    s3.destroy()
  }
}
