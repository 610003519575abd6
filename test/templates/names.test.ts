import { describe, expect, it } from 'vitest'
import { isSandboxQueue, queueName } from '../../src/domain/names.ts'
import { forStage, mapOf, type Resource, stackNames, stacks, within } from './stacks.ts'

const longest = 'a2345678901234567890'

/** The maximum length of a name, and its characters, from the reference of each service. */
const limits: Readonly<Record<string, { property: string; most: number; pattern: RegExp }>> = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': { property: 'Name', most: 32, pattern: /^[A-Za-z0-9-]+$/ },
  'AWS::ElasticLoadBalancingV2::TargetGroup': { property: 'Name', most: 32, pattern: /^[A-Za-z0-9-]+$/ },
  'AWS::Lambda::Function': { property: 'FunctionName', most: 64, pattern: /^[\w-]+$/ },
  'AWS::SQS::Queue': { property: 'QueueName', most: 80, pattern: /^[\w-]+$/ },
  'AWS::IAM::ManagedPolicy': { property: 'ManagedPolicyName', most: 128, pattern: /^[\w+=,.@-]+$/ },
  'AWS::IAM::Group': { property: 'GroupName', most: 128, pattern: /^[\w+=,.@-]+$/ },
  'AWS::Logs::LogGroup': { property: 'LogGroupName', most: 512, pattern: /^[\w./#-]+$/ },
  'AWS::KinesisFirehose::DeliveryStream': { property: 'DeliveryStreamName', most: 64, pattern: /^amazon-apigateway-[\w.-]+$/ },
  'AWS::WAFv2::WebACL': { property: 'Name', most: 128, pattern: /^[\w-]+$/ },
  'AWS::SNS::Topic': { property: 'TopicName', most: 256, pattern: /^[\w-]+$/ },
  'AWS::SecretsManager::Secret': { property: 'Name', most: 512, pattern: /^[\w/+=.@?-]+$/ },
  'AWS::ECS::Cluster': { property: 'ClusterName', most: 255, pattern: /^[\w-]+$/ },
  'AWS::ECS::TaskDefinition': { property: 'Family', most: 255, pattern: /^[\w-]+$/ },
  'AWS::ECR::Repository': { property: 'RepositoryName', most: 256, pattern: /^[a-z0-9._/-]+$/ },
  'AWS::Events::Rule': { property: 'Name', most: 64, pattern: /^[\w.-]+$/ },
  'AWS::AccessAnalyzer::Analyzer': { property: 'AnalyzerName', most: 255, pattern: /^[A-Za-z][\w.-]*$/ },
  'AWS::ApiGateway::RestApi': { property: 'Name', most: 1024, pattern: /^[\w-]+$/ },
}

const named = stacks.flatMap(({ resources }) =>
  resources.flatMap((resource) => {
    const limit = limits[resource.type]
    // CloudFormation names a resource without a name, within the limit.
    return limit === undefined || resource.properties[limit.property] === undefined ? [] : [{ resource, limit }]
  }),
)

/** With the longest carrier name that the data stack accepts. */
function nameOf({ properties }: Resource, property: string): string {
  return forStage(properties[property], longest).replaceAll(/\$\{(?:Second)?Carrier\}/g, 'a'.repeat(30))
}

it.each(named)('$resource.name has a valid name for the longest stage', ({ resource, limit }) => {
  const name = nameOf(resource, limit.property)
  expect(name).toContain(longest)
  expect(name.replaceAll('?', 'x')).toMatch(limit.pattern)
  expect(name.length).toBeLessThanOrEqual(limit.most)
})

it('every kind of resource that can have a name from the template is covered', () => {
  const properties = new Set(Object.values(limits).map(({ property }) => property))
  const others = stacks.flatMap(({ resources }) =>
    resources.filter(({ type, properties: own }) => !(type in limits) && Object.keys(own).some((name) => properties.has(name))),
  )
  // Names within a function, a cluster, a stack or a zone, and what is not a name that apigw gives.
  const fine =
    /^AWS::(ECS::Service|Logs::MetricFilter|Lambda::(Permission|EventSourceMapping|EventInvokeConfig|Version|Alias)|Route53::RecordSet|EC2::FlowLog|RDS::DBParameterGroup)$/
  expect(others.map(({ name, type }) => `${name} ${type}`).filter((one) => !fine.test(one.split(' ')[1] ?? ''))).toEqual([])
})

describe('stage names', () => {
  it.each(['dev', 'prod', 'a', longest, 'prod2'])('accept %s', (stage) => {
    for (const { template } of stacks) {
      const { AllowedPattern, MaxLength } = mapOf(mapOf(template.Parameters).Stage)
      expect(stage).toMatch(new RegExp(String(AllowedPattern)))
      expect(stage.length).toBeLessThanOrEqual(Number(MaxLength))
    }
  })

  it.each(['', 'Prod', '1a', 'a-', 'a-b', 'a_b', `${longest}x`])('refuse "%s"', (stage) => {
    for (const { template } of stacks) {
      const { AllowedPattern, MaxLength } = mapOf(mapOf(template.Parameters).Stage)
      expect(new RegExp(String(AllowedPattern)).test(stage) && stage.length <= Number(MaxLength)).toBe(false)
    }
  })

  it('the description of each stack gives its place in the order', () => {
    for (const [at, { template }] of stacks.entries()) {
      expect(template.Description).toContain(`stack ${at + 1} of ${stackNames.length}`)
    }
  })
})

/** Every text in the policies of a template that has the stage and a wildcard in it. */
const patterns = stacks.flatMap(({ name, template }) =>
  [...within(template)]
    .flatMap((value) => (typeof value === 'string' ? [value] : []))
    .filter((text) => /^arn:.*\$\{Stage\}.*\*/.test(text))
    .map((text) => ({ stack: name, text })),
)

// In a policy, "*" matches any characters (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
it.each(patterns)('$text of $stack matches nothing of another stage', ({ text }) => {
  const escaped = text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
  const own = new RegExp(`^${escaped.replaceAll('\\$\\{Stage\\}', 'prod').replaceAll('*', '.*')}$`)
  const [pattern, most] = [mapOf(mapOf(stacks[0]?.template.Parameters).Stage).AllowedPattern, 20]
  for (const other of ['prodx', 'prod2', 'prod-x', 'prod-x-y', 'x-prod', 'xprod', 'pro']) {
    // A stage that cannot be deployed has nothing.
    if (!new RegExp(String(pattern)).test(other) || other.length > most) continue
    for (const rest of ['', 'x', '-x', '-dlq', 'a-b']) {
      const name = text.replaceAll('${Stage}', other).replaceAll('*', rest)
      expect(own.test(name), name).toBe(false)
    }
  }
})

describe('the queues', () => {
  const queues = stacks.flatMap(({ resources }) => resources).filter(({ type }) => type === 'AWS::SQS::Queue')

  it('are those that routes may name: the sandbox for tests, the carriers’ for live', () => {
    for (const resource of queues.filter(({ name }) => name.endsWith('Queue'))) {
      const name = nameOf(resource, 'QueueName')
      expect(isSandboxQueue(name)).toBe(resource.name === 'SandboxQueue')
      expect(queueName(name, resource.name === 'SandboxQueue' ? 'test' : 'live')).toBe(name)
    }
  })

  it('have dead-letter queues named as on one machine', () => {
    for (const resource of queues.filter(({ name }) => name.endsWith('Queue'))) {
      const letters = queues.find(({ name }) => name === resource.name.replace(/Queue$/, 'DeadLetters'))
      if (letters === undefined) throw new Error(`${resource.name} has none`)
      expect(nameOf(letters, 'QueueName')).toBe(`${nameOf(resource, 'QueueName')}-dlq`)
    }
  })
})
