import { describe, expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { deployStage, destroyStack, diffStage, planStage } from '../../../src/operations/stacks/index.ts'
import { least, shipped } from './variants.ts'
import { steps, type World, world } from './world.ts'

const name = 'apigw-prod-data'
const both = ['apigw-prod-carrier-a', 'apigw-prod-carrier-a-dlq']

async function deploy({ clients, server }: World, settings: DeploySettings = least) {
  const stage = { name: 'prod', region: clients.region, settings }
  const plans = await planStage(stage, ['data'], shipped())
  const [data] = await diffStage(clients, stage, plans, steps())
  const from = server.asked.length
  await deployStage(clients, data === undefined ? [] : [data], stage, { ...steps(), approve: async () => true }, () => undefined)
  const sets = server.asked.slice(from).filter(({ action }) => action === 'CreateChangeSet')
  return { data, types: sets.map(({ parameters }) => parameters.get('ChangeSetType')), sets }
}

// What a stack keeps still has its name, and a resource of the same name cannot be created. An import makes it part of the new
// stack (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html).
describe('queues that an earlier stack of the stage left behind', () => {
  test('are imported, with their messages, before the rest is created', async () => {
    const here = await world()
    for (const queue of both) here.aws.queues.add(queue)
    const { data, types, sets } = await deploy(here)
    const imports = data?.changes.filter(({ kind }) => kind === 'import')
    expect(imports?.map(({ id, physicalId }) => [id, physicalId])).toEqual([
      ['CarrierQueue', both[0]],
      ['CarrierDeadLetters', both[1]],
    ])
    expect(types).toEqual(['IMPORT', 'UPDATE', 'UPDATE'])
    const first = sets[0]?.parameters
    expect(first?.get('ResourcesToImport.member.1.LogicalResourceId')).toBe('CarrierQueue')
    expect(first?.get('ResourcesToImport.member.1.ResourceIdentifier.entry.1.value')).toMatch(/\/apigw-prod-carrier-a$/)
    expect(Object.keys(JSON.parse(first?.get('TemplateBody') ?? '').Resources)).toEqual(['CarrierQueue', 'CarrierDeadLetters'])
    expect(here.aws.stacks.get(name)?.status).toBe('UPDATE_COMPLETE')
  })
  test('do not exist in a new account, so nothing is imported', async () => {
    const here = await world()
    expect((await deploy(here)).types).toEqual(['CREATE', 'UPDATE'])
  })
  test('are imported one by one if only some exist', async () => {
    const here = await world()
    here.aws.queues.add('apigw-prod-carrier-a')
    const { sets } = await deploy(here)
    expect(Object.keys(JSON.parse(sets[0]?.parameters.get('TemplateBody') ?? '').Resources)).toEqual(['CarrierQueue'])
  })
  test('are not imported again when the creation after the import failed', async () => {
    const here = await world()
    for (const queue of both) here.aws.queues.add(queue)
    let executions = 0
    const scripts = here.aws.scripts.get.bind(here.aws.scripts)
    const failing = {
      says: [['Database', 'AWS::RDS::DBInstance', 'CREATE_FAILED', 'no capacity']] as const,
      ends: ['UPDATE_ROLLBACK_COMPLETE'] as const,
    }
    // Each change set and each execution reads the script once; the update is the second execution.
    here.aws.scripts.get = (stack) => (++executions === 4 ? failing : scripts(stack))
    await expect(deploy(here)).rejects.toMatchObject({ code: 'stack-failed' })
    here.aws.scripts.get = scripts
    expect(here.aws.stacks.get(name)?.status).toBe('UPDATE_ROLLBACK_COMPLETE')
    expect((await deploy(here)).types).toEqual(['UPDATE', 'UPDATE'])
  })
  test('of a second carrier that comes back are imported into the stack that is there', async () => {
    const here = await world()
    await deploy(here)
    for (const queue of ['apigw-prod-b', 'apigw-prod-b-dlq', ...both]) here.aws.queues.add(queue)
    here.aws.absent = new Set(['SecondCarrierQueue', 'SecondCarrierDeadLetters'])
    const { types, sets } = await deploy(here, { ...least, secondCarrier: 'b' })
    expect(types).toEqual(['IMPORT', 'UPDATE'])
    const { Resources } = JSON.parse(sets[0]?.parameters.get('TemplateBody') ?? '')
    expect(Resources.SecondCarrierQueue).toEqual({
      Type: 'AWS::SQS::Queue',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { QueueName: 'apigw-prod-b' },
    })
    expect(Object.keys(Resources)).toContain('Database')
  })
  test('survive a stage that is destroyed and deployed again', async () => {
    const here = await world()
    await deploy(here)
    const { retained } = await destroyStack(here.clients, name, { ...steps(), unprotects: true })
    expect(retained).toContain('AWS::SQS::Queue carrierqueue-1')
    for (const queue of both) here.aws.queues.add(queue)
    expect((await deploy(here)).types[0]).toBe('IMPORT')
    expect(here.aws.stacks.get(name)?.status).toBe('UPDATE_COMPLETE')
  })
})
