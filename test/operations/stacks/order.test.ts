import { describe, expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { deployStage, diffStage, planStage } from '../../../src/operations/stacks/index.ts'
import { installation } from './installation.ts'
import { image, least } from './variants.ts'
import { steps, type World, world } from './world.ts'

async function order({ clients }: World, settings: DeploySettings): Promise<string[]> {
  const stage = { name: 'prod', region: clients.region, settings }
  const deployments = await diffStage(clients, stage, await planStage(stage, [], installation()), steps())
  const done: string[] = []
  await deployStage(clients, deployments, stage, { ...steps(), approve: async () => true }, ({ stack }) => void done.push(stack))
  return done
}

const usual = ['security', 'network', 'data', 'edge', 'gateway', 'worker', 'admin']
const containers = { ...least, front: 'container', worker: 'container', image } as const

describe('the order of an update', () => {
  // Running containers need the endpoints or NAT for images, secrets and logs
  // (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/networking-outbound.html).
  test('changes the network last when the last container goes, and first in every other case', async () => {
    const here = await world()
    expect(await order(here, least)).toEqual(usual)
    expect(await order(here, containers)).toEqual(usual)
    expect(await order(here, { ...containers, front: 'api-gateway' })).toEqual(usual)
    expect(await order(here, least)).toEqual([...usual.filter((key) => key !== 'network'), 'network'])
    expect(await order(here, least)).toEqual(usual)
  })
})
