import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import { audit } from '../../../src/operations/audit/audit.ts'
import { type LiveOptions, readLive } from '../../../src/operations/audit/sources/live.ts'
import { hasNoHost } from '../../../src/operations/audit/sources/resources/region.ts'
import { elementsOf, readXml, textIn } from '../../../src/operations/audit/sources/resources/xml.ts'
import { readPolicyFor } from '../../../src/operations/audit/sources/rights.ts'
import { savedText } from '../../../src/operations/audit/sources/saved.ts'
import { readPolicy } from '../../../src/operations/policy/document.ts'
import { decide } from '../../../src/operations/policy/evaluate.ts'
import type { Sent } from '../../support/aws-server.ts'
import { account, accountOf, allow, now, role, roleArn, service, userArn } from './build.ts'
import { type Answer, fields, iamServer, members, roleXml } from './iam-server.ts'

const region = 'ap-northeast-2'
const arn = (of: string, resource: string): string => `arn:aws:${of}:${region}:${account}:${resource}`
const roles = [
  ['top', 'lambda', false],
  ['machine', 'ec2', true],
  ['tasks', 'ecs-tasks', false],
  ['steps', 'states', false],
  ['data', 'glue', false],
  ['builds', 'codebuild', false],
] as const
const climber = fields({
  Arn: userArn('climber'),
  UserName: 'climber',
  UserId: 'AIDA1',
  Path: '/',
  CreateDate: '2026-01-01T00:00:00Z',
  UserPolicyList: members(
    fields({
      PolicyName: 'p',
      PolicyDocument: encodeURIComponent(
        JSON.stringify({ Version: '2012-10-17', Statement: [allow('lambda:UpdateFunctionCode')] }),
      ),
    }),
  ),
})

const iam: Readonly<Record<string, Answer>> = {
  GetAccountAuthorizationDetails: `<IsTruncated>false</IsTruncated><UserDetailList>${members(climber)}</UserDetailList><RoleDetailList>${members(
    ...roles.map(([name, of, profile]) => roleXml(name, of, '*', profile)),
  )}</RoleDetailList>`,
  GenerateCredentialReport: '<State>COMPLETE</State>',
  GetCredentialReport: { error: 'ReportNotPresent', status: 404 },
  GetAccountPasswordPolicy: { error: 'NoSuchEntity', status: 404 },
}

/** One resource of each kind; lists that have pages come in two. */
const resources: Readonly<Record<string, Answer>> = {
  DescribeStacks: `<Stacks>${members(fields({ StackId: arn('cloudformation', 'stack/s/1'), StackName: 's', RoleARN: roleArn('top'), CreationTime: '2026-01-01T00:00:00Z', StackStatus: 'CREATE_COMPLETE' }))}</Stacks>`,
  ListStackSets: `<Summaries>${members(fields({ StackSetId: 'set:1', StackSetName: 'set' }))}</Summaries>`,
  DescribeInstances: ({ parameters }) =>
    parameters.has('NextToken')
      ? `<reservationSet><item><instancesSet><item><instanceId>i-2</instanceId><instanceState><name>running</name></instanceState><iamInstanceProfile><arn>arn:aws:iam::${account}:instance-profile/machine-profile</arn></iamInstanceProfile></item></instancesSet></item></reservationSet>`
      : '<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceState><name>terminated</name></instanceState><iamInstanceProfile><arn>x</arn></iamInstanceProfile></item></instancesSet></item></reservationSet><nextToken>more</nextToken>',
  DescribeInstanceInformation: { InstanceInformationList: [{ InstanceId: 'i-2', PingStatus: 'Online' }] },
  'ecs:ListClusters': { clusterArns: [arn('ecs', 'cluster/c')] },
  DescribeClusters: {
    clusters: [{ clusterArn: arn('ecs', 'cluster/c'), registeredContainerInstancesCount: 1, runningTasksCount: 2 }],
  },
  ListTasks: { taskArns: [arn('ecs', 'task/c/1'), arn('ecs', 'task/c/2')] },
  DescribeTasks: {
    tasks: ['1', '2'].map((id) => ({
      taskArn: arn('ecs', `task/c/${id}`),
      taskDefinitionArn: arn('ecs', 'task-definition/f:1'),
      enableExecuteCommand: id === '1',
    })),
  },
  DescribeTaskDefinition: { taskDefinition: { taskRoleArn: roleArn('tasks') } },
  ListTaskDefinitionFamilies: { families: ['f'] },
  'elasticmapreduce:ListClusters': { Clusters: [{ Id: 'j-1' }] },
  DescribeCluster: { Cluster: { Ec2InstanceAttributes: { IamInstanceProfile: 'machine-profile' } } },
  ListStateMachines: ({ body }) =>
    JSON.parse(body).nextToken === undefined
      ? { stateMachines: [{ stateMachineArn: arn('states', 'stateMachine:m') }], nextToken: 'more' }
      : { stateMachines: [{ stateMachineArn: arn('states', 'stateMachine:n') }] },
  DescribeStateMachine: { roleArn: roleArn('steps') },
  ListProjects: { projects: ['p'] },
  BatchGetProjects: {
    projects: [
      {
        arn: arn('codebuild', 'project/p'),
        serviceRole: roleArn('builds'),
        environment: { environmentVariables: [{ name: 'TOKEN', value: 'hunter2' }] },
      },
    ],
  },
  GetDevEndpoints: { DevEndpoints: [{ EndpointName: 'd', RoleArn: roleArn('data') }] },
  GetJobs: { Jobs: [{ Name: 'j', Role: 'data' }] },
  ListSessions: { Sessions: [{ Id: 's', Role: roleArn('data'), Status: 'READY' }] },
  ListNotebookInstances: {
    NotebookInstances: [{ NotebookInstanceName: 'n', NotebookInstanceArn: arn('sagemaker', 'notebook-instance/n') }],
  },
  DescribeNotebookInstance: { RoleArn: roleArn('data') },
  ListServices: { ServiceSummaryList: [{ ServiceArn: arn('apprunner', 'service/s/1') }] },
  DescribeService: { Service: { InstanceConfiguration: { InstanceRoleArn: roleArn('tasks') } } },
  ListIdentityPools: { IdentityPools: [{ IdentityPoolId: 'pool' }] },
}
const functionArn = arn('lambda', 'function:f')
const functions = ({ url }: Sent): object =>
  url.pathname.includes('event-source-mappings')
    ? { EventSourceMappings: [{ FunctionArn: functionArn, State: 'Enabled' }] }
    : { Functions: [{ FunctionArn: functionArn, Role: roleArn('top'), Environment: { Variables: { TOKEN: 'hunter2' } } }] }

afterEach(() => vi.unstubAllEnvs())

async function read(
  answers: Readonly<Record<string, Answer>> = resources,
  { lambda = functions, ...options }: Partial<LiveOptions> & { lambda?: (sent: Sent) => object } = {},
) {
  const called: string[] = []
  const server = await iamServer({ ...iam, ...answers }, (sent) => {
    called.push(`lambda:${sent.url.pathname.includes('event-source-mappings') ? 'ListEventSourceMappings' : 'ListFunctions'}`)
    return lambda(sent)
  })
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value)
  const place = { region, profile: undefined }
  const found = await readLive(place, { resources: true, regions: [], ...options }, () => undefined, now)
  const actions = new Set([...called, ...server.asked.map(({ service: of, action }) => `${of}:${action}`)])
  const { principals } = await audit(found.account, now)
  const escalation = principals.find(({ arn: of }) => of === userArn('climber'))?.escalation
  // GetCredentialReport is answered with an error, which is a line of its own.
  const missing = found.account.missing.filter((line) => !line.startsWith('the credential report'))
  return { ...found, ...found.account.facts, missing, actions, asked: server.asked, escalation }
}

const denied = (action: string): Answer => ({
  error: 'AccessDeniedException',
  message: `User: arn:aws:iam::${account}:user/x is not authorized to perform: ${action} on resource: * because no identity-based policy allows the ${action} action`,
})

describe('resources of other services', () => {
  test('are read with their roles, over pages, and complete', async () => {
    const { workloads = [], workloadKinds = [], missing, escalation } = await read()
    expect(missing).toEqual([])
    const seen = workloads.map(
      ({ kind, arn: of, role: has }) => `${kind} ${of.split(':').slice(5).join(':')} ${has?.split('/').at(-1) ?? '-'}`,
    )
    expect(seen.toSorted()).toEqual([
      'app-runner-service service/s/1 tasks',
      'cluster cluster/c -',
      'container-instance cluster/c -',
      'dev-endpoint devEndpoint/d data',
      'emr-cluster cluster/j-1 machine',
      'exec-task task/c/1 tasks',
      'function function:f top',
      'glue-job job/j data',
      'glue-session session/s data',
      'identity-pool identitypool/pool -',
      'instance instance/i-2 machine',
      'managed-instance instance/i-2 -',
      'notebook notebook-instance/n data',
      'project project/p builds',
      'stack stack/s/1 top',
      'stack-set stackset/set:1 -',
      'state-machine stateMachine:m steps',
      'state-machine stateMachine:n steps',
      'task-definition task-definition/f -',
      'triggered-function function:f -',
    ])
    expect(workloadKinds).toHaveLength(19)
    // A queue invokes the function, so its new code runs.
    expect(escalation).toMatchObject({ verdict: 'proven', paths: [{ ids: ['lambda-003'], conditions: [] }] })
  })
  test('give a verdict without a condition where none has the role', async () => {
    expect((await read(resources, { lambda: () => ({}) })).escalation?.verdict).toBe('none')
  })
  test('stay conditional if they were left out, or in a region that was', async () => {
    const without = await read(resources, { resources: false })
    expect(without).toMatchObject({ workloads: undefined, regions: undefined, escalation: { verdict: 'conditional' } })
    expect([...without.actions].filter((action) => !action.startsWith('iam:'))).toEqual([])
    const two = `<regionInfo>${['ap-northeast-2', 'us-east-1'].map((name) => `<item><regionName>${name}</regionName></item>`).join('')}</regionInfo>`
    const partly = await read({ ...resources, DescribeRegions: two }, { regions: [region], lambda: () => ({}) })
    expect(partly).toMatchObject({ regions: { leftOut: ['us-east-1'] }, missing: [], escalation: { verdict: 'conditional' } })
  })
  test('nothing but ARN, kind and role is kept: the answers also hold secrets', async () => {
    const { details, account: found } = await read()
    expect(savedText(details, found.facts, [])).not.toContain('hunter2')
  })
})

describe('what cannot be read', () => {
  test('a denied service is named once for all regions, and its paths stay conditional', async () => {
    const three = `<regionInfo>${['a-1', 'b-1', 'c-1'].map((name) => `<item><regionName>${name}</regionName></item>`).join('')}<item><regionName>d-1</regionName><optInStatus>not-opted-in</optInStatus></item></regionInfo>`
    const { missing, workloadKinds, regions, escalation } = await read(
      { ...resources, DescribeRegions: three, GetJobs: denied('glue:GetJobs'), ListTasks: denied('ecs:ListTasks') },
      { lambda: () => ({}) },
    )
    expect(missing.toSorted()).toEqual([
      'ECS clusters and tasks in 3 regions (a-1, b-1, c-1) (ecs:ListClusters): You lack the right ecs:ListTasks on *.',
      'Glue jobs in 3 regions (a-1, b-1, c-1) (glue:GetJobs): You lack the right glue:GetJobs on *.',
    ])
    expect(regions).toEqual({ read: ['a-1', 'b-1', 'c-1'], notEnabled: ['d-1'], leftOut: [] })
    expect(workloadKinds).not.toContain('glue-job')
    expect(workloadKinds).not.toContain('exec-task')
    expect(workloadKinds).toContain('state-machine')
    expect(escalation?.verdict).toBe('none')
  })
  test('credentials that a region does not accept do not end the run', async () => {
    const { missing, workloads } = await read({ ...resources, GetJobs: { error: 'UnrecognizedClientException' } })
    expect(missing).toEqual([expect.stringMatching(/^Glue jobs in ap-northeast-2 .*does not accept these credentials/)])
    expect(workloads).toHaveLength(19)
  })
  test('without the list of regions, one is read, and nothing is complete', async () => {
    const { missing, regions, workloadKinds } = await read({ ...resources, DescribeRegions: denied('ec2:DescribeRegions') })
    expect(missing).toEqual([
      expect.stringMatching(/^the list of regions \(ec2:DescribeRegions\): .*Only ap-northeast-2 was read/),
    ])
    expect(regions?.read).toEqual([region])
    expect(workloadKinds).toEqual([])
  })
  test('a call that is throttled is made again', async () => {
    let times = 0
    const { missing, workloads } = await read({
      ...resources,
      GetJobs: () =>
        times++ === 0 ? { error: 'ThrottlingException', message: 'Rate exceeded' } : { Jobs: [{ Name: 'j', Role: 'data' }] },
    })
    expect({ missing, times, jobs: workloads?.filter(({ kind }) => kind === 'glue-job').length }).toEqual({
      missing: [],
      times: 2,
      jobs: 1,
    })
  })
  test('a run ends at its limits, says so, and keeps what it read', async () => {
    const { missing, workloads, workloadKinds, asked } = await read(
      { ...resources, ListStateMachines: { stateMachines: [{ stateMachineArn: 'm' }], nextToken: 'for ever' } },
      { limits: { calls: 60, resources: 1_000, milliseconds: 60_000 } },
    )
    expect(missing).toContainEqual(
      'state machines in ap-northeast-2 (states:ListStateMachines): the run made more than 60 calls.',
    )
    expect(asked.filter(({ service: of }) => of !== 'iam').length).toBeLessThanOrEqual(60)
    expect(workloads?.some(({ kind }) => kind === 'state-machine')).toBe(true)
    expect(workloadKinds).not.toContain('state-machine')
  })
  test('a service that a region does not have is not one that failed', () => {
    const cause = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
    expect(hasNoHost(new Problem('aws-unavailable', 'x', { cause }))).toBe(true)
    expect(hasNoHost(new Problem('aws-unavailable', 'x', { cause: Object.assign(new Error('x'), { code: 'EAI_AGAIN' }) }))).toBe(
      false,
    )
  })
})

describe('the policy that a live run needs', () => {
  const document = readPolicyFor(true)
  test('is the one that is shipped', () => {
    const path = new URL('../../../templates/policies/audit.json', import.meta.url)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(document)
  })
  test('allows every call that a run makes, and names no action that it does not make', async () => {
    const { actions } = await read()
    const identity = [readPolicy({ name: 'audit', document })]
    const subject = { identity, boundary: undefined, scps: [], context: new Map() }
    const refused = [...actions].filter((action) => decide(subject, { action, resource: '*' }).verdict !== 'allowed')
    expect(refused).toEqual([])
    expect([...actions].toSorted()).toEqual(document.Statement.flatMap(({ Action }) => Action).toSorted())
    expect(decide(subject, { action: 'lambda:GetFunction', resource: '*' }).verdict).toBe('denied')
  })
  test('has no finding of the audit itself, and is shorter without resources', async () => {
    const auditor = role('auditor', service('ec2'), [])
    const inline = { ...auditor, RolePolicyList: [{ PolicyName: 'audit', PolicyDocument: document }] }
    const { findings } = await audit(accountOf(inline), now)
    expect(
      findings.filter(({ rule }) => !/^(?:inline-policy|unused-role|no-)|support|audit-role/.test(rule)).map(({ rule }) => rule),
    ).toEqual([])
    expect(readPolicyFor(false).Statement).toHaveLength(1)
  })
})

describe('XML', () => {
  test('entities, empty elements and answers that are cut off are read', () => {
    const found = readXml('<?xml version="1.0"?><a x="1"><b>1 &lt; 2 &#x26; 3</b><c/><d><b>2</b>')
    expect(elementsOf(found, 'b').map(({ text }) => text)).toEqual(['1 < 2 & 3', '2'])
    expect(textIn(found, 'nothing')).toBe('')
  })
})
