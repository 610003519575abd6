import { join } from 'node:path'
import { isMap, type Json } from '../../../operations/cloudformation/index.ts'
import { startDynamodb, startEmulator } from '../../local/index.ts'
import { arnOf } from '../rights/rights.ts'
import type { Resource } from '../template/resource.ts'

/** Queues, buckets and tables of a stage on this machine. */
export interface Emulators {
  /** SQS and S3. */
  readonly sqs: string
  readonly dynamodb: string
  stop(): Promise<void>
}

function dynamodbCall(address: string, action: string, body: object): Promise<Response> {
  return fetch(address, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20261127/ap-northeast-2/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      'x-amz-date': '20261127T000000Z',
    },
    body: JSON.stringify(body),
  })
}

async function createTable(address: string, { physicalId, properties }: Resource): Promise<void> {
  const { AttributeDefinitions, KeySchema, BillingMode, GlobalSecondaryIndexes } = properties
  const table = { TableName: physicalId, AttributeDefinitions, KeySchema, BillingMode, GlobalSecondaryIndexes }
  const response = await dynamodbCall(address, 'CreateTable', table)
  if (!response.ok) throw new Error(`the table ${physicalId}: ${await response.text()}`)
}

function queueAttributes({ properties }: Resource): Record<string, string> {
  const names = ['VisibilityTimeout', 'MessageRetentionPeriod', 'RedrivePolicy', 'DelaySeconds', 'MaximumMessageSize']
  return Object.fromEntries(
    names.flatMap((name) => (properties[name] === undefined ? [] : [[name, attribute(properties[name])]])),
  )
}

/** The emulator has an account of its own. */
function attribute(value: Json | undefined): string {
  return isMap(value) ? JSON.stringify(value).replaceAll(/(arn:aws:sqs:[^:]+:)\d{12}/g, '$1000000000000') : String(value)
}

/** Dead-letter queues first: a queue can name only one that exists. */
function queuesFirst(all: readonly Resource[]): readonly Resource[] {
  const queues = all.filter(({ type }) => type === 'AWS::SQS::Queue')
  return queues.toSorted((one, other) => Number('RedrivePolicy' in one.properties) - Number('RedrivePolicy' in other.properties))
}

/** Makes the queues, buckets and tables of the templates. */
export async function startEmulators(all: readonly Resource[], folder: string): Promise<Emulators> {
  const sqs = await startEmulator({ port: 0, dataDir: join(folder, 'queues') })
  for (const queue of queuesFirst(all)) {
    sqs.createQueue(arnOf(queue.physicalId).split(':').at(-1) ?? '', { attributes: queueAttributes(queue) })
  }
  for (const { physicalId } of all.filter(({ type }) => type === 'AWS::S3::Bucket')) sqs.createBucket(physicalId)
  const dynamodb = await startDynamodb(folder)
  for (const table of all.filter(({ type }) => type === 'AWS::DynamoDB::Table')) await createTable(dynamodb.address, table)
  const stop = async (): Promise<void> => {
    await sqs.stop()
    await dynamodb.stop()
  }
  return { sqs: sqs.address, dynamodb: dynamodb.address, stop }
}
