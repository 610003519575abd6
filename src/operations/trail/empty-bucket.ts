import { callAws, clientOptions } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { isMissing, type TrailClients } from './clients.ts'

function keeps(bucket: string, code = 'no reason'): Problem {
  if (code !== 'AccessDenied') return new Problem('aws-refused', `S3 does not delete everything in ${bucket}: ${code}.`)
  return new Problem('aws-denied', `You lack the right s3:DeleteObjectVersion on ${bucket}, or a lock protects what is in it.`, {
    next: `let an administrator allow s3:DeleteObjectVersion on ${bucket}`,
  })
}

/** Deletes every version of everything in a bucket, and the bucket. There is no way back. */
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
      // S3 says so in an answer of its own that is no error. The same page would come again, without an end.
      if (kept !== undefined) throw keeps(bucket, kept.Code)
    }
    await callAws(place, 's3:DeleteBucket', () => s3.send(new DeleteBucketCommand({ Bucket: bucket })))
  } catch (error) {
    if (!isMissing(error)) throw error
  } finally {
    s3.destroy()
  }
}
