import type { Json, JsonMap } from '../../../operations/cloudformation/index.ts'
import { type Policy, readPolicy } from '../../../operations/policy/index.ts'
import type { Resource } from '../template/resource.ts'
import { listOf, mapsIn } from '../template/values.ts'

/** A role, and everything that limits what it may do. */
export interface Role {
  readonly arn: string
  readonly trust: Policy
  /** Inline and attached policies. */
  readonly identity: readonly Policy[]
  readonly boundary: Policy | undefined
}

/** The policies that the templates give, by what they belong to. */
export interface Rights {
  readonly roles: ReadonlyMap<string, Role>
  /** Resource-based policies by the ARN of the queue, topic, bucket, key, function or API. */
  readonly resources: ReadonlyMap<string, readonly Policy[]>
  /** The policies of VPC endpoints by their id; without one, an endpoint lets everything through. */
  readonly endpoints: ReadonlyMap<string, Policy>
  /** The ARN of the key that encrypts a topic or a queue, by the ARN of that. */
  readonly keys: ReadonlyMap<string, string>
  /** The ARNs of the buckets of the account: an ARN of S3 does not say whose it is. */
  readonly buckets: ReadonlySet<string>
}

function policyOf(name: string, document: Json | undefined, resourceBased: boolean): Policy {
  const policy = readPolicy({ name, document, resourceBased })
  const [fault] = policy.faults.filter(({ kind }) => kind === 'invalid')
  // A statement that IAM refuses fails the creation of the resource, so it must not pass as one that says nothing.
  if (fault !== undefined) throw new Error(`${fault.place}: ${fault.message}`)
  return policy
}

function policiesByArn(all: readonly Resource[]): ReadonlyMap<string, Policy> {
  return new Map(
    all
      .filter(({ type }) => type === 'AWS::IAM::ManagedPolicy')
      .map(({ physicalId, stack, logicalId, properties }) => [
        physicalId,
        policyOf(`${stack}/${logicalId}`, properties.PolicyDocument, false),
      ]),
  )
}

function roleOf({ attribute, stack, logicalId, properties }: Resource, managed: ReadonlyMap<string, Policy>): Role {
  const name = `${stack}/${logicalId}`
  const find = (arn: Json): Policy => {
    const found = managed.get(String(arn))
    if (found === undefined) throw new Error(`${name} has the policy ${String(arn)}, which no stack makes`)
    return found
  }
  const inline = mapsIn(properties.Policies)
  const { PermissionsBoundary: boundary } = properties
  return {
    arn: String(attribute('Arn')),
    trust: policyOf(`the trust policy of ${name}`, properties.AssumeRolePolicyDocument, true),
    identity: [
      ...inline.map(({ PolicyName, PolicyDocument }) => policyOf(`${name}/${String(PolicyName)}`, PolicyDocument, false)),
      ...listOf(properties.ManagedPolicyArns).map(find),
    ],
    boundary: boundary === undefined ? undefined : find(boundary),
  }
}

/** The ARN of what a policy is attached to by `Ref`, which is a URL for a queue and a name for a bucket. */
export function arnOf(reference: string): string {
  const queue = /^https:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com\/(\d{12})\/(.+)$/.exec(reference)
  if (queue !== null) return `arn:aws:sqs:${queue[1]}:${queue[2]}:${queue[3]}`
  return reference.startsWith('arn:') ? reference : `arn:aws:s3:::${reference}`
}

/** `AWS::Lambda::Permission` is one statement of a function's policy. */
function permissionDocument({ properties }: Resource, functionArn: string): JsonMap {
  const { Action = '', Principal = '', SourceArn, SourceAccount, FunctionUrlAuthType } = properties
  const service = /\.amazonaws\.com$/.test(String(Principal))
  const conditions = {
    ...(SourceArn !== undefined && { ArnLike: { 'aws:SourceArn': SourceArn } }),
    ...(SourceAccount !== undefined && { StringEquals: { 'aws:SourceAccount': SourceAccount } }),
    ...(FunctionUrlAuthType !== undefined && { StringEquals: { 'lambda:FunctionUrlAuthType': FunctionUrlAuthType } }),
  }
  const principal = service ? { Service: Principal } : { AWS: Principal }
  const statement = { Effect: 'Allow', Principal: principal, Action, Resource: functionArn, Condition: conditions }
  return { Version: '2012-10-17', Statement: [statement] }
}

function functionArn(all: readonly Resource[], name: string): string {
  const found = all.find(
    (one) => one.type === 'AWS::Lambda::Function' && (one.physicalId === name || one.attribute('Arn') === name),
  )
  return found === undefined ? name : String(found.attribute('Arn'))
}

/** The targets of a resource that carries a policy, and the policy's document. */
function attached(resource: Resource, all: readonly Resource[]): readonly (readonly [arn: string, document: Json | undefined])[] {
  const { type, properties, attribute } = resource
  switch (type) {
    case 'AWS::SQS::QueuePolicy':
      return listOf(properties.Queues).map((queue) => [arnOf(String(queue)), properties.PolicyDocument])
    case 'AWS::SNS::TopicPolicy':
      return listOf(properties.Topics).map((topic) => [String(topic), properties.PolicyDocument])
    case 'AWS::S3::BucketPolicy':
      return [[arnOf(String(properties.Bucket)), properties.PolicyDocument]]
    case 'AWS::KMS::Key':
      return [[String(attribute('Arn')), properties.KeyPolicy]]
    case 'AWS::ApiGateway::RestApi':
      return properties.Policy === undefined ? [] : [[resource.physicalId, properties.Policy]]
    case 'AWS::Lambda::Permission': {
      const arn = functionArn(all, String(properties.FunctionName))
      return [[arn, permissionDocument(resource, arn)]]
    }
    default:
      return []
  }
}

function keyArn(all: readonly Resource[], id: string): string {
  const found = all.find(({ type, physicalId }) => type === 'AWS::KMS::Key' && physicalId === id)
  return found === undefined ? id : String(found.attribute('Arn'))
}

function keysOf(all: readonly Resource[]): ReadonlyMap<string, string> {
  return new Map(
    all.flatMap((resource): [string, string][] => {
      const { type, properties, physicalId } = resource
      const { KmsMasterKeyId: key } = properties
      if (key === undefined || (type !== 'AWS::SNS::Topic' && type !== 'AWS::SQS::Queue')) return []
      return [[arnOf(physicalId), keyArn(all, String(key))]]
    }),
  )
}

/**
 * Collects the policies of all stacks.
 * @throws Error if IAM would refuse a policy, or a role names one that does not exist
 */
export function rightsOf(all: readonly Resource[]): Rights {
  const managed = policiesByArn(all)
  const roles = all.filter(({ type }) => type === 'AWS::IAM::Role').map((role) => roleOf(role, managed))
  const resources = new Map<string, Policy[]>()
  for (const resource of all) {
    for (const [arn, document] of attached(resource, all)) {
      const policy = policyOf(`${resource.stack}/${resource.logicalId}`, document, true)
      resources.set(arn, [...(resources.get(arn) ?? []), policy])
    }
  }
  const endpoints = all.flatMap(({ type, physicalId, stack, logicalId, properties }): [string, Policy][] =>
    type === 'AWS::EC2::VPCEndpoint' && properties.PolicyDocument !== undefined
      ? [[physicalId, policyOf(`${stack}/${logicalId}`, properties.PolicyDocument, true)]]
      : [],
  )
  const buckets = all.filter(({ type }) => type === 'AWS::S3::Bucket').map(({ physicalId }) => arnOf(physicalId))
  return {
    roles: new Map(roles.map((role) => [role.arn, role])),
    resources,
    endpoints: new Map(endpoints),
    keys: keysOf(all),
    buckets: new Set(buckets),
  }
}
