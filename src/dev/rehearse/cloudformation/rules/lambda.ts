import { isMap, type JsonMap } from '../../../../operations/cloudformation/index.ts'
import { allows } from './permissions.ts'
import { at, between, numberAt, oneOfAKind, type Rule, type ServiceRules, shaped, textAt, textsAt, type World } from './rule.ts'

const creation = 'https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html'
const limits = 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html'
const concurrency = 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html'
const vpc = 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions'
const queues = 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html'
const mappings = 'https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html'
const scaling = 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html'

const aliases = 'https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html'

const functionType = 'AWS::Lambda::Function'
const versionType = 'AWS::Lambda::Version'
const aliasType = 'AWS::Lambda::Alias'

const memory: Rule = {
  source: limits,
  refuse: ({ properties }, { quotas }) => {
    const megabytes = numberAt(properties, 'MemorySize')
    if (megabytes === undefined || (megabytes >= 128 && megabytes <= quotas.lambdaMegabytes)) return undefined
    return `'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to ${quotas.lambdaMegabytes}`
  },
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: 4 KB together. */
const environment: Rule = {
  source: limits,
  refuse: ({ properties }) =>
    Buffer.byteLength(JSON.stringify(at(properties, 'Environment.Variables') ?? {})) > 4_096
      ? 'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.'
      : undefined,
}

const reservedVariables =
  /^(?:_HANDLER|_X_AMZN_TRACE_ID|AWS_DEFAULT_REGION|AWS_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_ACCESS_KEY.*|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/

const variableNames: Rule = {
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime',
  refuse: ({ properties }) => {
    const variables = at(properties, 'Environment.Variables')
    const reserved = isMap(variables) ? Object.keys(variables).find((name) => reservedVariables.test(name)) : undefined
    return (
      reserved &&
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved}`
    )
  },
}

const codeExists: Rule = {
  source: creation,
  refuse: ({ properties }, { facts, inventory }) => {
    const [bucket, key] = [textAt(properties, 'Code.S3Bucket'), textAt(properties, 'Code.S3Key')]
    if (bucket === '') return undefined
    if (inventory.find('AWS::S3::Bucket', bucket) === undefined) {
      return 'Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist'
    }
    if (facts.objects.get(bucket)?.has(key)) return undefined
    return `Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist. (${key})`
  },
}

const unreserved: Rule = {
  source: concurrency,
  refuse: ({ id, properties }, { inventory, quotas }) => {
    const own = numberAt(properties, 'ReservedConcurrentExecutions') ?? 0
    if (own === 0) return undefined
    const others = inventory.of(functionType).filter((one) => one.id !== id)
    const reserved = others.reduce((sum, one) => sum + (numberAt(one.properties, 'ReservedConcurrentExecutions') ?? 0), 0)
    if (quotas.lambdaConcurrency - reserved - own >= quotas.lambdaUnreserved) return undefined
    return `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${quotas.lambdaUnreserved}].`
  },
}

const mayJoinNetwork: Rule = {
  source: vpc,
  refuse: ({ properties }, world) => {
    if (textsAt(properties, 'VpcConfig.SubnetIds').length === 0) return undefined
    const role = textAt(properties, 'Role')
    return allows(world, role, 'ec2:CreateNetworkInterface')
      ? undefined
      : 'The provided execution role does not have permissions to call CreateNetworkInterface on EC2'
  },
}

const logGroupExists: Rule = {
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html',
  refuse: ({ properties }) => {
    const group = textAt(properties, 'LoggingConfig.LogGroup')
    return group === '' || /^[.\-_/#A-Za-z0-9]{1,512}$/.test(group)
      ? undefined
      : `Value '${group}' at 'loggingConfig.logGroup' is not a log group`
  },
}

function functionNamed(name: string): string {
  return name.startsWith('arn:') ? (name.split(':')[6] ?? '') : name
}

/** An alias or a version behind the name of a function, in its ARN. */
function qualifierIn(name: string): string | undefined {
  return name.startsWith('arn:') ? name.split(':')[7] : undefined
}

function hasVersion(name: string, version: string, { inventory }: World): boolean {
  return (
    version === '$LATEST' ||
    inventory
      .of(versionType)
      .some(({ id, properties }) => textAt(properties, 'FunctionName') === name && id.endsWith(`:${version}`))
  )
}

function hasAlias(name: string, alias: string, { inventory }: World): boolean {
  return inventory
    .of(aliasType)
    .some(({ properties }) => textAt(properties, 'FunctionName') === name && textAt(properties, 'Name') === alias)
}

const functionExists = (property: string): Rule => ({
  source: mappings,
  refuse: ({ properties }, world) => {
    const called = textAt(properties, property)
    const [name, qualifier] = [functionNamed(called), qualifierIn(called)]
    if (world.inventory.find(functionType, name) === undefined) return `Function not found: ${name}`
    if (qualifier === undefined || hasAlias(name, qualifier, world) || hasVersion(name, qualifier, world)) return undefined
    return `Function not found: ${called}`
  },
})

const versionExists: Rule = {
  source: aliases,
  refuse: ({ properties }, world) => {
    const [name, version] = [textAt(properties, 'FunctionName'), textAt(properties, 'FunctionVersion')]
    return hasVersion(functionNamed(name), version, world) ? undefined : `Function not found: ${name}:${version}`
  },
}

/** What a version is made of. The concurrency belongs to the function as a whole. */
function configurationOf({ ReservedConcurrentExecutions: _reserved, Tags: _tags, ...configuration }: JsonMap): string {
  return JSON.stringify(configuration)
}

const differsFromLastVersion: Rule = {
  source: 'https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html',
  refuse: ({ properties }, { inventory }) => {
    const name = textAt(properties, 'FunctionName')
    const now = inventory.find(functionType, name)?.properties ?? {}
    const last = inventory.of(versionType).findLast((one) => textAt(one.properties, 'FunctionName') === name)
    if (last?.published === undefined || configurationOf(last.published) !== configurationOf(now)) return undefined
    return `A version for this Lambda function exists ( ${last.id.split(':').at(-1)} ). Modify the function to create a new version.`
  },
}

const noAliasPoints: Rule = {
  source: 'https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html',
  refuse: ({ id, properties }, { inventory }) => {
    const name = textAt(properties, 'FunctionName')
    const pointing = inventory
      .of(aliasType)
      .filter((one) => textAt(one.properties, 'FunctionName') === name)
      .filter((one) => id.endsWith(`:${textAt(one.properties, 'FunctionVersion')}`))
      .map((one) => textAt(one.properties, 'Name'))
    return pointing.length === 0
      ? undefined
      : `Current version cannot be deleted because the following aliases reference it: [${pointing.join(', ')}]`
  },
}

const visibleLongEnough: Rule = {
  source: queues,
  refuse: ({ properties }, { inventory }) => {
    const queue = queueOf(textAt(properties, 'EventSourceArn'), inventory.of('AWS::SQS::Queue'))
    const called = inventory.find(functionType, functionNamed(textAt(properties, 'FunctionName')))
    if (queue === undefined || called === undefined) return undefined
    const visible = numberAt(queue.properties, 'VisibilityTimeout') ?? 30
    const timeout = numberAt(called.properties, 'Timeout') ?? 3
    if (visible >= timeout) return undefined
    return `Queue visibility timeout: ${visible} seconds is less than Function timeout: ${timeout} seconds`
  },
}

function queueOf<Q extends { readonly id: string }>(arn: string, all: readonly Q[]): Q | undefined {
  return all.find(({ id }) => id.endsWith(`/${arn.split(':').at(-1) ?? ''}`))
}

const queueExists: Rule = {
  source: mappings,
  refuse: ({ properties }, { inventory }) => {
    const arn = textAt(properties, 'EventSourceArn')
    if (!arn.startsWith('arn:aws:sqs:')) return undefined
    return queueOf(arn, inventory.of('AWS::SQS::Queue')) === undefined
      ? 'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue.'
      : undefined
  },
}

const mayReceive: Rule = {
  source: queues,
  refuse: ({ properties }, world) => {
    const called = world.inventory.find(functionType, functionNamed(textAt(properties, 'FunctionName')))
    if (called === undefined || !textAt(properties, 'EventSourceArn').startsWith('arn:aws:sqs:')) return undefined
    const role = textAt(called.properties, 'Role')
    const missing = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].find(
      (action) => !allows(world, role, `sqs:${action}`),
    )
    return missing && `The provided execution role does not have permissions to call ${missing} on SQS`
  },
}

const batching: Rule = {
  source: mappings,
  refuse: ({ properties }) =>
    (numberAt(properties, 'BatchSize') ?? 10) > 10 && (numberAt(properties, 'MaximumBatchingWindowInSeconds') ?? 0) < 1
      ? 'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10'
      : undefined,
}

/** Network interfaces of Lambda stand in a subnet and a security group until the last function that uses them is gone. */
export const lambda: ServiceRules = {
  [functionType]: {
    name: 'FunctionName',
    replaces: ['FunctionName', 'PackageType', 'TenancyConfig'],
    valid: [
      shaped('FunctionName', /^[a-zA-Z0-9-_]{1,64}$/, creation),
      memory,
      between('Timeout', 1, 900, limits),
      environment,
      variableNames,
      codeExists,
      unreserved,
      logGroupExists,
      mayJoinNetwork,
    ],
  },
  'AWS::Lambda::EventSourceMapping': {
    replaces: ['EventSourceArn', 'SelfManagedEventSource', 'StartingPosition', 'StartingPositionTimestamp'],
    create: [
      oneOfAKind(
        ['EventSourceArn', 'FunctionName'],
        ({ properties }) =>
          `An event source mapping with SQS arn ("${textAt(properties, 'EventSourceArn')}") and function ("${textAt(properties, 'FunctionName')}") already exists.`,
        mappings,
      ),
    ],
    valid: [
      functionExists('FunctionName'),
      queueExists,
      mayReceive,
      visibleLongEnough,
      between('BatchSize', 1, 10_000, mappings),
      between('MaximumBatchingWindowInSeconds', 0, 300, mappings),
      between('ScalingConfig.MaximumConcurrency', 2, 1_000, scaling),
      batching,
    ],
  },
  'AWS::Lambda::Permission': {
    replaces: [
      'Action',
      'EventSourceToken',
      'FunctionName',
      'FunctionUrlAuthType',
      'InvokedViaFunctionUrl',
      'Principal',
      'PrincipalOrgID',
      'SourceAccount',
      'SourceArn',
    ],
    create: [functionExists('FunctionName')],
  },
  'AWS::Lambda::Url': {
    replaces: ['Qualifier', 'TargetFunctionArn'],
    create: [
      functionExists('TargetFunctionArn'),
      oneOfAKind(['TargetFunctionArn', 'Qualifier'], () => 'FunctionUrlConfig exists for this Lambda function', creation),
    ],
  },
  'AWS::Lambda::EventInvokeConfig': {
    replaces: ['FunctionName', 'Qualifier'],
    create: [
      functionExists('FunctionName'),
      oneOfAKind(['FunctionName', 'Qualifier'], () => 'The function already has an event invoke config', mappings),
    ],
    valid: [between('MaximumRetryAttempts', 0, 2, mappings), between('MaximumEventAgeInSeconds', 60, 21_600, mappings)],
  },
  [aliasType]: {
    name: 'Name',
    nameWithin: 'FunctionName',
    replaces: ['FunctionName', 'Name'],
    valid: [functionExists('FunctionName'), versionExists],
  },
  [versionType]: {
    create: [functionExists('FunctionName'), differsFromLastVersion],
    remove: [noAliasPoints],
    replaces: ['CodeSha256', 'Description', 'FunctionName', 'ProvisionedConcurrencyConfig', 'RuntimePolicy'],
  },
}
