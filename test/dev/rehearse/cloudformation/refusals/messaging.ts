import { allowing, type RefusalCase } from './refusal-case.ts'

const queue = 'AWS::SQS::Queue'
const mapping = 'AWS::Lambda::EventSourceMapping'
const fn = 'AWS::Lambda::Function'
const arn = (name: string) => `arn:aws:sqs:ap-northeast-2:123456789012:${name}`
const url = (name: string) => `https://sqs.ap-northeast-2.amazonaws.com/123456789012/${name}`
const receives = allowing('sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes')
const role = 'arn:aws:iam::123456789012:role/worker'
const worker = [
  ['AWS::IAM::Role', 'worker', { Policies: [{ PolicyDocument: receives }] }],
  [fn, 'worker', { Timeout: 60, Role: role }],
  [queue, url('a'), { VisibilityTimeout: 180 }],
] as const
const mapped = { FunctionName: 'worker', EventSourceArn: arn('a') }
const code = { facts: { objects: new Map([['code', new Set(['a.zip'])]]) }, existing: [['AWS::S3::Bucket', 'code']] } as const
const valid = { Code: { S3Bucket: 'code', S3Key: 'a.zip' } }

export const messaging: readonly RefusalCase[] = [
  { what: 'a queue whose name was deleted 59 seconds ago', type: queue, deletedMsAgo: 59_000, says: /wait 60 seconds/ },
  { what: 'a queue with a name that is too long', type: queue, properties: { QueueName: 'a'.repeat(81) }, says: /QueueName/ },
  {
    what: 'a FIFO queue without its suffix',
    type: queue,
    properties: { QueueName: 'a', FifoQueue: true },
    says: /\.fifo suffix/,
  },
  { what: 'a delay of an hour', type: queue, properties: { DelaySeconds: 3_600 }, says: /DelaySeconds.*between 0 and 900/ },
  { what: 'fifteen days of messages', type: queue, properties: { MessageRetentionPeriod: 1_296_000 }, says: /1209600/ },
  { what: 'messages of 2 MB', type: queue, properties: { MaximumMessageSize: 2_097_152 }, says: /MaximumMessageSize/ },
  { what: 'polls of a minute', type: queue, properties: { ReceiveMessageWaitTimeSeconds: 60 }, says: /between 0 and 20/ },
  { what: 'invisible for a day', type: queue, properties: { VisibilityTimeout: 86_400 }, says: /43200/ },
  {
    what: 'a queue that receives more than 1,000 times',
    type: queue,
    properties: { RedrivePolicy: { deadLetterTargetArn: arn('dlq'), maxReceiveCount: 1_001 } },
    existing: [[queue, url('dlq')]],
    says: /maxReceiveCount/,
  },
  {
    what: 'dead letters in a queue that does not exist',
    type: queue,
    properties: { RedrivePolicy: { deadLetterTargetArn: arn('dlq'), maxReceiveCount: 5 } },
    says: /Dead letter target does not exist/,
  },
  {
    what: 'dead letters of a FIFO queue in a standard one',
    type: queue,
    properties: { QueueName: 'a.fifo', FifoQueue: true, RedrivePolicy: { deadLetterTargetArn: arn('dlq'), maxReceiveCount: 5 } },
    existing: [[queue, url('dlq')]],
    says: /same type of queue/,
  },
  {
    what: 'a function with too much memory for a fresh account',
    type: fn,
    properties: { ...valid, MemorySize: 4_096 },
    ...code,
    says: /3008/,
  },
  {
    what: 'a function that runs for 20 minutes',
    type: fn,
    properties: { ...valid, Timeout: 1_200 },
    ...code,
    says: /between 1 and 900/,
  },
  {
    what: 'a function with a name of 65 characters',
    type: fn,
    properties: { FunctionName: 'a'.repeat(65) },
    says: /FunctionName/,
  },
  {
    what: 'variables of more than 4 KB',
    type: fn,
    properties: { ...valid, Environment: { Variables: { A: 'a'.repeat(4_100) } } },
    ...code,
    says: /4KB/,
  },
  {
    what: 'a variable of Lambda',
    type: fn,
    properties: { ...valid, Environment: { Variables: { AWS_REGION: 'ap-northeast-2' } } },
    ...code,
    says: /reserved keys.*AWS_REGION/,
  },
  { what: 'code that was not uploaded', type: fn, properties: valid, existing: [['AWS::S3::Bucket', 'code']], says: /NoSuchKey/ },
  {
    what: 'a reservation in a fresh account, which has ten executions',
    type: fn,
    properties: { ...valid, ReservedConcurrentExecutions: 1 },
    ...code,
    says: /below its minimum value of \[10\]/,
  },
  {
    what: 'a log group with a name that is none',
    type: fn,
    properties: { ...valid, LoggingConfig: { LogGroup: 'a b' } },
    ...code,
    says: /logGroup/,
  },
  {
    what: 'a function in a network whose role cannot create interfaces',
    type: fn,
    properties: { ...valid, Role: role, VpcConfig: { SubnetIds: ['subnet-1'] } },
    facts: code.facts,
    existing: [...code.existing, ['AWS::IAM::Role', 'worker', { Policies: [{ PolicyDocument: receives }] }]],
    says: /CreateNetworkInterface/,
  },
  { what: 'a source for a function that does not exist', type: mapping, properties: mapped, says: /Function not found: worker/ },
  {
    what: 'a source that does not exist',
    type: mapping,
    properties: { ...mapped, EventSourceArn: arn('b') },
    existing: worker,
    says: /NonExistentQueue/,
  },
  {
    what: 'a queue that shows messages again before the function ends',
    type: mapping,
    properties: mapped,
    existing: [...worker.slice(0, 2), [queue, url('a'), { VisibilityTimeout: 30 }]],
    says: /visibility timeout: 30 seconds is less than Function timeout: 60 seconds/,
  },
  {
    what: 'a function whose role cannot receive',
    type: mapping,
    properties: mapped,
    existing: [['AWS::IAM::Role', 'worker', { Policies: [] }], ...worker.slice(1)],
    says: /ReceiveMessage on SQS/,
  },
  {
    what: 'a function whose boundary forbids to receive',
    type: mapping,
    properties: mapped,
    existing: [
      ['AWS::IAM::ManagedPolicy', 'boundary', { PolicyDocument: allowing('s3:*') }],
      ['AWS::IAM::Role', 'worker', { Policies: [{ PolicyDocument: receives }], PermissionsBoundary: 'boundary' }],
      ...worker.slice(1),
    ],
    says: /ReceiveMessage on SQS/,
  },
  {
    what: 'the same source twice',
    type: mapping,
    properties: mapped,
    existing: [...worker, [mapping, 'other', mapped]],
    says: /already exists/,
  },
  {
    what: 'one function at a time',
    type: mapping,
    properties: { ...mapped, ScalingConfig: { MaximumConcurrency: 1 } },
    existing: worker,
    says: /between 2 and 1000/,
  },
  { what: 'a batch of 20,000', type: mapping, properties: { ...mapped, BatchSize: 20_000 }, existing: worker, says: /BatchSize/ },
  {
    what: 'a batch of 50 without a window',
    type: mapping,
    properties: { ...mapped, BatchSize: 50 },
    existing: worker,
    says: /batch window/,
  },
  {
    what: 'a window of ten minutes',
    type: mapping,
    properties: { ...mapped, MaximumBatchingWindowInSeconds: 600 },
    existing: worker,
    says: /MaximumBatchingWindowInSeconds/,
  },
  {
    what: 'a permission for no function',
    type: 'AWS::Lambda::Permission',
    properties: { FunctionName: 'gone' },
    says: /Function not found/,
  },
  {
    what: 'a URL of no function',
    type: 'AWS::Lambda::Url',
    properties: { TargetFunctionArn: 'gone' },
    says: /Function not found/,
  },
  {
    what: 'a second URL',
    type: 'AWS::Lambda::Url',
    properties: { TargetFunctionArn: 'worker' },
    existing: [...worker, ['AWS::Lambda::Url', 'other', { TargetFunctionArn: 'worker' }]],
    says: /FunctionUrlConfig exists/,
  },
  {
    what: 'retries of no function',
    type: 'AWS::Lambda::EventInvokeConfig',
    properties: { FunctionName: 'gone' },
    says: /Function not found/,
  },
  {
    what: 'retries that are set twice',
    type: 'AWS::Lambda::EventInvokeConfig',
    properties: { FunctionName: 'worker', Qualifier: '$LATEST' },
    existing: [...worker, ['AWS::Lambda::EventInvokeConfig', 'other', { FunctionName: 'worker', Qualifier: '$LATEST' }]],
    says: /already has/,
  },
  {
    what: 'three retries',
    type: 'AWS::Lambda::EventInvokeConfig',
    properties: { MaximumRetryAttempts: 3 },
    says: /between 0 and 2/,
  },
  {
    what: 'events of a day',
    type: 'AWS::Lambda::EventInvokeConfig',
    properties: { MaximumEventAgeInSeconds: 86_400 },
    says: /21600/,
  },
  { what: 'a custom resource without a function', type: 'Custom::Thing', properties: {}, says: /ServiceToken/ },
  {
    what: 'a custom resource whose function does not exist',
    type: 'Custom::Thing',
    properties: { ServiceToken: 'arn:aws:lambda:ap-northeast-2:123456789012:function:gone' },
    says: /did not receive a response/,
  },
  {
    what: 'a custom resource whose function went before it',
    type: 'Custom::Thing',
    when: 'deleted',
    properties: { ServiceToken: 'arn:aws:lambda:ap-northeast-2:123456789012:function:gone' },
    says: /did not receive a response/,
  },
  {
    what: 'a custom resource that may take a day',
    type: 'Custom::Thing',
    properties: { ServiceToken: 'sns', ServiceTimeout: 86_400 },
    says: /3600/,
  },
  {
    what: 'another function for a custom resource',
    type: 'Custom::Thing',
    when: 'changed',
    before: { ServiceToken: 'one' },
    properties: { ServiceToken: 'two' },
    says: /Modifying service token is not allowed/,
  },
]
