import { describe, expect, test } from 'vitest'
import type { DeploySettings, RestoreSettings } from '../../../src/domain/stage.ts'
import { deployStage, diffStage, planStage } from '../../../src/operations/stacks/index.ts'
import { least, shipped } from './variants.ts'
import { steps, type World, world } from './world.ts'

const masterKey = 'arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:apigw-prod-master-key-1a2b3c4d-AbCdEf'
const everything: RestoreSettings = {
  database: 'apigw-prod-data-snapshot-database-1',
  registry: 'apigw-prod-final',
  masterKey,
  ledger: 'apigw-prod-data-Ledger-1',
  media: 'apigw-prod-data-media-1',
}
const parameters = {
  DatabaseSnapshot: everything.database,
  RegistrySnapshot: everything.registry,
  ExistingMasterKeySecretArn: masterKey,
  ExistingLedger: everything.ledger,
  ExistingMedia: everything.media,
}

const plan = (settings: DeploySettings) => planStage({ name: 'prod', region: 'ap-northeast-2', settings }, ['data'], shipped())

async function deploy({ clients }: World, restore?: RestoreSettings) {
  const stage = { name: 'prod', region: clients.region, settings: { ...least, restore } }
  const deployments = await diffStage(clients, stage, await plan(stage.settings), steps())
  await deployStage(clients, deployments, stage, { ...steps(), approve: async () => true }, () => undefined)
}

describe('restore', () => {
  test('maps each setting to a parameter of the shipped data stack', async () => {
    const [data] = await plan({ ...least, restore: everything })
    expect(data?.parameters).toMatchObject(parameters)
  })
  test('stays in effect when the setting is gone, because the data would be replaced with an empty store', async () => {
    const here = await world()
    await deploy(here, everything)
    await deploy(here)
    expect(here.aws.stacks.get('apigw-prod-data')?.parameters).toMatchObject(parameters)
  })
  test('takes another value where one is given', async () => {
    const here = await world()
    await deploy(here, everything)
    await deploy(here, { ledger: 'apigw-prod-data-Ledger-2' })
    const now = here.aws.stacks.get('apigw-prod-data')?.parameters
    expect(now).toMatchObject({ ...parameters, ExistingLedger: 'apigw-prod-data-Ledger-2' })
  })
  test.each<[keyof RestoreSettings, string]>([
    ['ledger', 'other-table'],
    ['media', 'other-bucket'],
    ['masterKey', 'arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:apigw-dev-master-key-1'],
  ])('refuses a %s that the roles of the stage may not use', async (setting, value) => {
    await expect(plan({ ...least, restore: { [setting]: value } })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(new RegExp(`^deploy\\.restore\\.${setting} is .* begin with apigw-prod-\\.$`)),
    })
  })
})
