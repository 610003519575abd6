import { describe, expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import {
  deployStage,
  destroyStack,
  destroyStage,
  diffStage,
  findStacksToDelete,
  planStage,
} from '../../../src/operations/stacks/index.ts'
import { installation } from './installation.ts'
import { steps, type World, world } from './world.ts'

const open: DeploySettings = {
  domain: 'api.example.com',
  hostedZoneId: 'Z123',
  alerts: 'topic',
  parameters: { data: { DeletionProtection: false } },
}

async function deploy(here: World) {
  const stage = { name: 'prod', region: here.clients.region, settings: open }
  const all = { ...steps(), approve: async () => true }
  const deployments = await diffStage(here.clients, stage, await planStage(stage, [], installation()), all)
  await deployStage(here.clients, deployments, stage, all, () => undefined)
}

const protectedStacks = ({ aws }: World) =>
  [...aws.stacks.values()].filter(({ isProtected }) => isProtected).map(({ name }) => name)
const both = ['apigw-prod-data', 'apigw-prod-edge']

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
describe('termination protection', () => {
  test('is turned on for the stacks with data and the domain, once', async () => {
    const here = await world()
    await deploy(here)
    expect(protectedStacks(here)).toEqual(both)
    await deploy(here)
    expect(here.count('UpdateTerminationProtection')).toBe(2)
  })
  test('is turned on for a stack of an earlier version that does not change', async () => {
    const here = await world()
    await deploy(here)
    for (const stack of here.aws.stacks.values()) stack.isProtected = false
    const executed = here.count('ExecuteChangeSet')
    await deploy(here)
    expect(protectedStacks(here)).toEqual(both)
    expect(here.count('ExecuteChangeSet')).toBe(executed)
  })
  test('refuses a deletion by anything but apigw destroy', async () => {
    const here = await world()
    await deploy(here)
    await expect(destroyStack(here.clients, 'apigw-prod-data', steps())).rejects.toMatchObject({
      code: 'stack-stuck',
      message: 'apigw-prod-data has termination protection enabled.',
    })
    expect(protectedStacks(here)).toEqual(both)
  })
  test('is turned off by a deletion that was approved, one stack at a time', async () => {
    const here = await world()
    await deploy(here)
    const stacks = await findStacksToDelete(here.clients, 'prod', [])
    expect(stacks.filter(({ isProtected }) => isProtected).map(({ name }) => name)).toEqual(both.toReversed())
    here.aws.scripts.set('apigw-prod-edge', {
      says: [['Balancer', 'AWS::ElasticLoadBalancingV2::LoadBalancer', 'DELETE_FAILED', 'in use']],
      ends: ['DELETE_FAILED'],
    })
    await expect(destroyStage(here.clients, stacks, steps(), () => undefined)).rejects.toMatchObject({ code: 'stack-failed' })
    expect(protectedStacks(here)).toEqual(['apigw-prod-data'])
    await destroyStage(here.clients, await findStacksToDelete(here.clients, 'prod', []), steps(), () => undefined)
    expect([...here.aws.stacks.values()].every(({ status }) => status === 'DELETE_COMPLETE')).toBe(true)
  })
  test('stays on if the deletion was interrupted before the stack', async () => {
    const here = await world()
    await deploy(here)
    const stacks = await findStacksToDelete(here.clients, 'prod', [])
    const signal = AbortSignal.abort()
    await expect(destroyStage(here.clients, stacks, steps({ signal }), () => undefined)).rejects.toMatchObject({
      code: 'interrupted',
    })
    expect(protectedStacks(here)).toEqual(both)
  })
})
