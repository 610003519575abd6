import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Account } from '../../../../src/dev/rehearse/cloudformation/account.ts'
import { Resolver } from '../../../../src/dev/rehearse/cloudformation/resolver.ts'
import { nextText } from '../../../../src/domain/next-step.ts'
import { Problem } from '../../../../src/domain/problem.ts'
import type { DeploySettings } from '../../../../src/domain/stage.ts'
import { deployStage, diffStage, planRollback } from '../../../../src/operations/stacks/index.ts'
import { bundles, image, least, place, variants } from '../stages.ts'
import { changeable, gaps, released, withoutAliases } from './releases.ts'
import { rehearse, type StageRehearsal } from './stage.ts'
import { account } from './world.ts'

const resolver = new Resolver(1_000)

/** Writes other code of a function. */
function write(root: string, bundle: string, text: string): void {
  writeFileSync(join(root, 'dist/lambda', `${bundle}.mjs`), text)
}

/** The key of the code that a deployment would send. */
async function keyOf(stage: StageRehearsal, settings: DeploySettings, parameter: string): Promise<string> {
  const found = (await stage.diff(settings)).map(({ desired }) => desired.parameters[parameter])
  return found.find((key) => key !== undefined && key !== 'none') ?? ''
}

async function failureOf(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof Problem) return error
  throw new Error('it did not fail')
}

/** Deploys, with the error as it is. */
async function deploying(stage: StageRehearsal, settings: DeploySettings): Promise<void> {
  const steps = { report: () => undefined, approve: async () => true }
  const all = { name: 'prod', region: place.region, settings }
  await deployStage(stage.clients, await stage.diff(settings), all, steps, () => undefined)
}

/** Accounts with a stage in them, by its settings. A test works on a copy. */
const accounts = new Map<string, Account>()

async function deployed(settings: DeploySettings = least): Promise<[Account, StageRehearsal, string]> {
  const root = changeable(bundles)
  const key = JSON.stringify(settings)
  const known = accounts.get(key)
  const aws = known?.copy() ?? account({ resolver })
  const stage = await rehearse(aws, root)
  if (known !== undefined) return [aws, stage, root]
  expect(await stage.deploy(settings)).toBeUndefined()
  accounts.set(key, aws.copy())
  return [aws, stage, root]
}

const versions = ({ inventory }: Account) => inventory.of('AWS::Lambda::Version').map(({ id }) => id)
const statusOf = (aws: Account, key: string) => aws.find(`apigw-prod-${key}`)?.status

describe('a release', () => {
  test('moves callers to the new code, removes the old version, and leaves no difference', async () => {
    const [aws, stage, root] = await deployed()
    const before = released(aws)
    expect(Object.keys(before).sort()).toEqual(['apigw-prod-authorizer', 'apigw-prod-gateway', 'apigw-prod-worker'])
    write(root, 'gateway', 'two')
    const key = await keyOf(stage, least, 'GatewayCodeKey')
    expect(await stage.deploy(least)).toBeUndefined()
    expect(released(aws)).toEqual({ ...before, 'apigw-prod-gateway': key })
    expect(versions(aws)).toHaveLength(3)
    expect((await stage.diff(least)).flatMap(({ changes }) => changes)).toEqual([])
  })

  test('of code that fails is taken back: the alarm is named, and callers keep the old version', async () => {
    const [aws, stage, root] = await deployed()
    const before = [released(aws), versions(aws)]
    write(root, 'gateway', 'bad')
    aws.facts.faulty.add(await keyOf(stage, least, 'GatewayCodeKey'))
    const problem = await failureOf(deploying(stage, least))
    expect(problem.code).toBe('stack-failed')
    expect(problem.message).toMatch(
      /^apigw-prod-gateway could not be updated; it was rolled back\. The alarm apigw-prod-gateway-GatewayReleaseFails-\w+ stopped the release of GatewayLive \(AWS::Lambda::Alias\): Threshold Crossed/,
    )
    expect(nextText(problem.step ?? '')).toBe('apigw logs gateway --since 30m; fix the cause, and deploy again')
    expect([released(aws), versions(aws)]).toEqual(before)
    expect(statusOf(aws, 'gateway')).toBe('UPDATE_ROLLBACK_COMPLETE')
    // The next good code is released.
    write(root, 'gateway', 'good')
    expect(await stage.deploy(least)).toBeUndefined()
    expect(released(aws)['apigw-prod-gateway']).toBe(await keyOf(stage, least, 'GatewayCodeKey'))
  })

  test('of a worker that fails is taken back', async () => {
    const linear: DeploySettings = { ...least, release: 'linear' }
    const [aws, stage, root] = await deployed(linear)
    const before = released(aws)
    write(root, 'worker', 'bad')
    aws.facts.faulty.add(await keyOf(stage, linear, 'WorkerCodeKey'))
    expect((await failureOf(deploying(stage, linear))).message).toMatch(
      /-WorkerReleaseFails-\w+ stopped the release of WorkerLive/,
    )
    expect(released(aws)).toEqual(before)
  })

  test('is kept back by an alarm that was raised before; at-once asks no alarm', async () => {
    const [aws, stage, root] = await deployed()
    const faults = aws.inventory.of('AWS::CloudWatch::Alarm').find(({ logicalId }) => logicalId === 'ApiFaults')?.id ?? ''
    aws.facts.alarms.add(faults)
    write(root, 'gateway', 'fix')
    const problem = await failureOf(deploying(stage, least))
    expect(problem.message).toContain(
      `The alarm ${faults} was raised before, so GatewayLive (AWS::Lambda::Alias) was not released`,
    )
    expect(nextText(problem.step ?? '')).toMatch(/apigw deploy gateway --at-once$/)
    const atOnce: DeploySettings = { ...least, release: 'at-once' }
    expect(await stage.deploy(atOnce)).toBeUndefined()
    expect(released(aws)['apigw-prod-gateway']).toBe(await keyOf(stage, atOnce, 'GatewayCodeKey'))
  })

  test('fails without the right to move the alias, and for an alarm that someone deleted', async () => {
    const [aws, stage, root] = await deployed()
    const group = aws.inventory.of('AWS::CodeDeploy::DeploymentGroup').find(({ logicalId }) => logicalId === 'GatewayReleases')
    aws.inventory.remove(
      'AWS::CloudWatch::Alarm',
      String(aws.inventory.of('AWS::CloudWatch::Alarm').find(({ logicalId }) => logicalId === 'ApiFaults')?.id),
      aws.now,
    )
    write(root, 'gateway', 'two')
    expect(await stage.deploy(least)).toMatch(/GatewayLive: The state of the alarm .*ApiFaults.* could not be read/)
    const role = aws.inventory
      .of('AWS::IAM::Role')
      .find(({ logicalId, stackId }) => logicalId === 'ReleasesRole' && stackId === group?.stackId)
    if (role !== undefined) aws.inventory.put({ ...role, properties: { ...role.properties, Policies: [] } })
    expect(await stage.deploy(least)).toMatch(/GatewayLive: .* is not authorized to perform: lambda:GetAlias/)
  })

  test('is taken back by apigw deploy --rollback at once, with an alarm raised', async () => {
    const [aws, stage, root] = await deployed()
    const before = released(aws)
    write(root, 'gateway', 'two')
    expect(await stage.deploy(least)).toBeUndefined()
    for (const { id } of aws.inventory.of('AWS::CloudWatch::Alarm')) aws.facts.alarms.add(id)
    const all = { name: 'prod', region: place.region, settings: least }
    const { plans } = await planRollback(stage.clients, all, [])
    const steps = { report: () => undefined, approve: async () => true }
    const deployments = await diffStage(stage.clients, all, plans, steps)
    await deployStage(stage.clients, deployments, all, { ...steps, rollback: true }, () => undefined)
    expect(released(aws)).toEqual(before)
    const again = await diffStage(stage.clients, all, (await planRollback(stage.clients, all, [])).plans, steps)
    expect(again.flatMap(({ changes }) => changes)).toEqual([])
  })
})

test.each(['first', 'last'] as const)(
  'a stage from before moves to aliases in one deployment, and calls pass all the time: %s',
  async (prefer) => {
    const old = changeable(bundles)
    withoutAliases(old)
    const aws = account({ resolver, prefer })
    const seen: string[] = []
    const look = () => void seen.push(...gaps(aws))
    expect(await (await rehearse(aws, old)).deploy(least)).toBeUndefined()
    expect(aws.inventory.of('AWS::Lambda::Alias')).toEqual([])
    expect(gaps(aws)).toEqual([])
    const triggers = aws.inventory.of('AWS::Lambda::EventSourceMapping').map(({ id }) => id)
    const stage = await rehearse(aws, changeable(bundles), { eventsAPoll: 1, fault: () => look() })
    expect(await stage.deploy(least)).toBeUndefined()
    expect([...new Set(seen)]).toEqual([])
    expect(Object.keys(released(aws))).toHaveLength(3)
    expect(aws.inventory.of('AWS::Lambda::EventSourceMapping').map(({ id }) => id)).toEqual(triggers)
    const calls = aws.inventory.of('AWS::Lambda::Permission').map(({ properties }) => String(properties.FunctionName))
    expect(calls.filter((name) => /gateway|authorizer/.test(name)).every((name) => name.endsWith(':live'))).toBe(true)
  },
)

test('a container whose failures raise an alarm is taken back, at-once keeps it', async () => {
  const [aws, stage] = await deployed({ ...least, ...variants.containers })
  const bad = image.replace(/0{64}/, '1'.repeat(64))
  aws.facts.faulty.add(bad.split('@')[1] ?? '')
  aws.facts.images.set('apigw-prod', new Set([image, bad].map((one) => one.split('@')[1] ?? '')))
  const settings = { ...least, ...variants.containers, image: bad }
  const problem = await failureOf(deploying(stage, settings))
  expect(problem.message).toMatch(
    /The alarm apigw-prod-gateway-Faults-\w+ stopped the release of Service \(AWS::ECS::Service\): Threshold/,
  )
  expect(statusOf(aws, 'gateway')).toBe('UPDATE_ROLLBACK_COMPLETE')
  await deploying(stage, { ...settings, release: 'at-once' })
  expect(statusOf(aws, 'gateway')).toBe('UPDATE_COMPLETE')
})
