import { expect, test } from 'vitest'
import type { Account } from '../../../../src/dev/rehearse/cloudformation/account.ts'
import { Resolver } from '../../../../src/dev/rehearse/cloudformation/resolver.ts'
import type { DeploySettings } from '../../../../src/domain/stage.ts'
import { least, shipped } from '../stages.ts'
import { rehearse } from './stage.ts'
import { account } from './world.ts'

const root = shipped()
const msADay = 86_400_000
const longest = 400_000
const solo: DeploySettings = { ...least, size: 'solo' }
const soloBoth: DeploySettings = { ...solo, transition: true }
const smallBoth: DeploySettings = { ...least, transition: true }

/** What keeps data, and what customers call. */
const kept = new Set([
  'AWS::RDS::DBInstance',
  'AWS::DynamoDB::Table',
  'AWS::SQS::Queue',
  'AWS::S3::Bucket',
  'AWS::Route53::RecordSet',
  'AWS::CertificateManager::Certificate',
])
const secretsKept = ['MasterKeySecret']

/** The things of a stage that have to stay what they are, by their ids. */
function lasting(aws: Account): string[] {
  return aws.inventory
    .all()
    .filter(({ type, logicalId }) => kept.has(type) || secretsKept.includes(logicalId))
    .map(({ type, logicalId, id }) => `${type} ${logicalId} ${id}`)
    .sort()
}

function types(aws: Account): Set<string> {
  return new Set(aws.inventory.all().flatMap(({ type, stackId }) => (stackId === undefined ? [] : [type])))
}

function recordOf(aws: Account): string {
  const [record] = aws.inventory.all().filter(({ type }) => type === 'AWS::Route53::RecordSet')
  return JSON.stringify(record?.properties.AliasTarget)
}

test(
  'a stage grows from solo to large, and nothing that keeps data is replaced or deleted',
  async () => {
    const aws = account({ resolver: new Resolver(5_000) })
    const stage = await rehearse(aws, root)
    expect(await stage.deploy(solo)).toBeUndefined()
    const before = lasting(aws)
    expect(types(aws)).not.toContain('AWS::ElasticLoadBalancingV2::LoadBalancer')
    const steps: readonly (readonly [settings: DeploySettings, leadsTo: RegExp, named?: readonly string[]])[] = [
      [soloBoth, /execute-api/],
      // The registry that was copied is switched to by one stack.
      [{ ...soloBoth, registry: 'redis' }, /execute-api/, ['gateway']],
      [smallBoth, /elb/],
      [least, /elb/],
      [{ ...least, size: 'large' }, /elb/],
    ]
    for (const [settings, leadsTo, named] of steps) {
      aws.pass(msADay)
      expect(await stage.deploy(settings, named)).toBeUndefined()
      expect(lasting(aws)).toEqual(expect.arrayContaining(before))
      expect(recordOf(aws)).toMatch(leadsTo)
    }
    expect(types(aws)).not.toContain('AWS::ApiGateway::DomainName')
  },
  longest,
)

test(
  'a stage shrinks from small to solo on the same way',
  async () => {
    const aws = account({ resolver: new Resolver(5_000) })
    const stage = await rehearse(aws, root)
    expect(await stage.deploy(least)).toBeUndefined()
    const before = lasting(aws)
    for (const settings of [smallBoth, { ...smallBoth, registry: 'dynamodb' }, soloBoth] as const) {
      aws.pass(msADay)
      expect(await stage.deploy(settings)).toBeUndefined()
    }
    aws.pass(msADay)
    expect(await stage.deploy(solo)).toBeUndefined()
    expect(lasting(aws)).toEqual(expect.arrayContaining(before))
    for (const gone of ['AWS::ElastiCache::ReplicationGroup', 'AWS::ElasticLoadBalancingV2::LoadBalancer']) {
      expect(types(aws)).not.toContain(gone)
    }
  },
  longest,
)

test(
  'a front or a registry that is in use, or is not there yet, is not swapped',
  async () => {
    const aws = account({ resolver: new Resolver(5_000) })
    const stage = await rehearse(aws, root)
    expect(await stage.deploy(solo)).toBeUndefined()
    expect(await stage.deploy(least)).toMatch(/Registries of data cannot change from dynamodb to redis at once/)
    expect(await stage.deploy({ ...least, registry: 'dynamodb' })).toMatch(
      /Fronts of edge cannot change from regional to balancer/,
    )
    expect(await stage.deploy(soloBoth)).toBeUndefined()
    expect(await stage.deploy(least)).toMatch(/from both to redis at once: the stage still uses dynamodb/)
  },
  longest,
)
