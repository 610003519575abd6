import { describe, expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { deployStage, diffStage, planStage } from '../../../src/operations/stacks/index.ts'
import { installation } from './installation.ts'
import { steps, type World, world } from './world.ts'

const settings: DeploySettings = { domain: 'api.example.com', hostedZoneId: 'Z123', alerts: 'topic' }

async function deploy({ clients }: World, named: readonly string[] = [], changed: DeploySettings = settings) {
  const stage = { name: 'prod', region: clients.region, settings: changed }
  const plans = await planStage(stage, named, installation())
  const deployments = await diffStage(clients, stage, plans, steps())
  const done: string[] = []
  await deployStage(
    clients,
    deployments,
    stage,
    { ...steps(), approve: async () => true },
    ({ stack, changed: did }) => void (did && done.push(stack)),
  )
  return { deployments, done }
}

const workerOf = ({ aws }: World) => aws.stacks.get('apigw-prod-worker')?.parameters

// CloudFormation rejects every change of an exported value that another stack imports
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html).
describe('outputs of earlier stacks', () => {
  test('are parameters of later stacks, and a first diff says that they are not known yet', async () => {
    const here = await world()
    const { deployments } = await deploy(here)
    expect(deployments.find(({ key }) => key === 'worker')?.unknown).toEqual([
      { parameter: 'LedgerTable', from: 'data', optional: false },
    ])
    expect(workerOf(here)).toMatchObject({ LedgerTable: 'apigw-prod-data:ledger' })
    expect((await deploy(here)).done).toEqual([])
  })
  test('may change, appear and go: a later stack follows in the same run', async () => {
    const here = await world()
    await deploy(here)
    here.aws.outputs.set('apigw-prod-data', { LedgerTable: 'other', SecondCarrierQueue: 'apigw-prod-b' })
    expect((await deploy(here)).done).toEqual(['worker'])
    expect(workerOf(here)).toMatchObject({ LedgerTable: 'other', SecondCarrierQueue: 'apigw-prod-b' })
    here.aws.outputs.set('apigw-prod-data', { LedgerTable: 'other' })
    await deploy(here)
    // Not sent: the parameter has its default again.
    expect(workerOf(here)).not.toHaveProperty('SecondCarrierQueue')
  })
  test('of a stack that is not deployed are named before anything changes', async () => {
    const here = await world()
    await expect(deploy(here, ['worker'])).rejects.toMatchObject({
      code: 'stack-refused',
      message: 'apigw-prod-worker needs LedgerTable of apigw-prod-data, which is not deployed or does not have it yet.',
      next: 'apigw deploy data worker',
    })
    expect(here.aws.stacks.size).toBe(0)
  })
  test('give way to a value of apigw.yaml', async () => {
    const here = await world()
    await deploy(here, ['worker'], { ...settings, parameters: { worker: { LedgerTable: 'mine' } } })
    expect(workerOf(here)).toMatchObject({ LedgerTable: 'mine' })
  })
})

test('another address range of a deployed network is refused before anything changes', async () => {
  const here = await world()
  await deploy(here)
  const executed = here.count('ExecuteChangeSet')
  const other = { ...settings, parameters: { network: { Cidr: '10.50.0.0/16' } } }
  await expect(deploy(here, [], other)).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(/^Cidr of network cannot change from 10\.40\.0\.0\/16 to 10\.50\.0\.0\/16: /),
    next: expect.stringMatching(/^set deploy\.parameters\.network\.Cidr .* to 10\.40\.0\.0\/16/),
  })
  expect(here.count('ExecuteChangeSet')).toBe(executed)
})
