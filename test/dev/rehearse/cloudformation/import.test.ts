import { expect, test } from 'vitest'
import type { Account } from '../../../../src/dev/rehearse/index.ts'
import type { DeploySettings } from '../../../../src/domain/stage.ts'
import { findLeft, importLeft, planStage, refuseImport } from '../../../../src/operations/stacks/index.ts'
import { least, shipped } from '../stages.ts'
import { rehearse, type StageRehearsal } from './stage.ts'
import { account } from './world.ts'

const root = shipped()
const unprotected: DeploySettings = { ...least, parameters: { data: { DeletionProtection: false } } }
const tableType = 'AWS::DynamoDB::Table'
const quiet = { report: () => undefined }

const found = async ({ clients }: StageRehearsal, chosen: readonly string[] = [], settings = unprotected) =>
  findLeft(clients, 'prod', await planStage({ name: 'prod', region: 'ap-northeast-2', settings }, [], root), chosen)

async function take(stage: StageRehearsal, chosen: readonly string[] = []): Promise<string[]> {
  const left = await found(stage, chosen)
  await refuseImport(stage.clients, 'prod', left)
  const done: string[] = []
  await importLeft(stage.clients, 'prod', left.stacks, quiet, ({ resources }) => done.push(...resources.map(({ id }) => id)))
  return done
}

/** A stage that was deleted, whose lower stacks are deployed again. */
async function afterDestroy(aws: Account = account()): Promise<StageRehearsal> {
  const stage = await rehearse(aws, root)
  expect(await stage.deploy(unprotected)).toBeUndefined()
  expect(await stage.destroy()).toBeUndefined()
  return stage
}

const idsOf = (aws: Account, type: string) => aws.inventory.of(type).map(({ id }) => id)

test('what the stacks of a stage left is imported into new stacks, and the next deployment keeps it and creates the rest', async () => {
  const aws = account()
  const stage = await afterDestroy(aws)
  const tables = idsOf(aws, tableType)
  const { left } = await found(stage)
  const hows = Object.groupBy(left, ({ how }) => how)
  expect(hows.import?.map(({ id }) => id).toSorted()).toEqual([
    'CarrierDeadLetters',
    'CarrierQueue',
    'Ledger',
    'LogBucket',
    'Media',
    'UndeliveredFindings',
    'UnstartedReports',
    'UnstartedWebhooks',
  ])
  expect(hows.restore).toMatchObject([{ setting: 'masterKey', value: expect.stringMatching(/^arn:aws:secretsmanager:/) }])
  expect(hows.conflict).toBeUndefined()
  await expect(take(stage)).rejects.toMatchObject({
    code: 'stack-refused',
    message: expect.stringMatching(/builds on .*network.* not deployed/),
  })
  expect(await stage.deploy(unprotected, ['security', 'network'])).toBeUndefined()
  const chosen = left.flatMap(({ how, stack, name }) => (how === 'import' && stack === 'data' ? [name] : []))
  expect((await take(stage, chosen)).toSorted()).toEqual(['CarrierDeadLetters', 'CarrierQueue', 'Ledger', 'Media'])
  expect(aws.find('apigw-prod-data')?.status).toBe('IMPORT_COMPLETE')
  expect(await stage.deploy(unprotected)).toBeUndefined()
  expect(idsOf(aws, tableType)).toEqual(tables)
  expect(aws.find('apigw-prod-data')?.resources.get('Ledger')?.physicalId).toBe(tables[0])
  // What was not chosen has been replaced meanwhile, and what a stack has is not left.
  const later = await found(stage)
  expect(later.left.filter(({ type }) => type === 'AWS::S3::Bucket')).toMatchObject([
    { how: 'none', why: 'apigw-prod-edge has another LogBucket' },
  ])
  expect(await take(stage)).toEqual([])
})

test('an import is refused before anything changes if a resource could be the wrong one', async () => {
  const aws = account()
  const stage = await afterDestroy(aws)
  expect(await stage.deploy(unprotected, ['security', 'network'])).toBeUndefined()
  const [table] = aws.inventory.of(tableType)
  if (table === undefined) throw new Error('no table')
  const [inventory, stacks] = [aws.inventory, aws.stacks.length]
  const refused = async (message: string, change: () => void): Promise<void> => {
    aws.inventory = inventory.copy()
    change()
    await expect(take(stage), message).rejects.toMatchObject({ code: 'stack-refused', message: expect.stringContaining(message) })
    expect(aws.stacks).toHaveLength(stacks)
  }
  await refused('its keys are not those of Ledger in the template', () => {
    const KeySchema = [{ AttributeName: 'pk', KeyType: 'HASH' }]
    aws.inventory.put({ ...table, properties: { ...table.properties, KeySchema } })
  })
  await refused('does not have the tag of the stage', () => {
    for (const queue of aws.inventory.of('AWS::SQS::Queue')) aws.inventory.put({ ...queue, tags: {} })
  })
  const theirs = aws.stacks.find(({ name }) => name === 'apigw-prod-edge')
  const like = aws.find('apigw-prod-security')?.resources.get('UndeliveredFindings')
  if (theirs === undefined || like === undefined) throw new Error('no stack')
  await refused('it belongs to the stack billing', () => {
    Object.assign(theirs, { name: 'billing', status: 'CREATE_COMPLETE' })
    theirs.resources.set('Theirs', { ...like, logicalId: 'Theirs', physicalId: table.id })
  })
  theirs.resources.delete('Theirs')
  await refused('choose one with --resource', () => aws.inventory.put({ ...table, id: `${table.id}2` }))
  expect(await take(stage, [table.id])).toEqual(['Ledger'])
})
