import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { Registry } from '../../../../../src/registry/index.ts'
import { type DynamoWorld, dynamoWorld, openDynamo } from '../../../../registry/dynamo.ts'
import { liveQueue, type Sqs, startSqs } from '../../../../support/sqs.ts'
import { authorization, message, newCustomer } from '../../../../support/world.ts'

let sqs: Sqs
let dynamo: DynamoWorld
let registry: Registry
beforeAll(async () => {
  sqs = await startSqs()
  dynamo = await dynamoWorld()
  registry = await openDynamo(dynamo.address)
})
afterEach(() => {
  vi.unstubAllEnvs()
})
afterAll(async () => {
  await registry.close()
  await dynamo.close()
  sqs.stop()
})

/** A load balancer's event that sends a message. */
const eventOf = (basic: string, more: Record<string, string> = {}) => ({
  requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/x/1' } },
  httpMethod: 'POST',
  path: '/v1.0/messages',
  queryStringParameters: {},
  headers: {
    host: 'api.example.com',
    'x-forwarded-for': '203.0.113.7',
    authorization: authorization(basic),
    'content-type': 'application/json',
    ...more,
  },
  body: JSON.stringify(message),
  isBase64Encoded: false,
})

it('the function with its registry in DynamoDB sends, repeats an answer, and refuses over a quota', async () => {
  vi.stubEnv('APIGW_REGISTRY', dynamo.address)
  vi.stubEnv('APIGW_SQS_ENDPOINT', sqs.endpoint)
  vi.stubEnv('AWS_REGION', 'ap-northeast-2')
  const { handler } = await import('../../../../../src/runtime/gateway/dynamodb-lambda.ts')
  const { live, customer } = await newCustomer(registry)
  await registry.change({ kind: 'setQuota', customer, environment: 'live', change: { day: 2 } }, { who: 'tester', from: 'here' })
  const key = { 'idempotency-key': 'order-1' }
  const first = await handler(eventOf(live.basic, key))
  expect(first.statusCode).toBe(202)
  const again = await handler(eventOf(live.basic, key))
  expect([again.statusCode, JSON.parse(again.body).id]).toEqual([202, JSON.parse(first.body).id])
  expect((await handler(eventOf(live.basic))).statusCode).toBe(202)
  expect((await handler(eventOf(live.basic))).statusCode).toBe(429)
  expect((await registry.usage(customer, 'live')).usage.dayUsed).toBe(2)
  expect(sqs.messages(liveQueue, customer)).toHaveLength(2)
})
