import { describe, expect, test } from 'vitest'
import {
  deployStage,
  diffStage,
  findStacksToDelete,
  planStage,
  type StackClients,
  type Steps,
} from '../../../src/operations/stacks/index.ts'
import type { Answer } from '../../support/aws-server.ts'
import type { FakeCloudFormation } from '../../support/cloudformation.ts'
import { installation } from './installation.ts'
import { least } from './variants.ts'
import { steps, world } from './world.ts'

const named = ['security', 'data'] as const
const names = named.map((key) => `apigw-prod-${key}`)

async function deploy(clients: StackClients, more: Partial<Steps> = {}): Promise<void> {
  const stage = { name: 'prod', region: clients.region, settings: least }
  const plans = await planStage(stage, named, installation())
  const deployments = await diffStage(clients, stage, plans, steps(more))
  await deployStage(clients, deployments, stage, { ...steps(more), approve: async () => true }, () => undefined)
}

/** Deployed, protected, and nothing left over. */
function expectDone(aws: FakeCloudFormation): void {
  expect([...aws.stacks.values()].map(({ name, status }) => [name, status])).toEqual([
    [names[0], 'CREATE_COMPLETE'],
    [names[1], 'UPDATE_COMPLETE'],
  ])
  expect(aws.changeSets).toBe(0)
}

const actions = ['DescribeStacks', 'CreateChangeSet', 'DescribeChangeSet', 'ExecuteChangeSet', 'DescribeStackEvents']

/** Answers one action with an error, from its nth call on while `on` holds. */
function failing(action: string, error: string, from: number) {
  const state = { on: true, calls: 0 }
  const instead = (aws: FakeCloudFormation): Record<string, Answer> => ({
    [action]: () => {
      state.calls += 1
      const fails = state.on && state.calls >= from
      return fails ? { error, message: error, status: 400 } : (aws.query[action] ?? '')
    },
  })
  return { state, instead }
}

describe.each(actions)('when %s', (action) => {
  test.each([1, 2])(
    'says that the sign-in has expired, at call %i, the error names the sign-in and the next run finishes',
    async (from) => {
      const { state, instead } = failing(action, 'ExpiredToken', from)
      const { clients, aws } = await world(instead)
      await expect(deploy(clients)).rejects.toMatchObject({
        code: 'aws-credentials',
        next: expect.stringMatching(/aws sso login/),
      })
      state.on = false
      await deploy(clients, { wait: true })
      expectDone(aws)
    },
  )
  test('is throttled for longer than the retries, the next run finishes', async () => {
    const { state, instead } = failing(action, 'Throttling', 1)
    const { clients, aws } = await world(instead)
    await expect(deploy(clients)).rejects.toMatchObject({ code: 'aws-throttled', retryable: true })
    state.on = false
    await deploy(clients, { wait: true })
    expectDone(aws)
  })
})

describe('a stack in', () => {
  test.each(['CREATE_FAILED', 'ROLLBACK_FAILED', 'ROLLBACK_COMPLETE'])('%s is deleted and created again', async (status) => {
    const { clients, aws } = await world()
    aws.put('apigw-prod-data', { status, reason: 'no capacity' })
    await deploy(clients)
    expect(aws.stacks.get('apigw-prod-data')?.status).toBe('UPDATE_COMPLETE')
  })
  test.each([
    ['DELETE_FAILED', /delete-stack .*--stack-name apigw-prod-data/],
    ['UPDATE_FAILED', /rollback-stack .*--stack-name apigw-prod-data/],
    ['UPDATE_ROLLBACK_FAILED', /continue-update-rollback .*--stack-name apigw-prod-data/],
    ['IMPORT_ROLLBACK_FAILED', /describe-stack-events .*--stack-name apigw-prod-data/],
    ['SOMETHING_NEW_FAILED', /describe-stack-events .*--stack-name apigw-prod-data/],
  ])('%s is left as it is, and the error names the command', async (status, next) => {
    const { clients, aws, count } = await world()
    aws.put('apigw-prod-data', { status, reason: 'a resource failed' })
    await expect(deploy(clients)).rejects.toMatchObject({ code: 'stack-stuck', next: expect.stringMatching(next) })
    // The diff finds it before the first stack changes.
    expect(count('ExecuteChangeSet')).toBe(0)
  })
})

describe('a stack that only has the name', () => {
  test.each([
    ['without the tag', {}, 'has no tag apigw:stage'],
    ['of another stage', { 'apigw:stage': 'dev' }, 'has the tag apigw:stage=dev'],
  ])('%s is neither updated nor deleted', async (_, tags, said) => {
    const { clients, aws, count } = await world()
    aws.put('apigw-prod-data', { tags: { Name: 'x', ...tags } })
    const refusal = {
      code: 'stack-stuck',
      message: `apigw-prod-data in ap-northeast-2 does not belong to the stage prod: it ${said}.`,
      next: expect.stringMatching(/^rename the stage/),
    }
    await expect(deploy(clients)).rejects.toMatchObject(refusal)
    await expect(findStacksToDelete(clients, 'prod', [])).rejects.toMatchObject(refusal)
    expect(count('CreateChangeSet') + count('DeleteStack')).toBe(0)
  })
})

test.each([
  [
    'Queue',
    'AWS::SQS::Queue',
    'Resource of type AWS::SQS::Queue with identifier apigw-prod-a already exists.',
    /may hold accepted messages/,
  ],
  ['Role', 'AWS::IAM::Role', 'apigw-prod-x already exists', /if it holds data/],
])('the name of %s is taken: the error says so, and the next run finishes', async (id, type, reason, next) => {
  const { clients, aws } = await world()
  aws.scripts.set('apigw-prod-data', { says: [[id, type, 'CREATE_FAILED', reason]], ends: ['ROLLBACK_COMPLETE'] })
  await expect(deploy(clients)).rejects.toMatchObject({ code: 'stack-failed', next: expect.stringMatching(next) })
  await deploy(clients)
  expectDone(aws)
})

test('Ctrl-C at any request leaves something that the next run finishes', async () => {
  const ends = new Set<string>()
  for (let at = 1; ; at += 3) {
    const stop = new AbortController()
    let requests = 0
    const { clients, aws } = await world((real) =>
      Object.fromEntries(
        Object.entries(real.query).map(([action, answer]) => [
          action,
          () => {
            requests += 1
            if (requests === at) stop.abort()
            return answer
          },
        ]),
      ),
    )
    const ended = await deploy(clients, { signal: stop.signal }).then(
      () => 'done',
      (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'bug'),
    )
    ends.add(ended)
    if (requests < at) break
    await deploy(clients, { wait: true })
    expectDone(aws)
  }
  expect([...ends].sort()).toEqual(['done', 'interrupted'])
})
