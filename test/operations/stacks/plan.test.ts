import { describe, expect, test } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { planStage, type StackPlan } from '../../../src/operations/stacks/index.ts'
import { installation } from './installation.ts'

const domain: DeploySettings = { domain: 'api.example.com', hostedZoneId: 'Z123', alerts: 'topic' }
const image = `123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/apigw@sha256:${'0'.repeat(64)}`

const planned = (settings: DeploySettings = domain, named: readonly string[] = [], name = 'prod') =>
  planStage({ name, region: 'ap-northeast-2', settings }, named, installation())

const of = (plans: readonly StackPlan[], key: string): StackPlan => {
  const found = plans.find((plan) => plan.key === key)
  if (found === undefined) throw new Error(`no ${key}`)
  return found
}

describe('the plan of a stage', () => {
  test('has all stacks in dependency order, or the named ones', async () => {
    expect((await planned()).map(({ name }) => name)).toEqual(
      ['security', 'network', 'data', 'edge', 'gateway', 'worker', 'admin'].map((key) => `apigw-prod-${key}`),
    )
    expect((await planned(domain, ['worker', 'data'])).map(({ key }) => key)).toEqual(['data', 'worker'])
    await expect(planned(domain, ['databse'])).rejects.toMatchObject({
      code: 'stack-unknown',
      next: expect.stringMatching(/data, edge/),
    })
  })
  test('maps settings to template parameters', async () => {
    const plans = await planned({
      ...domain,
      engine: 'postgres',
      egress: 'auto',
      monthlyGigabytes: 600,
      alertEmail: 'ops@example.com',
      monthlyBudget: 500,
      waf: 'block',
    })
    expect(of(plans, 'security').parameters).toEqual({ Stage: 'prod', AlertEmail: 'ops@example.com', BudgetUsd: '500' })
    expect(of(plans, 'network').parameters).toEqual({
      Stage: 'prod',
      Egress: 'cheaper',
      MonthlyGigabytes: '1000',
      Containers: 'no',
    })
    expect(of(plans, 'data').parameters).toMatchObject({ DatabaseEngine: 'postgres' })
    expect(of(plans, 'edge').parameters).toEqual({
      Stage: 'prod',
      Fronts: 'balancer',
      RecordTo: 'balancer',
      DomainName: 'api.example.com',
      HostedZoneId: 'Z123',
      WafMode: 'block',
    })
  })
  test('a parameter set by name overrides the size; an unknown one is rejected', async () => {
    const plans = await planned({ ...domain, size: 'large', parameters: { data: { RegistryShards: 6, DatabaseMultiAz: false } } })
    expect(of(plans, 'data').parameters).toMatchObject({
      RegistryShards: '6',
      DatabaseMultiAz: 'false',
      DatabaseClass: 'db.m7g.2xlarge',
    })
    await expect(planned({ ...domain, parameters: { data: { Shards: 6 } } })).rejects.toMatchObject({
      code: 'config-invalid',
      message: 'The template of data has no parameter "Shards".',
      next: expect.stringMatching(/RegistryShards/),
    })
  })
  test('functions come with their code, containers with their image', async () => {
    expect(of(await planned(), 'gateway').code.map(({ parameter }) => parameter)).toEqual([
      'GatewayCodeKey',
      'EndpointAddressesCodeKey',
    ])
    const containers = await planned({ ...domain, front: 'container', worker: 'container', image })
    expect(of(containers, 'gateway')).toMatchObject({ code: [], parameters: { Front: 'container', Image: image } })
    expect(of(containers, 'worker')).toMatchObject({ code: [], parameters: { Mode: 'container', Image: image } })
    expect(of(containers, 'gateway').image).toBeUndefined()
    expect(of(containers, 'network').parameters).toMatchObject({ Containers: 'yes' })
  })
  test.each<[string, DeploySettings, RegExp, RegExp]>([
    ['no domain', { alerts: 'none' }, /^edge needs DomainName: What DomainName is\.$/, /^set deploy\.domain of the stage/],
    ['no zone for the certificate', { domain: 'api.example.com', alerts: 'topic' }, /hostedZoneId is not set/, /certificateArn/],
    ['no one to alert', { ...domain, alerts: undefined }, /^No one would receive the alarms/, /alerts: none/],
    [
      'an email address and no one',
      { ...domain, alertEmail: 'ops@example.com', alerts: 'none' },
      /alerts is none/,
      /remove deploy\.alerts/,
    ],
  ])('%s is reported with the setting', async (_, settings, message, next) => {
    await expect(planned(settings)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(message),
      next: expect.stringMatching(next),
    })
  })
  test('rejects a stage name that is too long for AWS resource names', async () => {
    await expect(planned(domain, [], 'a-stage-with-a-long-name')).rejects.toMatchObject({ code: 'config-invalid' })
  })
})
