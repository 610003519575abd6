import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { accountOf, type StackClients } from './clients.ts'

function statusIn(metadata: unknown): number | undefined {
  const { httpStatusCode } = recordOf(metadata)
  return typeof httpStatusCode === 'number' ? httpStatusCode : undefined
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && '$metadata' in error ? statusIn(error.$metadata) : undefined
}

/** Denies every request without TLS. Without an Allow statement only the account's own identities have access. */
function policyOf(bucket: string): string {
  const arn = `arn:aws:s3:::${bucket}`
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  })
}

function taken(bucket: string): Problem {
  return new Problem(
    'bucket-taken',
    `The bucket ${bucket} already exists, and it belongs to another account or you have no access to it.`,
    {
      next: `allow s3:ListBucket on arn:aws:s3:::${bucket} if it is yours. Otherwise set artifactBucket of the stage in apigw.yaml to a different name`,
    },
  )
}

/** @returns whether the bucket exists; `ExpectedBucketOwner` rejects a bucket of the same name in another account */
async function exists(clients: StackClients, bucket: string, account: string): Promise<boolean> {
  const { HeadBucketCommand } = await import('@aws-sdk/client-s3')
  return callAws(clients, 's3:ListBucket', async () => {
    try {
      await clients.s3.send(new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: account }))
      return true
    } catch (error) {
      // A HEAD response has no body, so the status code is all there is.
      const status = statusOf(error)
      if (status === 404) return false
      if (status === 403) throw taken(bucket)
      if (status !== 301) throw error
      throw new Problem('bucket-taken', `The bucket ${bucket} is not in ${clients.region}.`, {
        next: 'set artifactBucket of the stage in apigw.yaml to a different name',
      })
    }
  })
}

async function make(clients: StackClients, bucket: string): Promise<void> {
  const { CreateBucketCommand } = await import('@aws-sdk/client-s3')
  const { region } = clients
  await callAws(clients, 's3:CreateBucket', async () => {
    try {
      // S3 rejects us-east-1 as a LocationConstraint.
      const place =
        region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as 'ap-northeast-2' } }
      await clients.s3.send(new CreateBucketCommand({ Bucket: bucket, ...place }))
    } catch (error) {
      if (error instanceof Error && error.name === 'BucketAlreadyExists') throw taken(bucket)
      // A concurrent deployment created it first.
      if (!(error instanceof Error && error.name === 'BucketAlreadyOwnedByYou')) throw error
    }
  })
}

/** The bucket policy is written last, so if it exists, the other settings are in place. */
async function isSecured(clients: StackClients, bucket: string, account: string): Promise<boolean> {
  const { GetBucketPolicyCommand } = await import('@aws-sdk/client-s3')
  return callAws(clients, 's3:GetBucketPolicy', async () => {
    try {
      await clients.s3.send(new GetBucketPolicyCommand({ Bucket: bucket, ExpectedBucketOwner: account }))
      return true
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchBucketPolicy') return false
      throw error
    }
  })
}

async function secure(clients: StackClients, bucket: string, account: string): Promise<void> {
  const sdk = await import('@aws-sdk/client-s3')
  const of = { Bucket: bucket, ExpectedBucketOwner: account }
  const send = callAws.bind(null, clients)
  await send('s3:PutBucketPublicAccessBlock', () =>
    clients.s3.send(
      new sdk.PutPublicAccessBlockCommand({
        ...of,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      }),
    ),
  )
  await send('s3:PutEncryptionConfiguration', () =>
    clients.s3.send(
      new sdk.PutBucketEncryptionCommand({
        ...of,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
      }),
    ),
  )
  // Uploads never expire: a rollback reads the code of the previous deployment again.
  await send('s3:PutLifecycleConfiguration', () =>
    clients.s3.send(
      new sdk.PutBucketLifecycleConfigurationCommand({
        ...of,
        LifecycleConfiguration: {
          Rules: [
            {
              ID: 'unfinished-uploads',
              Status: 'Enabled',
              Filter: { Prefix: '' },
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            },
          ],
        },
      }),
    ),
  )
  await send('s3:PutBucketPolicy', () => clients.s3.send(new sdk.PutBucketPolicyCommand({ ...of, Policy: policyOf(bucket) })))
}

/** The default name of the artifact bucket of an account and region. */
export function artifactBucketName(account: string, region: string): string {
  return `apigw-artifacts-${account}-${region}`
}

/** The default artifact bucket of this account and region, whether it exists or not. */
export async function defaultBucket(clients: StackClients): Promise<string> {
  return artifactBucketName(await accountOf(clients), clients.region)
}

/**
 * The bucket for code and templates. Creates it if it does not exist: private, encrypted, and for TLS only.
 * @param named a name that replaces the default
 * @throws Problem `bucket-taken`, `aws-…`
 */
export async function artifactBucket(clients: StackClients, named?: string): Promise<string> {
  const account = await accountOf(clients)
  const bucket = named ?? artifactBucketName(account, clients.region)
  if (!(await exists(clients, bucket, account))) await make(clients, bucket)
  if (!(await isSecured(clients, bucket, account))) await secure(clients, bucket, account)
  return bucket
}
