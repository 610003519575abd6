import { expect, test } from 'vitest'
import type { Fault } from '../../../../src/dev/rehearse/index.ts'
import { stageStatus } from '../../../../src/operations/stacks/index.ts'
import { least, shipped } from '../stages.ts'
import { rehearse } from './stage.ts'
import { account, place } from './world.ts'

const root = shipped()
const unprotected = { ...least, parameters: { data: { DeletionProtection: false } } }

test('the real code deploys, compares, changes, lists and deletes a stage', async () => {
  const aws = account()
  const stage = await rehearse(aws, root, { eventsAPoll: 7 })
  const first = await stage.diff(least)
  expect(first.every(({ state }) => state === 'new')).toBe(true)
  expect(aws.stacks).toEqual([])
  expect(await stage.deploy(unprotected)).toBeUndefined()
  const statuses = await stageStatus(stage.clients, 'prod')
  expect(statuses.map(({ key, stack }) => `${key} ${stack?.status}`)).toContain('gateway CREATE_COMPLETE')
  const same = await stage.diff(unprotected)
  expect(same.flatMap(({ changes }) => changes)).toEqual([])
  const changed = await stage.diff({ ...unprotected, waf: 'block' })
  expect(changed.flatMap(({ key, changes }) => changes.map(({ kind, id, why }) => [key, kind, id, why]))).toEqual([
    ['edge', 'change', 'WebAcl', ['Rules']],
  ])
  expect(await stage.deploy({ ...unprotected, waf: 'block' })).toBeUndefined()
  expect(await stage.destroy()).toBeUndefined()
  expect((await stageStatus(stage.clients, 'prod')).every(({ stack }) => stack === null)).toBe(true)
  // Only what the templates retain is left, and the artifact bucket.
  const left = new Set(aws.inventory.all().map(({ type }) => type))
  expect([...left].sort()).toEqual(['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret'])
})

/** Throttles the first polls after a change set was executed. */
function throttlePolls(times: number): (action: string) => Fault | undefined {
  let left = times
  let executed = false
  return (action) => {
    executed ||= action === 'ExecuteChangeSet'
    return executed && action === 'DescribeStackEvents' && left-- > 0 ? 'throttled' : undefined
  }
}

test('a throttled CloudFormation delays a deployment, and does not end it', async () => {
  const aws = account()
  const stage = await rehearse(aws, root, { fault: throttlePolls(5) })
  expect(await stage.deploy(least)).toBeUndefined()
})

test('credentials that expire half-way end a deployment; the next run finishes it', async () => {
  const aws = account()
  let expired = true
  const stage = await rehearse(aws, root, {
    fault: (_action, count) => (expired && count > 40 ? 'expired' : undefined),
  })
  expect(await stage.deploy(least)).toMatch(/expired/i)
  expired = false
  expect(await stage.deploy(least)).toBeUndefined()
  aws.settle()
  expect(aws.stacks.map(({ status }) => status).filter((status) => !/^(?:CREATE|UPDATE)_COMPLETE$/.test(status))).toEqual([])
  expect(aws.stacks).toHaveLength(7)
})

async function send(url: string, form: Record<string, string>): Promise<string> {
  const body = new URLSearchParams(form)
  return (await fetch(url, { method: 'POST', body })).text()
}

test('an unknown action, a missing parameter and an unknown stack are refused as AWS does', async () => {
  const { url } = await rehearse(account(), root)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await send(url, { Action: 'CreateStackSet' })).toMatch(/<Code>InvalidAction<\/Code>/)
  expect(await send(url, { Action: 'DescribeStackEvents' })).toMatch(/<Code>ValidationError<\/Code>.*'StackName'/)
  expect(await send(url, { Action: 'DescribeStacks', StackName: 'a<b' })).toMatch(
    /ValidationError.*Stack with id a&lt;b does not exist/,
  )
  const identity = await send(url, { Action: 'GetCallerIdentity' })
  expect(identity).toContain(`<Account>${place.account}</Account>`)
})

test('SQS finds queues by name, and IAM the members of a group', async () => {
  const aws = account()
  const { url } = await rehearse(aws, root)
  const queueUrl = `https://sqs.${place.region}.amazonaws.com/${place.account}/a`
  const common = { logicalId: 'It', properties: {}, stackId: undefined }
  aws.inventory.put({ type: 'AWS::SQS::Queue', id: queueUrl, ...common })
  aws.inventory.put({ type: 'AWS::IAM::Group', id: 'people', ...common })
  aws.facts.members.set('people', new Set(['jane', 'joe']))
  const queue = async (QueueName: string) => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.GetQueueUrl' }
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ QueueName }) })).json()
  }
  expect(await queue('a')).toEqual({ QueueUrl: queueUrl })
  expect(await queue('b')).toMatchObject({ __type: 'com.amazonaws#QueueDoesNotExist' })
  await send(url, { Action: 'RemoveUserFromGroup', GroupName: 'people', UserName: 'joe' })
  const group = await send(url, { Action: 'GetGroup', GroupName: 'people' })
  expect(group).toContain('<UserName>jane</UserName>')
  expect(group).not.toContain('joe')
  expect(await send(url, { Action: 'GetGroup', GroupName: 'gone' })).toContain('<Code>NoSuchEntity</Code>')
})
