import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { quotaNeeds, readQuotas, type StageValues } from '../../../src/operations/quotas/index.ts'
import { planParameters, planStage } from '../../../src/operations/stacks/index.ts'
import { type Answer, awsServer } from '../../support/aws-server.ts'
import { installation } from '../stacks/installation.ts'

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
const place = { region: 'ap-northeast-2', profile: undefined, credentials: async () => credentials }
const image = `123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/apigw@sha256:${'0'.repeat(64)}`

async function valuesOf(settings: DeploySettings, named: readonly string[] = []): Promise<StageValues> {
  const stage = { name: 'prod', region: 'ap-northeast-2', settings: { domain: 'a.example', hostedZoneId: 'Z1', ...settings } }
  const plans = await planStage({ ...stage, settings: { alerts: 'none', ...stage.settings } }, named, installation())
  return Object.fromEntries(plans.map((plan) => [plan.key, planParameters(plan)]))
}

async function needed(settings: DeploySettings, named: readonly string[] = []): Promise<Record<string, number>> {
  return Object.fromEntries(quotaNeeds(await valuesOf(settings, named)).map((need) => [need.name, need.needed]))
}

async function read(answers: Readonly<Record<string, Answer>>, stage: StageValues) {
  const server = await awsServer(answers)
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  return readQuotas(place, quotaNeeds(stage), AbortSignal.timeout(10_000))
}

describe('what a stage needs', () => {
  it('functions: 0.2 seconds for each call, the worker at its cap for each queue, the report pump and the admin function', async () => {
    expect(await needed({})).toEqual({
      'Concurrent executions': 500 * 0.2 + 5 * 2 + 1 + 10,
      'VPCs per Region': 1,
      'DB instances': 1,
      'Nodes per Region': 2,
      'Application Load Balancers per Region': 1,
    })
    expect(await needed({ secondCarrier: 'carrier-b' }, ['data', 'worker'])).toMatchObject({ 'Concurrent executions': 5 * 3 + 1 })
  })

  it('containers: processors at most, twice during a deployment, and an address for each NAT gateway', async () => {
    const needs = await needed({ front: 'container', worker: 'container', image, parameters: { network: { NatGateways: '2' } } })
    expect(needs).toMatchObject({ 'EC2-VPC Elastic IPs': 2, 'Concurrent executions': 10 })
    expect(needs['Fargate On-Demand vCPU resource count']).toBe(2 * (10 * 1 + 4 * 0.5))
  })

  it('nothing of stacks that are not named', async () => {
    expect(await needed({}, ['security'])).toEqual({})
  })
})

describe('the quotas of the account', () => {
  const worker = { worker: { Mode: 'lambda', MaximumConcurrency: '5' } }

  it('a new account has ten concurrent functions; the request asks for the default of AWS, which is the least that AWS accepts', async () => {
    const quotas = await read(
      { GetServiceQuota: { Quota: { Value: 10 } }, GetAWSDefaultServiceQuota: { Quota: { Value: 1000 } } },
      worker,
    )
    expect(quotas).toMatchObject([{ value: 10, needed: 11, isEnough: false }])
    expect(quotas[0]?.request).toBe(
      'aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000 --region ap-northeast-2',
    )
  })

  it('a quota that was never changed has its default only', async () => {
    const quotas = await read(
      { GetServiceQuota: { error: 'NoSuchResourceException' }, GetAWSDefaultServiceQuota: { Quota: { Value: 1000 } } },
      worker,
    )
    expect(quotas).toMatchObject([{ value: 1000, isEnough: true }])
  })

  it('what the account has already counts', async () => {
    const vpcs = `<DescribeVpcsResponse>${'<item><vpcId>vpc-1</vpcId></item>'.repeat(5)}</DescribeVpcsResponse>`
    const quotas = await read(
      { GetServiceQuota: { Quota: { Value: 5 } }, GetAWSDefaultServiceQuota: { Quota: { Value: 5 } }, DescribeVpcs: vpcs },
      { network: { Egress: 'endpoints' } },
    )
    expect(quotas).toMatchObject([{ name: 'VPCs per Region', value: 5, used: 5, needed: 1, isEnough: false }])
    expect(quotas[0]?.request).toMatch(/--service-code vpc .*--desired-value 6 /)
  })

  it('without the permission, the error names it', async () => {
    const refused = {
      error: 'AccessDeniedException',
      message: 'User: kim is not authorized to perform: servicequotas:GetServiceQuota',
    }
    await expect(read({ GetServiceQuota: refused }, worker)).rejects.toMatchObject({
      code: 'aws-denied',
      message: expect.stringMatching(/servicequotas:GetServiceQuota/),
    })
  })
})
