import { expect, test } from 'vitest'
import { stageDrift } from '../../../src/operations/stacks/index.ts'
import type { FakeDrift } from '../../support/cloudformation.ts'
import { type World, world } from './world.ts'

async function withDrift(drift: FakeDrift, status = 'UPDATE_COMPLETE'): Promise<World> {
  const here = await world()
  here.aws.put('apigw-prod-network', { status })
  here.aws.drifts.set('apigw-prod-network', drift)
  return here
}

const rule = 'AWS::EC2::SecurityGroup'

test('changed and deleted resources are listed with the path and the values of each property, over all pages', async () => {
  const resources = [
    { id: 'Group', type: rule, status: 'MODIFIED', differences: [['/SecurityGroupIngress/0/CidrIp', '10.0.0.0/8', '0.0.0.0/0']] },
    { id: 'Log', type: 'AWS::EC2::FlowLog', status: 'DELETED' },
    { id: 'Vpc', type: 'AWS::EC2::VPC', status: 'IN_SYNC' },
    { id: 'Other', type: rule, status: 'MODIFIED' },
  ] as const
  const here = await withDrift({ polls: 4, resources })
  const drifts = await stageDrift(here.clients, 'prod', ['network', 'data'], {})
  expect(drifts).toEqual([{ stack: 'network', incomplete: null, resources: expect.any(Array) }])
  expect(drifts[0]?.resources.map(({ id, status }) => [id, status])).toEqual([
    ['Group', 'MODIFIED'],
    ['Log', 'DELETED'],
    ['Other', 'MODIFIED'],
  ])
  expect(drifts[0]?.resources[0]).toEqual({
    id: 'Group',
    type: rule,
    physicalId: 'group-1',
    status: 'MODIFIED',
    properties: [
      { path: '/SecurityGroupIngress/0/CidrIp', difference: 'NOT_EQUAL', expected: '10.0.0.0/8', actual: '0.0.0.0/0' },
    ],
  })
})

test.each(['/MasterUserPassword', '/Environment/Variables/KEY', '/AuthToken', '/SecretString'])(
  'a value that may be a secret is not shown: %s',
  async (path) => {
    const resources = [{ id: 'It', type: rule, status: 'MODIFIED', differences: [[path, 'before', 'hunter2']] }] as const
    const here = await withDrift({ resources })
    const drifts = await stageDrift(here.clients, 'prod', ['network'], {})
    expect(drifts[0]?.resources[0]?.properties).toEqual([{ path, difference: 'NOT_EQUAL', expected: null, actual: null }])
    expect(JSON.stringify(drifts)).not.toContain('hunter2')
  },
)

test('a long value is cut', async () => {
  const resources = [
    { id: 'It', type: rule, status: 'MODIFIED', differences: [['/PolicyDocument', 'x'.repeat(9_000), '{}']] },
  ] as const
  const here = await withDrift({ resources })
  const drifts = await stageDrift(here.clients, 'prod', ['network'], {})
  expect(drifts[0]?.resources[0]?.properties[0]?.expected).toHaveLength(2_001)
})

test('a comparison that does not end is given up, with what it found so far', async () => {
  const here = await withDrift({ polls: 10_000, resources: [{ id: 'It', type: rule, status: 'DELETED' }] })
  const drifts = await stageDrift(here.clients, 'prod', ['network'], {})
  expect(drifts[0]).toMatchObject({ incomplete: 'CloudFormation did not finish within 5 minutes', resources: [{ id: 'It' }] })
  expect(here.count('DescribeStackDriftDetectionStatus')).toBe(100)
})

test.each([
  ['DETECTION_FAILED', 'Failed to detect drift on resource [It]'],
  ['DETECTION_OF_A_NEW_KIND', 'new'],
])('a comparison that ends with %s says why it is not complete', async (status, reason) => {
  const here = await withDrift({ ends: [status, reason] })
  expect(await stageDrift(here.clients, 'prod', ['network'], {})).toMatchObject([{ incomplete: reason }])
})

test('a stack that is being changed is not compared', async () => {
  const here = await withDrift({}, 'UPDATE_IN_PROGRESS')
  const drifts = await stageDrift(here.clients, 'prod', ['network'], {})
  expect(drifts).toMatchObject([{ incomplete: 'CloudFormation cannot compare a stack in UPDATE_IN_PROGRESS' }])
  expect(here.count('DetectStackDrift')).toBe(0)
})

test('a second comparison at the same time is refused', async () => {
  const here = await withDrift({ busy: true })
  await expect(stageDrift(here.clients, 'prod', ['network'], {})).rejects.toMatchObject({
    code: 'stack-busy',
    next: 'run it again in a minute',
  })
})

test('Ctrl-C ends the wait', async () => {
  const here = await withDrift({ polls: 10_000 })
  const abort = new AbortController()
  const clients = { ...here.clients, pause: async () => abort.abort() }
  await expect(stageDrift(clients, 'prod', ['network'], { signal: abort.signal })).rejects.toMatchObject({ code: 'interrupted' })
})
