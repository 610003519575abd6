import { isMap, type Json, type JsonMap } from '../../../operations/cloudformation/index.ts'
import type { Resource } from '../template/resource.ts'
import type { AwsRequest, Sender } from './judge.ts'
import { arnOf } from './rights.ts'

/** Something that AWS does on its own while a stage runs, and that a policy can keep it from. */
export type Duty =
  | { readonly kind: 'request'; readonly what: string; readonly sender: Sender; readonly request: AwsRequest }
  | { readonly kind: 'assume'; readonly what: string; readonly service: string; readonly role: string }

function listOf(value: Json | undefined): readonly Json[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

function mapsIn(value: Json | undefined): readonly JsonMap[] {
  return listOf(value).filter(isMap)
}

function mapAt(value: JsonMap, name: string): JsonMap {
  const found = value[name]
  return isMap(found) ? found : {}
}

type Duties = (resource: Resource, all: readonly Resource[]) => readonly Duty[]

function name({ stack, logicalId }: Resource): string {
  return `${stack}/${logicalId}`
}

function byRole(
  what: string,
  role: string,
  requests: readonly (readonly [action: string, resource: string])[],
  keys = {},
): Duty[] {
  return requests.map(([action, resource]) => ({
    kind: 'request',
    what: `${what}: ${action}`,
    sender: { kind: 'role', arn: role },
    request: { action, resource, keys },
  }))
}

function byService(what: string, service: string, sourceArn: string, action: string, resource: string, keys = {}): Duty {
  return { kind: 'request', what, sender: { kind: 'service', service, sourceArn }, request: { action, resource, keys } }
}

function logGroupArn(all: readonly Resource[], group: Json | undefined): string | undefined {
  const found = all.find(({ type, physicalId }) => type === 'AWS::Logs::LogGroup' && physicalId === group)
  return found === undefined ? undefined : String(found.attribute('Arn')).replace(/\*$/, 'log-stream:one')
}

/** What Lambda does with the role of a function, outside of its code. */
const lambda: Duties = (resource, all) => {
  const { properties, attribute } = resource
  const role = String(properties.Role)
  const logs = logGroupArn(all, mapAt(properties, 'LoggingConfig').LogGroup)
  const deadLetters = mapAt(properties, 'DeadLetterConfig').TargetArn
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
  const network = ['CreateNetworkInterface', 'DescribeNetworkInterfaces', 'DescribeSubnets', 'DeleteNetworkInterface']
  return [
    { kind: 'assume', what: `${name(resource)} runs`, service: 'lambda.amazonaws.com', role },
    ...(logs === undefined
      ? []
      : byRole(`${name(resource)} writes its log`, role, [
          ['logs:CreateLogStream', logs],
          ['logs:PutLogEvents', logs],
        ])),
    ...(properties.VpcConfig === undefined
      ? []
      : byRole(
          `${name(resource)} stands in the network`,
          role,
          network.map((action) => [`ec2:${action}`, '*'] as const),
        )),
    ...(deadLetters === undefined
      ? []
      : byRole(`${name(resource)} keeps failed events`, role, [['sqs:SendMessage', String(deadLetters)]], {
          'lambda:SourceFunctionArn': String(attribute('Arn')),
        })),
  ]
}

/** Lambda's pollers use the function's role (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). */
const eventSource: Duties = (resource, all) => {
  const of = all.find(
    ({ type, physicalId }) => type === 'AWS::Lambda::Function' && physicalId === resource.properties.FunctionName,
  )
  const queue = String(resource.properties.EventSourceArn)
  const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'] as const
  return byRole(
    `${name(resource)} polls`,
    String(of?.properties.Role),
    actions.map((action) => [action, queue] as const),
  )
}

/** What a service does to a target that is named by its ARN. */
function toTarget(what: string, service: string, sourceArn: string, target: string): Duty[] {
  const action = { sns: 'sns:Publish', sqs: 'sqs:SendMessage', lambda: 'lambda:InvokeFunction' }[target.split(':')[2] ?? '']
  return action === undefined ? [] : [byService(what, service, sourceArn, action, target)]
}

const eventRule: Duties = (resource) => {
  const arn = String(resource.attribute('Arn'))
  return mapsIn(resource.properties.Targets).flatMap((target) => {
    const dead = mapAt(target, 'DeadLetterConfig').Arn
    return [
      ...toTarget(`${name(resource)} reaches its target`, 'events.amazonaws.com', arn, String(target.Arn)),
      ...(dead === undefined ? [] : toTarget(`${name(resource)} keeps failed events`, 'events.amazonaws.com', arn, String(dead))),
    ]
  })
}

const alarm: Duties = (resource) =>
  ['AlarmActions', 'OKActions', 'InsufficientDataActions']
    .flatMap((list) => listOf(resource.properties[list]))
    .flatMap((target) =>
      toTarget(`${name(resource)} alarms`, 'cloudwatch.amazonaws.com', String(resource.attribute('Arn')), String(target)),
    )

const budget: Duties = (resource, all) => {
  const account = all
    .map(({ physicalId }) => /^arn:aws:iam::(\d{12}):/.exec(physicalId)?.[1])
    .find((found) => found !== undefined)
  return mapsIn(resource.properties.NotificationsWithSubscribers)
    .flatMap(({ Subscribers }) => mapsIn(Subscribers))
    .filter(({ SubscriptionType }) => SubscriptionType === 'SNS')
    .flatMap(({ Address }) =>
      toTarget(
        `${name(resource)} notifies`,
        'budgets.amazonaws.com',
        `arn:aws:budgets::${account}:budget/${resource.physicalId}`,
        String(Address),
      ),
    )
}

const subscription: Duties = (resource) => {
  const { Endpoint, TopicArn, RedrivePolicy } = resource.properties
  const dead = isMap(RedrivePolicy) ? RedrivePolicy.deadLetterTargetArn : undefined
  return [Endpoint, dead].flatMap((target) =>
    target === undefined ? [] : toTarget(`${name(resource)} delivers`, 'sns.amazonaws.com', String(TopicArn), String(target)),
  )
}

/** API Gateway calls the functions that the description of the API names. */
const restApi: Duties = (resource) => {
  const uris = [...JSON.stringify(resource.properties.Body ?? {}).matchAll(/functions\/(arn:[^/"]+)\/invocations/g)]
  const [, , , region = '', account = ''] = uris[0]?.[1]?.split(':') ?? []
  const api = `arn:aws:execute-api:${region}:${account}:${resource.physicalId}`
  return [...new Set(uris.map(([, arn = '']) => arn))].map((arn) => {
    const source = /:[^:]*authorizer$/.test(arn) ? `${api}/authorizers/abc123` : `${api}/live/POST/v1.0/messages`
    return byService(
      `${name(resource)} calls ${arn.split(':').at(-1)}`,
      'apigateway.amazonaws.com',
      source,
      'lambda:InvokeFunction',
      arn,
    )
  })
}

/** What ECS does to start a task (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html). */
const task: Duties = (resource, all) => {
  const { ExecutionRoleArn, TaskRoleArn, ContainerDefinitions } = resource.properties
  const role = String(ExecutionRoleArn)
  const containers = mapsIn(ContainerDefinitions)
  const assumed = [role, ...(TaskRoleArn === undefined ? [] : [String(TaskRoleArn)])]
  const secrets = containers.flatMap(({ Secrets }) => mapsIn(Secrets).map(({ ValueFrom }) => String(ValueFrom)))
  const groups = containers.map((one) => logGroupArn(all, mapAt(mapAt(one, 'LogConfiguration'), 'Options')['awslogs-group']))
  const repositories = containers.map(({ Image }) => repositoryArn(String(Image)))
  return [
    ...assumed.map(
      (arn): Duty => ({ kind: 'assume', what: `${name(resource)} runs`, service: 'ecs-tasks.amazonaws.com', role: arn }),
    ),
    ...byRole(`${name(resource)} gets its image`, role, [
      ['ecr:GetAuthorizationToken', '*'],
      ...repositories.flatMap((arn) =>
        arn === undefined
          ? []
          : (['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'] as const).map(
              (action) => [action, arn] as const,
            ),
      ),
    ]),
    ...byRole(
      `${name(resource)} gets its secrets`,
      role,
      secrets.map((arn) => ['secretsmanager:GetSecretValue', arn] as const),
    ),
    ...groups.flatMap((arn) =>
      arn === undefined
        ? []
        : byRole(`${name(resource)} writes its log`, role, [
            ['logs:CreateLogStream', arn],
            ['logs:PutLogEvents', arn],
          ]),
    ),
  ]
}

/** The repository of an image in this account's registry; undefined for a public one. */
function repositoryArn(image: string): string | undefined {
  const [, account, region, path] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^@:]+)/.exec(image) ?? []
  return path === undefined ? undefined : `arn:aws:ecr:${region}:${account}:repository/${path}`
}

const flowLog: Duties = ({ properties, ...resource }, all) => {
  const role = String(properties.DeliverLogsPermissionArn)
  const logs = logGroupArn(all, properties.LogGroupName)
  const what = `${resource.stack}/${resource.logicalId}`
  return [
    { kind: 'assume', what: `${what} writes`, service: 'vpc-flow-logs.amazonaws.com', role },
    ...(logs === undefined
      ? []
      : byRole(what, role, [
          ['logs:CreateLogStream', logs],
          ['logs:PutLogEvents', logs],
        ])),
  ]
}

const firehose: Duties = (resource) => {
  const to = mapAt(resource.properties, 'S3DestinationConfiguration')
  const [role, bucket] = [String(to.RoleARN), String(to.BucketARN)]
  const objects = `${bucket}/${String(to.Prefix ?? '')}2026/11/27/one.gz`
  // https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
  return [
    { kind: 'assume', what: `${name(resource)} writes`, service: 'firehose.amazonaws.com', role },
    ...byRole(name(resource), role, [
      ['s3:PutObject', objects],
      ['s3:AbortMultipartUpload', objects],
      ['s3:GetBucketLocation', bucket],
      ['s3:ListBucket', bucket],
      ['s3:ListBucketMultipartUploads', bucket],
    ]),
  ]
}

const balancer: Duties = (resource, all) => {
  const attributes = new Map(
    mapsIn(resource.properties.LoadBalancerAttributes).map(({ Key, Value }) => [String(Key), String(Value)]),
  )
  if (attributes.get('access_logs.s3.enabled') !== 'true') return []
  const account = resource.physicalId.split(':')[4]
  const bucket = all.find(
    ({ type, physicalId }) => type === 'AWS::S3::Bucket' && physicalId === attributes.get('access_logs.s3.bucket'),
  )
  const prefix = attributes.get('access_logs.s3.prefix')
  const path = `${prefix === undefined ? '' : `${prefix}/`}AWSLogs/${account}/elasticloadbalancing/one.log.gz`
  const service = 'logdelivery.elasticloadbalancing.amazonaws.com'
  const to = `arn:aws:s3:::${bucket?.physicalId ?? attributes.get('access_logs.s3.bucket')}/${path}`
  return [byService(`${name(resource)} writes its log`, service, resource.physicalId, 's3:PutObject', to)]
}

const trail: Duties = (resource, all) => {
  const { S3BucketName, CloudWatchLogsRoleArn, CloudWatchLogsLogGroupArn, KMSKeyId } = resource.properties
  const arn = String(resource.attribute('Arn'))
  const account = arn.split(':')[4]
  const bucket = arnOf(String(S3BucketName))
  const put = byService(
    `${name(resource)} writes to its bucket`,
    'cloudtrail.amazonaws.com',
    arn,
    's3:PutObject',
    `${bucket}/AWSLogs/${account}/CloudTrail/one.json.gz`,
    { 's3:x-amz-acl': 'bucket-owner-full-control' },
  )
  const look = byService(`${name(resource)} looks at its bucket`, 'cloudtrail.amazonaws.com', arn, 's3:GetBucketAcl', bucket)
  const key = all.find(
    ({ type, physicalId, attribute }) => type === 'AWS::KMS::Key' && (physicalId === KMSKeyId || attribute('Arn') === KMSKeyId),
  )
  const encrypt =
    key === undefined
      ? []
      : ['kms:GenerateDataKey', 'kms:DescribeKey'].map((action) =>
          byService(`${name(resource)} encrypts`, 'cloudtrail.amazonaws.com', arn, action, String(key.attribute('Arn'))),
        )
  if (CloudWatchLogsRoleArn === undefined) return [look, put, ...encrypt]
  const stream = String(CloudWatchLogsLogGroupArn).replace(/\*$/, `log-stream:${account}_CloudTrail_one`)
  const role = String(CloudWatchLogsRoleArn)
  return [
    look,
    put,
    ...encrypt,
    { kind: 'assume', what: `${name(resource)} writes to its log group`, service: 'cloudtrail.amazonaws.com', role },
    ...byRole(`${name(resource)} writes to its log group`, role, [
      ['logs:CreateLogStream', stream],
      ['logs:PutLogEvents', stream],
    ]),
  ]
}

/** An encrypted log group: its key lets CloudWatch Logs of the region use it. */
const logGroup: Duties = (resource, all) => {
  const { KmsKeyId } = resource.properties
  const key = all.find(({ type, attribute }) => type === 'AWS::KMS::Key' && attribute('Arn') === KmsKeyId)
  if (key === undefined) return []
  const arn = String(resource.attribute('Arn')).replace(/:\*$/, '')
  const region = arn.split(':')[3]
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  return ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'].map((action) =>
    byService(`${name(resource)} is encrypted`, `logs.${region}.amazonaws.com`, arn, action, String(key.attribute('Arn')), {
      'kms:EncryptionContext:aws:logs:arn': arn,
    }),
  )
}

const byType: Readonly<Record<string, Duties>> = {
  'AWS::ApiGateway::RestApi': restApi,
  'AWS::Budgets::Budget': budget,
  'AWS::CloudTrail::Trail': trail,
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::EC2::FlowLog': flowLog,
  'AWS::ECS::TaskDefinition': task,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': balancer,
  'AWS::Events::Rule': eventRule,
  'AWS::KinesisFirehose::DeliveryStream': firehose,
  'AWS::Lambda::EventSourceMapping': eventSource,
  'AWS::Lambda::Function': lambda,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::SNS::Subscription': subscription,
}

/** What AWS does on its own for the resources of a stage: each has to be allowed, or something fails without a word. */
export function dutiesOf(all: readonly Resource[]): readonly Duty[] {
  return all.flatMap((resource) => byType[resource.type]?.(resource, all) ?? [])
}
