import { describe, expect, it } from 'vitest'
import { listOf, mapOf } from './stacks.ts'
import { everyOf, statementsOf, target } from './templates.ts'

/** Rules of AWS that neither cfn-lint nor an emulator checks. Each holds in every template. */

/**
 * Services that send `aws:SourceAccount` when they assume a role.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html#eb-target-roles
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/security_confused_deputy.html
 */
const sendsSource = ['codedeploy.amazonaws.com', 'vpc-flow-logs.amazonaws.com', 'ecs-tasks.amazonaws.com', 'events.amazonaws.com']

describe('the trust policy of a service role', () => {
  const trusts = everyOf('AWS::IAM::Role').flatMap(({ id, resource }) =>
    statementsOf(resource.properties.AssumeRolePolicyDocument).map((statement) => ({ id, statement })),
  )

  it.each(trusts)('$id has a source condition only if the service sends the source', ({ statement }) => {
    const services = listOf(mapOf(statement.Principal).Service)
    const hasSource = JSON.stringify(statement.Condition ?? {}).includes('aws:Source')
    if (services.length > 0 && hasSource) expect(sendsSource).toEqual(expect.arrayContaining(services.map(String)))
  })

  // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
  it('has no condition for CloudTrail, which would deliver no event to the log group', () => {
    const cloudTrail = trusts.filter(({ statement }) => mapOf(statement.Principal).Service === 'cloudtrail.amazonaws.com')
    expect(cloudTrail.map(({ statement }) => statement.Condition)).toEqual([undefined])
  })
})

describe('every function', () => {
  // https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
  it.each(everyOf('AWS::Lambda::Function'))('$id runs on Node 24, as the code is built for', ({ resource }) => {
    expect(resource.properties.Runtime).toBe('nodejs24.x')
  })
})

describe('every table', () => {
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
  it.each(everyOf('AWS::DynamoDB::Table'))('$id is encrypted under the key that costs nothing', ({ resource }) => {
    expect(resource.properties.SSESpecification).toEqual({ SSEEnabled: false })
  })
})

describe('every queue and bucket', () => {
  const policies = [...everyOf('AWS::SQS::QueuePolicy'), ...everyOf('AWS::S3::BucketPolicy')]
  const tlsOnly = policies.filter(({ resource }) =>
    statementsOf(resource.properties.PolicyDocument).some(
      ({ Effect, Principal, Condition }) =>
        Effect === 'Deny' && Principal === '*' && mapOf(mapOf(Condition).Bool)['aws:SecureTransport'] === 'false',
    ),
  )
  const covered = tlsOnly.flatMap(({ template, resource: { properties } }) =>
    [...listOf(properties.Queues), ...listOf(properties.Bucket)].map((one) => target(template, one)),
  )

  it.each([...everyOf('AWS::SQS::Queue'), ...everyOf('AWS::S3::Bucket')])('$id accepts only TLS', ({ id }) => {
    expect(covered).toContain(id)
  })
})

describe('every endpoint of a service', () => {
  /** Buckets of AWS, whose accounts are not documented. */
  const ofAws = ['ImageLayers', 'AnswersToCloudFormation']
  const statements = everyOf('AWS::EC2::VPCEndpoint').flatMap(({ id, resource }) =>
    statementsOf(resource.properties.PolicyDocument).map((statement) => ({ id, sid: String(statement.Sid ?? ''), statement })),
  )

  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount
  it.each(statements)('$id $sid reaches resources of this account only', ({ sid, statement }) => {
    const inArn = listOf(statement.Resource).every((one) => String(mapOf(one)['Fn::Sub']).includes('${AWS::AccountId}'))
    const account = mapOf(mapOf(statement.Condition).StringEquals)['aws:ResourceAccount']
    expect(inArn || ofAws.includes(sid) || JSON.stringify(account) === '{"Ref":"AWS::AccountId"}').toBe(true)
  })
})
