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

test.each([
  [
    'engine',
    { engine: 'postgres' as const },
    /^DatabaseEngine .* mariadb to postgres: .* empty database/,
    /^set deploy\.engine .* to mariadb/,
  ],
  [
    'number of registry replicas',
    { parameters: { data: { RegistryReplicas: 2 } } },
    /^RegistryReplicas .* 1 to 2: .* without customers/,
    /^set deploy\.registryNodes .* to 2/,
  ],
])(
  'another %s is refused before anything changes, because the data store would be replaced',
  async (_what, other, says, next) => {
    const here = await world()
    await deploy(here, ['data'])
    const executed = here.count('ExecuteChangeSet')
    await expect(deploy(here, ['data'], { ...settings, ...other })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(says),
      next: expect.stringMatching(next),
    })
    expect(here.count('ExecuteChangeSet')).toBe(executed)
  },
)

test('a data stack whose creation failed may be created with another engine', async () => {
  const here = await world()
  here.aws.put('apigw-prod-data', { status: 'ROLLBACK_COMPLETE', parameters: { DatabaseEngine: 'mariadb' } })
  expect((await deploy(here, ['data'], { ...settings, engine: 'postgres' })).done).toEqual(['data'])
})

// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html
test('a smaller size is refused before anything changes if its disk is smaller than the deployed one', async () => {
  const here = await world()
  await deploy(here, ['data'], { ...settings, size: 'large' })
  const executed = here.count('ExecuteChangeSet')
  await expect(deploy(here, ['data'], { ...settings, size: 'medium' })).rejects.toMatchObject({
    code: 'config-invalid',
    message: 'DatabaseGigabytes of data cannot shrink from 500 to 100: RDS only adds storage.',
    next: 'set deploy.parameters.data.DatabaseGigabytes of the stage in apigw.yaml to 500',
  })
  expect(here.count('ExecuteChangeSet')).toBe(executed)
  const kept = { data: { DatabaseGigabytes: 500, DatabaseMaxGigabytes: 2000 } }
  expect((await deploy(here, ['data'], { ...settings, size: 'medium', parameters: kept })).done).toEqual(['data'])
})
