import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SentStack, sentStacks } from '../../../src/dev/rehearse/template/stage.ts'
import type { DeploySettings, StackKey } from '../../../src/domain/stage.ts'
import { planStage } from '../../../src/operations/stacks/index.ts'

export const place = { account: '123456789012', region: 'ap-northeast-2' } as const

export const root = join(import.meta.dirname, '../../..')
export const bundles = [
  'gateway',
  'gateway-dynamodb',
  'authorizer',
  'authorizer-dynamodb',
  'endpoint-addresses',
  'worker',
  'reports',
  'webhooks',
  'database-user',
  'ip-sets',
  'admin',
]

/** A folder like an installation of apigw: the shipped templates, and empty files for the bundles of a build. */
export function shipped(): string {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-shipped-'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'apigw', version: '0.0.0', oclif: { bin: 'apigw' } }))
  symlinkSync(join(root, 'templates'), join(folder, 'templates'))
  mkdirSync(join(folder, 'dist/lambda'), { recursive: true })
  for (const name of bundles) writeFileSync(join(folder, 'dist/lambda', `${name}.mjs`), '')
  writeFileSync(join(folder, 'dist/lambda/docs.br'), '')
  return folder
}

export const image = `${place.account}.dkr.ecr.${place.region}.amazonaws.com/apigw-prod@sha256:${'0'.repeat(64)}`
export const least: DeploySettings = { domain: 'api.example.com', hostedZoneId: 'Z123', alertEmail: 'ops@example.com' }

/** One of each kind of stage that `apigw deploy` can make: what differs from the least. */
export const variants: Readonly<Record<string, DeploySettings>> = {
  least,
  'no email': { ...least, alertEmail: undefined, alerts: 'topic' },
  'container front': { ...least, front: 'container', image },
  'container worker': { ...least, worker: 'container', image },
  containers: { ...least, front: 'container', worker: 'container', image },
  'containers behind endpoints': { ...least, front: 'container', worker: 'container', image, egress: 'endpoints' },
  medium: { ...least, size: 'medium' },
  large: { ...least, size: 'large' },
  'large containers': { ...least, size: 'large', front: 'container', worker: 'container', image, monthlyGigabytes: 1500 },
  postgres: { ...least, engine: 'postgres' },
  'two carriers': { ...least, carrier: 'alpha', secondCarrier: 'beta' },
  'two carriers, containers': { ...least, secondCarrier: 'beta', front: 'container', worker: 'container', image },
  nat: { ...least, egress: 'nat' },
  'two NAT gateways': { ...least, egress: 'nat', parameters: { network: { NatGateways: '2' } } },
  'own way out': { ...least, egress: 'none' },
  'own certificate': {
    ...least,
    hostedZoneId: undefined,
    certificateArn: `arn:aws:acm:${place.region}:${place.account}:certificate/1`,
  },
  'firewall blocks': { ...least, waf: 'block' },
  'existing detection': { ...least, detection: 'existing' },
  cp949: { ...least, charset: 'cp949', originCode: 'A123456789' },
  solo: { ...least, size: 'solo' },
  'solo, PostgreSQL, two carriers': { ...least, size: 'solo', engine: 'postgres', secondCarrier: 'beta', detection: 'create' },
  'solo in transition': { ...least, size: 'solo', transition: true },
  'small in transition': { ...least, transition: true },
  'small with a registry in DynamoDB': { ...least, registry: 'dynamodb' },
  'containers with a registry in DynamoDB': { ...least, front: 'container', worker: 'container', image, registry: 'dynamodb' },
  'one node and one endpoint zone': { ...least, registryNodes: 1, endpointZones: 1 },
}

/** The stacks of a stage with one template changed, as people write it. */
export function withChange(stacks: readonly SentStack[], key: StackKey, from: string | RegExp, to: string): SentStack[] {
  return stacks.map((stack) => {
    if (stack.key !== key) return stack
    const template = readFileSync(join(root, 'templates', 'stacks', `${key}.yaml`), 'utf8')
    const templateBody = template.replace(from, to)
    if (templateBody === template) throw new Error(`${key} has no ${from}`)
    return { ...stack, templateBody }
  })
}

/** The stacks of a stage as a deployment sends them. */
export async function sentStage(settings: DeploySettings, installation: string, stage = 'prod'): Promise<readonly SentStack[]> {
  return sentStacks(await planStage({ name: stage, region: place.region, settings }, [], installation), 'apigw-artifacts')
}
