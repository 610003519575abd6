import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DynamoWorld, dynamoWorld, openDynamo } from '../registry/dynamo.ts'
import { freshId, problemOf } from '../registry/fixtures.ts'
import { jsonError, ok, type RunOptions, run, temporaryFolder } from './run.ts'

let world: DynamoWorld
let here: RunOptions
beforeAll(async () => {
  world = await dynamoWorld()
})
beforeEach(() => {
  here = { cwd: temporaryFolder(), env: { APIGW_REGISTRY: world.address, AWS_REGION: 'ap-northeast-2' } }
})
afterAll(() => world.close())

test('an operator manages a customer in a DynamoDB table, and a gateway sees the changes', async () => {
  const id = freshId()
  await ok(['customer', 'add', id, '--day', '100', '--queue', 'carrier-a', '--key', 'live', '--json'], here)
  await ok(['quota', 'set', id, '--env', 'live', '--day', '200'], here)
  await ok(['customer', 'suspend', id], here)
  expect(JSON.parse(await ok(['customer', 'show', id, '--json'], here))).toMatchObject({ id, state: 'suspended' })
  const gateway = await openDynamo(world.address)
  expect((await gateway.profile(id))?.profile).toMatchObject({ customer: { state: 'suspended' }, quotas: { live: { day: 200 } } })
  expect((await gateway.history(id, 10)).map(({ who, what }) => `${who}: ${what}`)).toEqual([
    'tester: customer: state suspended',
    'tester: quota live: day 200',
    'tester: customer added',
  ])
  await gateway.close()
})

test('a table that does not exist is named', async () => {
  const env = { ...here.env, APIGW_REGISTRY: world.address.replace('apigw-registry', 'another') }
  const error = jsonError(await run(['customer', 'list', '--json'], { ...here, env }))
  expect(error.code).toBe('registry-unavailable')
  expect(JSON.stringify(error)).toContain('does not exist')
})

test('missing AWS credentials are reported as such', async () => {
  const env = {
    APIGW_REGISTRY: 'dynamodb:apigw-registry',
    AWS_REGION: 'ap-northeast-2',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  }
  expect(jsonError(await run(['customer', 'list', '--json'], { ...here, env })).code).toBe('aws-credentials')
})

test('the registry of a gateway without a client for DynamoDB is refused', async () => {
  const { openRedisRegistry } = await import('../../src/registry/index.ts')
  expect((await problemOf(openRedisRegistry(world.address))).code).toBe('config-invalid')
})
