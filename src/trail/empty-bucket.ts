import { clientOptions } from '../aws/index.ts'
import { called, isMissing, type TrailClients } from './clients.ts'

/** Deletes every version of everything in a bucket, and the bucket. There is no way back. */
export async function emptyBucket({ place }: TrailClients, bucket: string): Promise<void> {
  const { DeleteBucketCommand, DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } = await import('@aws-sdk/client-s3')
  const s3 = new S3Client(clientOptions(place))
  try {
    for (;;) {
      const page = await called({ place }, 's3:ListBucketVersions', () =>
        s3.send(new ListObjectVersionsCommand({ Bucket: bucket })),
      )
      const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
      if (all.length === 0) break
      const Objects = all.flatMap(({ Key, VersionId }) => (Key === undefined ? [] : [{ Key, VersionId }]))
      await called({ place }, 's3:DeleteObjectVersion', () =>
        s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })),
      )
    }
    await called({ place }, 's3:DeleteBucket', () => s3.send(new DeleteBucketCommand({ Bucket: bucket })))
  } catch (error) {
    if (!isMissing(error)) throw error
  } finally {
    s3.destroy()
  }
}
