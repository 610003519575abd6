import type { RefusalCase } from './refusal-case.ts'

const version = 'AWS::Lambda::Version'
const alias = 'AWS::Lambda::Alias'
const group = 'AWS::CodeDeploy::DeploymentGroup'
const service = 'AWS::ECS::Service'
const task = 'AWS::ECS::TaskDefinition'
const ofWorker = { FunctionName: 'worker' }
const settings = { MemorySize: 512, Code: { S3Key: 'a.zip' } }
const worker = ['AWS::Lambda::Function', 'worker', settings] as const
const seven = 'arn:aws:lambda:ap-northeast-2:123456789012:function:worker:7'
const role = 'arn:aws:iam::123456789012:role/releases'
const lambdaApplication = ['AWS::CodeDeploy::Application', 'releases', { ComputePlatform: 'Lambda' }] as const
const style = { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' }
const groupOf = (more: object) => ({ ApplicationName: 'releases', DeploymentStyle: style, ...more })
const alarms = (count: number) => Array.from({ length: count }, (_, at) => ({ Name: `alarm-${at}` }))
const taskWith = (id: string, digit: string) =>
  [task, id, { ContainerDefinitions: [{ Image: `gateway@sha256:${digit.repeat(64)}` }] }] as const
const watching = { DeploymentConfiguration: { Alarms: { Enable: true, Rollback: true, AlarmNames: ['faults'] } } }

export const releases: readonly RefusalCase[] = [
  { what: 'a version of no function', type: version, properties: ofWorker, says: /Function not found: worker/ },
  {
    what: 'a version of a function that is as its last version',
    type: version,
    properties: ofWorker,
    existing: [
      ['AWS::Lambda::Function', 'worker', { ...settings, ReservedConcurrentExecutions: 5 }],
      [version, seven, ofWorker, undefined, settings],
    ],
    says: /A version for this Lambda function exists \( 7 \)/,
  },
  {
    what: 'a version that an alias points to',
    type: version,
    when: 'deleted',
    id: seven,
    properties: ofWorker,
    existing: [[alias, 'live', { ...ofWorker, Name: 'live', FunctionVersion: '7' }]],
    says: /following aliases reference it: \[live\]/,
  },
  {
    what: 'an alias of no function',
    type: alias,
    properties: { ...ofWorker, FunctionVersion: '$LATEST' },
    says: /Function not found: worker$/,
  },
  {
    what: 'an alias that points to a version that is gone',
    type: alias,
    properties: { ...ofWorker, FunctionVersion: '8' },
    existing: [worker, [version, seven, ofWorker]],
    says: /Function not found: worker:8/,
  },
  {
    what: 'an event source of an alias that is gone',
    type: 'AWS::Lambda::EventSourceMapping',
    properties: { FunctionName: seven.replace(/7$/, 'live') },
    existing: [worker],
    says: /Function not found: .*:worker:live/,
  },
  { what: 'a deployment group of no application', type: group, properties: groupOf({}), says: /No application found/ },
  {
    what: 'a deployment group with an unknown configuration',
    type: group,
    properties: groupOf({ DeploymentConfigName: 'CodeDeployDefault.LambdaCanary20Percent5Minutes' }),
    existing: [lambdaApplication],
    says: /No Deployment Configuration found/,
  },
  {
    what: 'a deployment group that replaces functions in place',
    type: group,
    properties: groupOf({ DeploymentStyle: { DeploymentType: 'IN_PLACE', DeploymentOption: 'WITHOUT_TRAFFIC_CONTROL' } }),
    existing: [lambdaApplication],
    says: /BLUE_GREEN/,
  },
  {
    what: 'a role that does not trust CodeDeploy',
    type: group,
    properties: groupOf({ ServiceRoleArn: role }),
    existing: [
      lambdaApplication,
      [
        'AWS::IAM::Role',
        'releases',
        { AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }] } },
      ],
    ],
    says: /permissions required to assume the role/,
  },
  {
    what: 'eleven alarms of a deployment group',
    type: group,
    properties: groupOf({ AlarmConfiguration: { Enabled: true, Alarms: alarms(11) } }),
    existing: [lambdaApplication],
    says: /at most 10 alarms/,
  },
  { what: 'a service with an alarm that is gone', type: service, properties: watching, says: /alarm faults does not exist/ },
  {
    what: 'a container whose failures raise an alarm',
    type: service,
    when: 'changed',
    before: { ...watching, TaskDefinition: 'task:1' },
    properties: { ...watching, TaskDefinition: 'task:2' },
    existing: [taskWith('task:1', '0'), taskWith('task:2', '1'), ['AWS::CloudWatch::Alarm', 'faults', {}]],
    facts: { faulty: new Set([`sha256:${'1'.repeat(64)}`]) },
    says: /alarm\(s\) detected/,
  },
]
