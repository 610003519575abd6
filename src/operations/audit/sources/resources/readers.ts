import type { WorkloadKind } from '../../account/account.ts'
import { readCodeBuild, readGlueEndpoints, readGlueJobs, readGlueSessions, readNotebooks } from './build-and-data.ts'
import { readAppRunner, readExecTasks, readTaskDefinitions } from './containers.ts'
import { readFunctions, readStackSets, readStacks, readTriggers } from './functions-and-stacks.ts'
import { readClusters, readInstances, readManagedInstances } from './instances.ts'
import { readIdentityPools, readStateMachines } from './others.ts'
import type { RegionReader } from './region.ts'

/** Reads the resources of one kind in a region. A new kind is one entry. */
export interface ResourceReader {
  readonly kinds: readonly WorkloadKind[]
  /** As it is called in messages: "Lambda functions were not read". */
  readonly what: string
  /** The actions that it needs, in IAM's names; the first is the one that lists. */
  readonly actions: readonly [string, ...string[]]
  read(region: RegionReader): Promise<void>
}

export const resourceReaders: readonly ResourceReader[] = [
  { kinds: ['function'], what: 'Lambda functions', actions: ['lambda:ListFunctions'], read: readFunctions },
  {
    kinds: ['triggered-function'],
    what: 'event sources of Lambda functions',
    actions: ['lambda:ListEventSourceMappings'],
    read: readTriggers,
  },
  { kinds: ['stack'], what: 'CloudFormation stacks', actions: ['cloudformation:DescribeStacks'], read: readStacks },
  { kinds: ['stack-set'], what: 'CloudFormation stack sets', actions: ['cloudformation:ListStackSets'], read: readStackSets },
  {
    kinds: ['cluster', 'container-instance', 'exec-task'],
    what: 'ECS clusters and tasks',
    actions: ['ecs:ListClusters', 'ecs:DescribeClusters', 'ecs:ListTasks', 'ecs:DescribeTasks', 'ecs:DescribeTaskDefinition'],
    read: readExecTasks,
  },
  {
    kinds: ['task-definition'],
    what: 'ECS task definitions',
    actions: ['ecs:ListTaskDefinitionFamilies'],
    read: readTaskDefinitions,
  },
  { kinds: ['instance'], what: 'EC2 instances', actions: ['ec2:DescribeInstances'], read: readInstances },
  {
    kinds: ['managed-instance'],
    what: 'instances in Systems Manager',
    actions: ['ssm:DescribeInstanceInformation'],
    read: readManagedInstances,
  },
  {
    kinds: ['emr-cluster'],
    what: 'EMR clusters',
    actions: ['elasticmapreduce:ListClusters', 'elasticmapreduce:DescribeCluster'],
    read: readClusters,
  },
  {
    kinds: ['state-machine'],
    what: 'state machines',
    actions: ['states:ListStateMachines', 'states:DescribeStateMachine'],
    read: readStateMachines,
  },
  {
    kinds: ['project'],
    what: 'CodeBuild projects',
    actions: ['codebuild:ListProjects', 'codebuild:BatchGetProjects'],
    read: readCodeBuild,
  },
  { kinds: ['dev-endpoint'], what: 'Glue development endpoints', actions: ['glue:GetDevEndpoints'], read: readGlueEndpoints },
  { kinds: ['glue-job'], what: 'Glue jobs', actions: ['glue:GetJobs'], read: readGlueJobs },
  { kinds: ['glue-session'], what: 'Glue sessions', actions: ['glue:ListSessions'], read: readGlueSessions },
  {
    kinds: ['notebook'],
    what: 'SageMaker notebooks',
    actions: ['sagemaker:ListNotebookInstances', 'sagemaker:DescribeNotebookInstance'],
    read: readNotebooks,
  },
  {
    kinds: ['app-runner-service'],
    what: 'App Runner services',
    actions: ['apprunner:ListServices', 'apprunner:DescribeService'],
    read: readAppRunner,
  },
  {
    kinds: ['identity-pool'],
    what: 'Cognito identity pools',
    actions: ['cognito-identity:ListIdentityPools'],
    read: readIdentityPools,
  },
]
