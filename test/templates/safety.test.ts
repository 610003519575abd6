import { describe, expect, it } from 'vitest'
import { listOf, mapOf, type Resource, resourcesOf, stacks, within } from './stacks.ts'

function each(type: string, most = 1): Resource[] {
  const found = resourcesOf(type).map(({ resource }) => resource)
  expect(found.length).toBeGreaterThanOrEqual(most)
  return found
}

/** Resources that keep data, and the policy for their deletion. */
const keepers: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': ['Retain'],
  'AWS::S3::Bucket': ['Retain'],
  'AWS::RDS::DBInstance': ['Snapshot'],
  'AWS::ElastiCache::ReplicationGroup': ['Snapshot'],
  'AWS::SQS::Queue': ['Retain'],
  // Passwords of deleted resources are useless; the master key opens the backups.
  'AWS::SecretsManager::Secret': ['Retain', 'Delete'],
}

describe('resources that keep data', () => {
  it.each(Object.entries(keepers))('%s is retained when its stack is deleted, and when it is replaced', (type, allowed) => {
    for (const { name, attributes } of each(type)) {
      // No one waits for the messages of tests.
      const fits = name.startsWith('Sandbox') ? ['Delete'] : allowed
      expect(fits, name).toContain(attributes.DeletionPolicy)
      expect(attributes.UpdateReplacePolicy, name).toBe(attributes.DeletionPolicy)
    }
  })

  it('keep the master key, whatever is deleted', () => {
    const [key] = each('AWS::SecretsManager::Secret').filter(({ name }) => name === 'MasterKeySecret')
    expect(key?.attributes).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
  })

  it('are encrypted', () => {
    for (const { properties } of each('AWS::SQS::Queue', 6)) expect(properties.SqsManagedSseEnabled).toBe(true)
    // A snapshot determines the encryption.
    const encrypted = { 'Fn::If': ['RestoreDatabase', { Ref: 'AWS::NoValue' }, true] }
    for (const { properties } of each('AWS::RDS::DBInstance')) expect(properties.StorageEncrypted).toEqual(encrypted)
    for (const { properties } of each('AWS::SNS::Topic')) expect(properties.KmsMasterKeyId).toBeDefined()
    for (const { properties } of each('AWS::S3::Bucket', 2)) {
      expect(JSON.stringify(properties.BucketEncryption)).toMatch(/"SSEAlgorithm":"(AES256|aws:kms)"/)
    }
    for (const { properties } of each('AWS::ElastiCache::ReplicationGroup')) {
      expect(properties).toMatchObject({ AtRestEncryptionEnabled: true, TransitEncryptionEnabled: true })
    }
    for (const { properties } of each('AWS::ECR::Repository')) expect(properties.EncryptionConfiguration).toBeDefined()
  })

  it('accept only TLS', () => {
    const policies = [...each('AWS::S3::BucketPolicy', 2), ...each('AWS::SQS::QueuePolicy', 2)]
    for (const { name, properties } of policies) {
      const statements = listOf(mapOf(properties.PolicyDocument).Statement).map(mapOf)
      expect(statements, name).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      )
    }
    const covered = new Set(policies.flatMap(({ properties }) => [...within(properties)]).map((value) => mapOf(value).Ref))
    for (const { name } of [...each('AWS::S3::Bucket'), ...each('AWS::SQS::Queue')]) expect(covered, name).toContain(name)
    const parameters = each('AWS::RDS::DBParameterGroup', 2).map(({ properties }) => properties.Parameters)
    expect(parameters).toMatchObject([{ require_secure_transport: '1' }, { 'rds.force_ssl': '1' }])
  })

  it('are not public', () => {
    for (const { properties } of each('AWS::RDS::DBInstance')) expect(properties.PubliclyAccessible).toBe(false)
    for (const { properties } of each('AWS::S3::Bucket', 2)) {
      expect(properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      })
    }
    for (const type of ['AWS::RDS::DBSubnetGroup', 'AWS::ElastiCache::SubnetGroup']) {
      for (const { properties } of each(type)) {
        expect(JSON.stringify(properties.SubnetIds)).toContain('private-subnets')
      }
    }
    for (const { properties } of each('AWS::EC2::Subnet', 4)) expect(properties.MapPublicIpOnLaunch ?? false).toBe(false)
    for (const { properties } of each('AWS::ECS::Service', 2)) {
      expect(JSON.stringify(properties.NetworkConfiguration)).toContain('"AssignPublicIp":"DISABLED"')
    }
  })

  it('can be restored', () => {
    for (const { properties } of each('AWS::DynamoDB::Table')) {
      expect(properties.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true })
      expect(properties.TimeToLiveSpecification).toEqual({ AttributeName: 'ttl', Enabled: true })
      expect(properties.DeletionProtectionEnabled).toBeDefined()
    }
    for (const { properties } of each('AWS::RDS::DBInstance')) {
      expect(properties.BackupRetentionPeriod).toBeDefined()
      expect(properties.DeletionProtection).toBeDefined()
      expect(properties.ManageMasterUserPassword).toBe(true)
    }
    for (const { properties } of each('AWS::ElastiCache::ReplicationGroup')) {
      expect(properties).toMatchObject({
        // Multi-AZ needs a replica.
        MultiAZEnabled: { 'Fn::If': ['HasReplica', true, false] },
        AutomaticFailoverEnabled: true,
      })
      expect(properties.SnapshotRetentionLimit).toBeDefined()
    }
    const [registry] = each('AWS::ElastiCache::ParameterGroup')
    expect(registry?.properties.Properties).toEqual({ 'cluster-enabled': 'yes', 'maxmemory-policy': 'noeviction' })
  })

  it('include a dead-letter queue per queue, and no database outage uses up the receives', () => {
    const queues = each('AWS::SQS::Queue', 6)
    for (const { name, properties } of queues.filter(({ name }) => name.endsWith('Queue'))) {
      const [letters] = listOf(mapOf(mapOf(properties.RedrivePolicy).deadLetterTargetArn)['Fn::GetAtt'])
      expect(
        queues.map((queue) => queue.name),
        name,
      ).toContain(letters)
      expect(mapOf(properties.RedrivePolicy).maxReceiveCount).toBe(1000)
    }
    // The worker remembers ids for longer than SQS keeps a message (docs/operate.md).
    for (const { properties } of queues) expect(properties.MessageRetentionPeriod).toBe(14 * 86_400)
  })
})

describe('permissions', () => {
  it.each(stacks)('$name gives a reason wherever a permission applies to any resource', ({ text }) => {
    const lines = text.split('\n')
    const silent = lines.flatMap((line, at) => {
      const isAny = /\bResource:\s*\[?['"]\*['"]/.test(line)
      return isAny && !/# any resource: \S+ \S+/.test(lines[at - 1] ?? '') ? [`${at + 1}: ${line.trim()}`] : []
    })
    expect(silent).toEqual([])
    expect(text).not.toMatch(/^\s*- ['"]\*['"]\s*$/m)
  })

  it('every role has the boundary of the stage, and trusts one service', () => {
    for (const { properties, name } of each('AWS::IAM::Role', 10)) {
      expect(JSON.stringify(properties.PermissionsBoundary), name).toContain('apigw-${Stage}-boundary')
      const [statement, ...more] = listOf(mapOf(properties.AssumeRolePolicyDocument).Statement).map(mapOf)
      expect(more).toEqual([])
      expect(mapOf(statement?.Principal).Service, name).toMatch(/^[a-z.-]+\.amazonaws\.com$/)
    }
  })

  it('no role has permissions that the boundary denies', () => {
    const [boundary] = each('AWS::IAM::ManagedPolicy').filter(({ name }) => name === 'Boundary')
    const actionsOf = (document: unknown): string[] =>
      listOf(mapOf(document as never).Statement)
        .map(mapOf)
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap(({ Action }) => listOf(Action).map(String))
    const allowed = new Set(actionsOf(boundary?.properties.PolicyDocument))
    for (const { name, properties } of each('AWS::IAM::Role')) {
      for (const policy of listOf(properties.Policies).map(mapOf)) {
        const beyond = actionsOf(policy.PolicyDocument).filter((action) => !allowed.has(action))
        expect(beyond, name).toEqual([])
      }
    }
  })

  it('every policy is short enough for IAM', () => {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without white space
    const filled = (value: unknown) =>
      JSON.stringify(value)
        .replaceAll('${Stage}', 'a'.repeat(20))
        .replaceAll('${AWS::Partition}', 'aws')
        .replaceAll('${AWS::Region}', 'ap-northeast-2')
        .replaceAll('${AWS::AccountId}', '1'.repeat(12)).length
    for (const { name, properties } of each('AWS::IAM::ManagedPolicy', 5)) {
      expect(filled(properties.PolicyDocument), name).toBeLessThan(6_144)
    }
    for (const { name, properties } of each('AWS::IAM::Role')) expect(filled(properties.Policies), name).toBeLessThan(10_240)
  })

  it('no stack changes settings of the whole account', () => {
    expect(resourcesOf('AWS::ApiGateway::Account')).toEqual([])
    // An update would empty an AWS::WAFv2::IPSet (docs/decisions/0018).
    expect(resourcesOf('AWS::WAFv2::IPSet')).toEqual([])
  })
})

describe('secrets', () => {
  it('are neither parameters nor outputs', () => {
    for (const { template } of stacks) {
      for (const [name, parameter] of Object.entries(mapOf(template.Parameters))) {
        // The ARN of a secret is not secret.
        expect(name.replace(/SecretArn$/, '')).not.toMatch(/password|token|secret|masterkey(?!$)/i)
        expect(mapOf(parameter).NoEcho).toBeUndefined()
      }
      expect(JSON.stringify(template.Outputs)).not.toContain('resolve:')
    }
  })

  it('a dynamic reference is only in properties that AWS resolves, and in no environment variable of a function', () => {
    const references = stacks.flatMap(({ name, text }) => (text.match(/\{\{resolve:/g) ?? []).map(() => name))
    expect(references).toEqual(['data'])
    for (const { properties } of each('AWS::Lambda::Function', 7)) {
      expect(JSON.stringify(properties.Environment ?? '')).not.toContain('resolve:')
    }
  })
})

describe('the public surface', () => {
  it('is the load balancer at port 443, and nothing else', () => {
    const open = resourcesOf('AWS::EC2::SecurityGroup').filter(({ resource }) =>
      JSON.stringify(resource.properties.SecurityGroupIngress ?? '').includes('0.0.0.0/0'),
    )
    expect(open.map(({ resource }) => resource.name)).toEqual(['BalancerSecurityGroup'])
    for (const { properties } of each('AWS::EC2::SecurityGroupIngress', 7)) expect(properties.SourceSecurityGroupId).toBeDefined()
    const listeners = each('AWS::ElasticLoadBalancingV2::Listener').map(({ properties }) => properties)
    expect(listeners).toMatchObject([{ Port: 443, Protocol: 'HTTPS' }])
    expect(JSON.stringify(each('AWS::ApiGateway::RestApi')[0]?.properties.EndpointConfiguration)).toContain('PRIVATE')
  })
})
