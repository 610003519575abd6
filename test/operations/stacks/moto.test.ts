import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  artifactBucket,
  deployStack,
  describeStack,
  destroyStack,
  type StackClients,
  stackClients,
  uploadAsset,
} from '../../../src/operations/stacks/index.ts'
import { hasMoto, startMoto } from '../../support/moto.ts'
import { steps } from './world.ts'

// A stack status from moto proves nothing: it reports unknown resource types as complete. So each test reads the
// resources from their own service.
const name = 'apigw-dev-data'
const first = `
Parameters:
  Retention: {Type: Number, Default: 3600}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: acme, MessageRetentionPeriod: !Ref Retention}
  Kept:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties: {BucketName: acme-kept}
Outputs:
  Url: {Value: !Ref Queue}
`
const second = first.replace('Outputs:', '  Other:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: other}\nOutputs:')

describe.skipIf(!hasMoto)('against moto', () => {
  let moto: Awaited<ReturnType<typeof startMoto>>
  let clients: StackClients
  beforeAll(async () => {
    moto = await startMoto()
    for (const [key, value] of Object.entries(moto.env)) vi.stubEnv(key, value)
    clients = await stackClients({ region: 'ap-northeast-2', profile: undefined })
  })
  afterAll(() => {
    clients?.close()
    moto?.stop()
    vi.unstubAllEnvs()
  })

  async function queues(): Promise<string[]> {
    const { ListQueuesCommand, SQSClient } = await import('@aws-sdk/client-sqs')
    const { QueueUrls = [] } = await new SQSClient({ region: 'ap-northeast-2' }).send(new ListQueuesCommand({}))
    return QueueUrls.map((url) => url.split('/').at(-1) ?? '').sort()
  }

  test('creates, leaves unchanged, updates and deletes a stack, and retains what its template retains', async () => {
    const wanted = { name, templateBody: first, parameters: { Retention: '7200' } }
    // moto does not keep the outputs of a stack that a change set created.
    expect(await deployStack(clients, wanted, steps())).toMatchObject({ changed: true })
    expect(await queues()).toEqual(['acme'])
    const { GetQueueAttributesCommand, SQSClient } = await import('@aws-sdk/client-sqs')
    const { Attributes } = await new SQSClient({ region: 'ap-northeast-2' }).send(
      new GetQueueAttributesCommand({
        QueueUrl: `${moto.env.AWS_ENDPOINT_URL}/123456789012/acme`,
        AttributeNames: ['MessageRetentionPeriod'],
      }),
    )
    expect(Attributes).toEqual({ MessageRetentionPeriod: '7200' })

    expect(await deployStack(clients, wanted, steps())).toMatchObject({ changed: false })

    const asking = steps()
    await deployStack(clients, { ...wanted, templateBody: second }, asking)
    expect(asking.approvals[0]?.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['create Other'])
    expect(await queues()).toEqual(['acme', 'other'])

    const leaving = steps()
    await destroyStack(clients, name, leaving)
    expect(leaving.approvals[0]?.map(({ id, loss }) => [id, loss]).sort()).toEqual([
      ['Kept', 'kept'],
      ['Other', 'lost'],
      ['Queue', 'lost'],
    ])
    expect(await queues()).toEqual([])
    expect(await describeStack(clients, name)).toBeUndefined()
    const { HeadBucketCommand } = await import('@aws-sdk/client-s3')
    await clients.s3.send(new HeadBucketCommand({ Bucket: 'acme-kept' }))
  })

  test('the artifact bucket is private, encrypted and TLS only, and stores content once', async () => {
    const bucket = await artifactBucket(clients)
    expect(bucket).toBe('apigw-artifacts-123456789012-ap-northeast-2')
    const sdk = await import('@aws-sdk/client-s3')
    const of = { Bucket: bucket }
    const { PublicAccessBlockConfiguration } = await clients.s3.send(new sdk.GetPublicAccessBlockCommand(of))
    expect(Object.values(PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true])
    const { ServerSideEncryptionConfiguration } = await clients.s3.send(new sdk.GetBucketEncryptionCommand(of))
    expect(ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('AES256')
    const { Rules } = await clients.s3.send(new sdk.GetBucketLifecycleConfigurationCommand(of))
    expect(Rules?.[0]?.AbortIncompleteMultipartUpload?.DaysAfterInitiation).toBe(7)
    const { Policy = '' } = await clients.s3.send(new sdk.GetBucketPolicyCommand(of))
    expect(JSON.parse(Policy).Statement[0].Condition).toEqual({ Bool: { 'aws:SecureTransport': 'false' } })
    // moto applies the TLS-only deny statement to every request, so the content goes to a different bucket.
    await clients.s3.send(
      new sdk.CreateBucketCommand({ Bucket: 'plain', CreateBucketConfiguration: { LocationConstraint: 'ap-northeast-2' } }),
    )
    const key = await uploadAsset(clients, 'plain', Buffer.from('code'), 'zip')
    const stored = { Bucket: 'plain', Key: key }
    const { LastModified } = await clients.s3.send(new sdk.HeadObjectCommand(stored))
    expect(await uploadAsset(clients, 'plain', Buffer.from('code'), 'zip')).toBe(key)
    expect((await clients.s3.send(new sdk.HeadObjectCommand(stored))).LastModified).toEqual(LastModified)
  })
})
