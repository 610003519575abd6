import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { deployStage, diffStage, planRollback, planStage } from '../../../src/operations/stacks/index.ts'
import { effectiveParameters } from '../../../src/operations/stacks/template.ts'
import { installation } from './installation.ts'
import { steps, type World, world } from './world.ts'

const settings: DeploySettings = { domain: 'api.example.com', hostedZoneId: 'Z123', alerts: 'topic' }
const bucket = 'apigw-artifacts-123456789012-ap-northeast-2'
const stageOf = (more: DeploySettings = settings) => ({ name: 'prod', region: 'ap-northeast-2', settings: more })

async function deploy(here: World, root: string, named: readonly string[] = [], more: DeploySettings = settings) {
  const stage = stageOf(more)
  const plans = await planStage(stage, named, root)
  const done: string[] = []
  const all = { ...steps({ who: 'jane' }), approve: async () => true }
  const deployments = await diffStage(here.clients, stage, plans, all)
  await deployStage(here.clients, deployments, stage, all, ({ stack, changed }) => changed && void done.push(stack))
  return done
}

async function rollback(here: World, named: readonly string[] = [], more: DeploySettings = settings) {
  const stage = stageOf(more)
  const { plans } = await planRollback(here.clients, stage, named)
  const done: string[] = []
  const all = { ...steps(), approve: async () => true, rollback: true }
  const deployments = await diffStage(here.clients, stage, plans, all)
  await deployStage(here.clients, deployments, stage, all, ({ stack, changed }) => changed && void done.push(stack))
  return done
}

/** Writes another version of a function and of a template into an installation. */
function release(root: string, version: string, key = 'worker'): void {
  writeFileSync(join(root, 'dist/lambda/worker.mjs'), `export const handler = () => '${version}'\n`)
  const path = join(root, 'templates/stacks', `${key}.yaml`)
  writeFileSync(path, readFileSync(path, 'utf8').replace('Resources:', `Resources:\n  Of${version}: {Type: AWS::SNS::Topic}`))
}

const stateOf = (here: World) =>
  Object.fromEntries(
    [...here.aws.stacks].map(([name, { template, parameters }]) => [
      name,
      { template, parameters: effectiveParameters(template, parameters) },
    ]),
  )

describe('a rollback', () => {
  test('returns the templates, parameters and code of the stage to the version before', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    const before = stateOf(here)
    release(root, 'Two')
    expect(await deploy(here, root, [], { ...settings, waf: 'block' })).toEqual(['edge', 'worker'])
    expect(stateOf(here)).not.toEqual(before)
    expect(await rollback(here)).toEqual(['edge', 'worker'])
    expect(stateOf(here)).toEqual(before)
  })
  test('can be repeated, and then changes nothing; the next deployment goes forward again', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    release(root, 'Two')
    await deploy(here, root)
    const after = stateOf(here)
    await rollback(here)
    expect(await rollback(here)).toEqual([])
    expect(await deploy(here, root)).toEqual(['worker'])
    expect(stateOf(here)).toEqual(after)
  })
  test('of some stacks leaves the others', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    release(root, 'Two')
    await deploy(here, root, [], { ...settings, waf: 'block' })
    expect(await rollback(here, ['worker'])).toEqual(['worker'])
    expect(here.aws.stacks.get('apigw-prod-edge')?.parameters.WafMode).toBe('block')
  })
  test('returns to the version before an interrupted deployment and its second run', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    const before = stateOf(here)
    release(root, 'Two')
    release(root, 'Two', 'gateway')
    here.aws.scripts.set('apigw-prod-worker', {
      says: [['Logs', 'AWS::Logs::LogGroup', 'UPDATE_FAILED', 'no capacity']],
      ends: ['UPDATE_ROLLBACK_COMPLETE'],
      changes: [{ Action: 'Add', LogicalResourceId: 'OfTwo', ResourceType: 'AWS::SNS::Topic' }],
    })
    // The first change set is the comparison.
    const scripts = here.aws.scripts.get.bind(here.aws.scripts)
    await expect(deploy(here, root)).rejects.toMatchObject({ code: 'stack-failed' })
    here.aws.scripts.get = scripts
    expect(await deploy(here, root)).toEqual(['worker'])
    expect(await rollback(here)).toEqual(['gateway', 'worker'])
    expect(stateOf(here)).toEqual(before)
  })
  test('leaves stacks that the deployment created', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root, ['security', 'network', 'data', 'edge', 'gateway', 'worker'])
    release(root, 'Two')
    await deploy(here, root)
    expect(await rollback(here)).toEqual(['worker'])
    expect(here.aws.stacks.get('apigw-prod-admin')?.status).toBe('CREATE_COMPLETE')
  })
  test('takes the outputs that earlier stacks have after it', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    const path = join(root, 'templates/stacks/data.yaml')
    writeFileSync(path, readFileSync(path, 'utf8').replace('Value: ledger', 'Value: second'))
    expect(await deploy(here, root)).toEqual(['data', 'worker'])
    expect(here.aws.stacks.get('apigw-prod-worker')?.parameters.LedgerTable).toBe('apigw-prod-data:second')
    here.aws.outputs.set('apigw-prod-data', { LedgerTable: 'third', SecondCarrierQueue: '' })
    expect(await rollback(here)).toEqual(['data', 'worker'])
    expect(here.aws.stacks.get('apigw-prod-worker')?.parameters.LedgerTable).toBe('third')
  })
  test('returns a value that apigw.yaml had set in place of an output', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root, [], { ...settings, parameters: { worker: { LedgerTable: 'mine' } } })
    await deploy(here, root)
    await rollback(here)
    expect(here.aws.stacks.get('apigw-prod-worker')?.parameters.LedgerTable).toBe('mine')
  })
  test('keeps the protection of the data and what it was restored from', async () => {
    const [here, root] = [await world(), installation()]
    const open = { ...settings, parameters: { data: { DeletionProtection: false } } }
    await deploy(here, root, [], open)
    await deploy(here, root)
    await rollback(here)
    expect(here.aws.stacks.get('apigw-prod-data')?.parameters.DeletionProtection).toBe('true')
  })
  test('removes an export after the stacks that import it', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    const path = join(root, 'templates/stacks/security.yaml')
    writeFileSync(path, readFileSync(path, 'utf8').replace('Outputs:', 'Outputs:\n  New: {Value: a, Export: {Name: new}}'))
    release(root, 'Two')
    release(root, 'Two', 'security')
    expect(await deploy(here, root)).toEqual(['security', 'worker'])
    expect(await rollback(here)).toEqual(['worker', 'security'])
  })
})

describe('a rollback is refused before anything changes', () => {
  async function refused(here: World, more: DeploySettings = settings, named: readonly string[] = []) {
    const executed = here.count('ExecuteChangeSet')
    const error: unknown = await rollback(here, named, more).catch((one: unknown) => one)
    expect(here.count('ExecuteChangeSet')).toBe(executed)
    return error
  }

  test('without an earlier version', async () => {
    const [here, root] = [await world(), installation()]
    const none = { code: 'stack-refused', message: 'The last deployment recorded no earlier version of prod.' }
    expect(await refused(here)).toMatchObject(none)
    await deploy(here, root)
    expect(await refused(here)).toMatchObject(none)
  })
  test('for a stack that the last deployment did not change', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    release(root, 'Two')
    await deploy(here, root)
    expect(await refused(here, settings, ['edge'])).toMatchObject({ message: expect.stringContaining('of edge of prod.') })
  })
  test('if storage would have to shrink', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    const more = { ...settings, parameters: { data: { DatabaseGigabytes: 50 } } }
    await deploy(here, root, [], more)
    expect(await refused(here, more)).toMatchObject({
      code: 'stack-refused',
      message:
        'The last deployment cannot be rolled back. DatabaseGigabytes of data cannot shrink from 50 to 20: RDS only adds storage.',
    })
  })
  test('if the engine is a different one, and other stacks are not', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    release(root, 'Two')
    await deploy(here, root, [], { ...settings, waf: 'block', parameters: { data: { DatabaseConnections: 70 } } })
    const data = here.aws.stacks.get('apigw-prod-data')
    if (data !== undefined) data.parameters = { ...data.parameters, DatabaseEngine: 'postgres' }
    expect(await refused(here)).toMatchObject({ message: expect.stringContaining('cannot change from postgres to mariadb') })
    expect(await rollback(here, ['worker'])).toEqual(['worker'])
  })
  test('if the earlier code was deleted', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    const code = here.aws.stacks.get('apigw-prod-worker')?.parameters.WorkerCodeKey ?? ''
    release(root, 'Two')
    await deploy(here, root)
    here.s3.buckets.get(bucket)?.objects.delete(code)
    expect(await refused(here)).toMatchObject({ message: expect.stringContaining(`${code}, is not in ${bucket} any more`) })
  })
  test('if the stack was deleted and created again', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    release(root, 'Two')
    await deploy(here, root)
    const { template, parameters } = here.aws.stacks.get('apigw-prod-worker') ?? {}
    if (template !== undefined && parameters !== undefined) here.aws.put('apigw-prod-worker', { template, parameters })
    expect(await refused(here)).toMatchObject({ message: expect.stringContaining('no earlier version') })
  })
  test('if the record is not one of the stage', async () => {
    const [here, root] = [await world(), installation()]
    await deploy(here, root)
    here.s3.buckets.get(bucket)?.objects.set('deployments/prod.json', '{"version": 7}')
    expect(await refused(here)).toMatchObject({ message: expect.stringContaining('is not a deployment record of prod') })
  })
})

test('a deployment without changes records nothing', async () => {
  const [here, root] = [await world(), installation()]
  await deploy(here, root)
  await deploy(here, root)
  expect([...(here.s3.buckets.get(bucket)?.objects.keys() ?? [])].filter((key) => key.startsWith('deployments/'))).toEqual([])
})
