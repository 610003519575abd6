import type { WorkloadKind } from '../account/account.ts'

/**
 * Privilege escalation paths, with the IDs of the pathfinding.cloud catalogue (DataDog, Apache-2.0), with which a test compares
 * them. IDs that begin with `apigw-` are of services that the catalogue does not have. A new path is one entry.
 */

/** Passes a role to a new resource that runs the caller's code. */
export interface NewPassRolePath {
  readonly id: string
  /** The services that must be able to assume the role. */
  readonly services: readonly string[]
  /** The required actions in addition to `iam:PassRole`. */
  readonly actions: readonly string[]
  /** Whether the role must be in an instance profile, as for EC2. */
  readonly profile?: true
  /** A resource that must already exist. */
  readonly exists?: string
  /** Its kind, for those that a live run reads. */
  readonly kind?: WorkloadKind
  /** A further requirement that the audit cannot check. */
  readonly besides?: string
  /** The actions that are on that resource; none unless given. */
  readonly at?: readonly string[]
}

/** Takes control of an existing resource that uses the role. */
export interface ExistingPassRolePath {
  readonly id: string
  readonly services: readonly string[]
  readonly actions: readonly string[]
  readonly thing: string
  /** A further requirement. */
  readonly besides?: string
  /** The kind of a resource with the same ARN that shows that the requirement is met, such as a function that a queue invokes. */
  readonly met?: WorkloadKind
  /** The kind of resource, for those that a live run reads. */
  readonly kind?: WorkloadKind
  /** The actions that are on the resource; all of them unless given. */
  readonly at?: readonly string[]
  readonly profile?: true
}

const ec2 = ['ec2.amazonaws.com']
const lambda = ['lambda.amazonaws.com']
const ecs = ['ecs-tasks.amazonaws.com']
const glue = ['glue.amazonaws.com']
const codebuild = ['codebuild.amazonaws.com']
const cloudformation = ['cloudformation.amazonaws.com']
const sagemaker = ['sagemaker.amazonaws.com']
const apprunner = ['tasks.apprunner.amazonaws.com']
const agentcore = ['bedrock-agentcore.amazonaws.com']
const states = ['states.amazonaws.com']
const cluster = 'an ECS cluster'

/** Services that a role trusts as identity providers, and not as services. */
export const webIdentities = { cognito: 'cognito-identity.amazonaws.com' } as const

export const newPassRolePaths: readonly NewPassRolePath[] = [
  { id: 'lambda-001', services: lambda, actions: ['lambda:CreateFunction', 'lambda:InvokeFunction'] },
  { id: 'lambda-006', services: lambda, actions: ['lambda:CreateFunction', 'lambda:AddPermission'] },
  {
    id: 'lambda-002',
    services: lambda,
    actions: ['lambda:CreateFunction', 'lambda:CreateEventSourceMapping'],
    exists: 'a stream or queue that the role can read',
  },
  { id: 'ec2-001', services: ec2, actions: ['ec2:RunInstances'], profile: true },
  { id: 'ec2-003', services: ec2, actions: ['ec2:RequestSpotInstances'], profile: true },
  { id: 'cloudformation-001', services: cloudformation, actions: ['cloudformation:CreateStack'] },
  {
    id: 'cloudformation-003',
    services: cloudformation,
    actions: ['cloudformation:CreateStackSet', 'cloudformation:CreateStackInstances'],
  },
  {
    id: 'cloudformation-004',
    services: cloudformation,
    actions: ['cloudformation:UpdateStackSet'],
    exists: 'a stack set',
    kind: 'stack-set',
  },
  { id: 'codebuild-001', services: codebuild, actions: ['codebuild:CreateProject', 'codebuild:StartBuild'] },
  { id: 'codebuild-004', services: codebuild, actions: ['codebuild:CreateProject', 'codebuild:StartBuildBatch'] },
  { id: 'ecs-001', services: ecs, actions: ['ecs:CreateCluster', 'ecs:RegisterTaskDefinition', 'ecs:CreateService'] },
  { id: 'ecs-002', services: ecs, actions: ['ecs:CreateCluster', 'ecs:RegisterTaskDefinition', 'ecs:RunTask'] },
  {
    id: 'ecs-003',
    services: ecs,
    actions: ['ecs:RegisterTaskDefinition', 'ecs:CreateService'],
    exists: cluster,
    kind: 'cluster',
  },
  { id: 'ecs-004', services: ecs, actions: ['ecs:RegisterTaskDefinition', 'ecs:RunTask'], exists: cluster, kind: 'cluster' },
  {
    id: 'ecs-005',
    services: ecs,
    actions: ['ecs:RegisterTaskDefinition', 'ecs:StartTask'],
    exists: 'an ECS cluster with an EC2 instance',
    kind: 'container-instance',
  },
  { id: 'glue-001', services: glue, actions: ['glue:CreateDevEndpoint'] },
  { id: 'glue-003', services: glue, actions: ['glue:CreateJob', 'glue:StartJobRun'] },
  { id: 'glue-004', services: glue, actions: ['glue:CreateJob', 'glue:CreateTrigger'] },
  {
    id: 'glue-005',
    services: glue,
    actions: ['glue:UpdateJob', 'glue:StartJobRun'],
    exists: 'a Glue job',
    kind: 'glue-job',
    at: ['glue:UpdateJob', 'glue:StartJobRun'],
  },
  {
    id: 'glue-006',
    services: glue,
    actions: ['glue:UpdateJob', 'glue:CreateTrigger'],
    exists: 'a Glue job',
    kind: 'glue-job',
    at: ['glue:UpdateJob'],
  },
  { id: 'sagemaker-001', services: sagemaker, actions: ['sagemaker:CreateNotebookInstance'] },
  { id: 'sagemaker-002', services: sagemaker, actions: ['sagemaker:CreateTrainingJob'] },
  { id: 'sagemaker-003', services: sagemaker, actions: ['sagemaker:CreateProcessingJob'] },
  { id: 'apprunner-001', services: apprunner, actions: ['apprunner:CreateService'] },
  {
    id: 'bedrock-001',
    services: agentcore,
    actions: [
      'bedrock-agentcore:CreateCodeInterpreter',
      'bedrock-agentcore:StartCodeInterpreterSession',
      'bedrock-agentcore:InvokeCodeInterpreter',
    ],
  },
  {
    id: 'datapipeline-001',
    services: ['datapipeline.amazonaws.com', 'elasticmapreduce.amazonaws.com'],
    actions: ['datapipeline:CreatePipeline', 'datapipeline:PutPipelineDefinition', 'datapipeline:ActivatePipeline'],
  },
  { id: 'apigw-stepfunctions-create', services: states, actions: ['states:CreateStateMachine', 'states:StartExecution'] },
  {
    id: 'apigw-stepfunctions-update',
    services: states,
    actions: ['states:UpdateStateMachine', 'states:StartExecution'],
    exists: 'a state machine',
    kind: 'state-machine',
    at: ['states:UpdateStateMachine', 'states:StartExecution'],
  },
  { id: 'apigw-scheduler-create', services: ['scheduler.amazonaws.com'], actions: ['scheduler:CreateSchedule'] },
  {
    id: 'apigw-scheduler-update',
    services: ['scheduler.amazonaws.com'],
    actions: ['scheduler:UpdateSchedule'],
    exists: 'a schedule',
  },
  {
    id: 'apigw-batch-submit',
    services: ecs,
    actions: ['batch:RegisterJobDefinition', 'batch:SubmitJob'],
    exists: 'a queue for jobs of AWS Batch',
  },
  {
    id: 'apigw-ssm-automation',
    services: ['ssm.amazonaws.com'],
    actions: ['ssm:CreateDocument', 'ssm:StartAutomationExecution'],
  },
  // The document AWS-RunInstances and others of AWS call an API with the role that is passed.
  {
    id: 'apigw-ssm-automation-owned',
    services: ['ssm.amazonaws.com'],
    actions: ['ssm:StartAutomationExecution'],
    exists: 'a document that runs the wanted call',
  },
  {
    id: 'apigw-rolesanywhere',
    services: ['rolesanywhere.amazonaws.com'],
    actions: ['rolesanywhere:CreateTrustAnchor', 'rolesanywhere:CreateProfile'],
  },
  {
    id: 'apigw-rolesanywhere-anchored',
    services: ['rolesanywhere.amazonaws.com'],
    actions: ['rolesanywhere:CreateProfile'],
    exists: 'a trust anchor whose certificates the caller can get',
  },
  { id: 'apigw-emr', services: ec2, actions: ['elasticmapreduce:RunJobFlow'], profile: true },
  {
    id: 'apigw-emr-serverless',
    services: ['emr-serverless.amazonaws.com'],
    actions: ['emr-serverless:CreateApplication', 'emr-serverless:StartJobRun'],
  },
  {
    id: 'apigw-emr-serverless-application',
    services: ['emr-serverless.amazonaws.com'],
    actions: ['emr-serverless:StartJobRun'],
    exists: 'an application of EMR Serverless',
  },
  {
    id: 'apigw-imagebuilder',
    services: ec2,
    actions: [
      'imagebuilder:CreateComponent',
      'imagebuilder:CreateImageRecipe',
      'imagebuilder:CreateInfrastructureConfiguration',
      'imagebuilder:CreateImage',
    ],
    profile: true,
  },
  {
    id: 'apigw-autoscaling-launch-configuration',
    services: ec2,
    actions: ['autoscaling:CreateLaunchConfiguration', 'autoscaling:CreateAutoScalingGroup'],
    profile: true,
  },
  {
    id: 'apigw-autoscaling-launch-template',
    services: ec2,
    actions: ['ec2:CreateLaunchTemplate', 'autoscaling:CreateAutoScalingGroup'],
    profile: true,
  },
  {
    id: 'apigw-ec2-profile',
    services: ec2,
    actions: ['ec2:AssociateIamInstanceProfile'],
    exists: 'an EC2 instance that the caller controls',
    profile: true,
  },
  { id: 'apigw-ec2-fleet', services: ec2, actions: ['ec2:CreateLaunchTemplate', 'ec2:CreateFleet'], profile: true },
  { id: 'apigw-glue-session', services: glue, actions: ['glue:CreateSession', 'glue:RunStatement'] },
  {
    id: 'apigw-ecs-override',
    services: ecs,
    actions: ['ecs:RunTask'],
    exists: 'a task definition whose roles RunTask can override',
    kind: 'task-definition',
  },
  {
    id: 'apigw-agentcore-runtime',
    services: agentcore,
    actions: ['bedrock-agentcore:CreateAgentRuntime', 'bedrock-agentcore:InvokeAgentRuntime'],
  },
  {
    id: 'apigw-agentcore-browser',
    services: agentcore,
    actions: ['bedrock-agentcore:CreateBrowser', 'bedrock-agentcore:StartBrowserSession'],
  },
  {
    id: 'apigw-braket',
    services: ['braket.amazonaws.com'],
    actions: ['braket:CreateJob'],
  },
  {
    id: 'apigw-gamelift',
    services: ['gamelift.amazonaws.com'],
    actions: ['gamelift:CreateBuild', 'gamelift:CreateFleet'],
  },
  {
    id: 'apigw-omics',
    services: ['omics.amazonaws.com'],
    actions: ['omics:CreateWorkflow', 'omics:StartRun'],
  },
  {
    id: 'apigw-kinesisanalytics',
    services: ['kinesisanalytics.amazonaws.com'],
    actions: ['kinesisanalytics:CreateApplication', 'kinesisanalytics:StartApplication'],
  },
  {
    id: 'apigw-codedeploy',
    services: ['codedeploy.amazonaws.com'],
    actions: ['codedeploy:CreateDeploymentGroup', 'codedeploy:CreateDeployment'],
    exists: 'an application of CodeDeploy with instances',
  },
  // Anyone who gets an identity of the pool gets the role (https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html).
  {
    id: 'apigw-cognito-roles',
    services: [webIdentities.cognito],
    actions: ['cognito-identity:SetIdentityPoolRoles'],
    exists: 'an identity pool that the role trusts',
    kind: 'identity-pool',
    besides: 'the caller can get an identity of the pool',
  },
]

/** Gives administrator access by a service that is not IAM. What the audit cannot read is a condition. */
export interface GrantPath {
  readonly id: string
  readonly actions: readonly string[]
  /** What must be so. */
  readonly on: readonly string[]
  readonly words: string
}

const managesAccess = 'this account manages IAM Identity Center'
const signsIn = 'the caller can sign in with the permission set'
const provision = 'sso:ProvisionPermissionSet'

/**
 * A change of a permission set reaches the accounts when it is provisioned
 * (https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ProvisionPermissionSet.html).
 */
export const permissionSetPaths: readonly GrantPath[] = [
  {
    id: 'apigw-sso-inline',
    actions: ['sso:PutInlinePolicyToPermissionSet', provision],
    on: [managesAccess, signsIn],
    words: 'add an inline policy to a permission set',
  },
  {
    id: 'apigw-sso-managed',
    actions: ['sso:AttachManagedPolicyToPermissionSet', provision],
    on: [managesAccess, signsIn],
    words: 'attach a policy with administrator access to a permission set',
  },
  {
    id: 'apigw-sso-customer-managed',
    actions: ['sso:AttachCustomerManagedPolicyReferenceToPermissionSet', provision],
    on: [managesAccess, signsIn, 'a policy of the account grants administrator access'],
    words: 'refer to a policy with administrator access in a permission set',
  },
  {
    id: 'apigw-sso-assignment',
    actions: ['sso:CreateAccountAssignment'],
    on: [managesAccess, 'a permission set grants administrator access', 'the caller can sign in as its user'],
    words: 'assign a permission set with administrator access to a user',
  },
  {
    id: 'apigw-sso-new',
    actions: ['sso:CreatePermissionSet', 'sso:AttachManagedPolicyToPermissionSet', 'sso:CreateAccountAssignment'],
    on: [managesAccess, 'the caller can sign in as its user'],
    words: 'make a permission set with administrator access, and assign it to a user',
  },
]

export const existingPassRolePaths: readonly ExistingPassRolePath[] = [
  {
    id: 'lambda-004',
    services: lambda,
    actions: ['lambda:UpdateFunctionCode', 'lambda:InvokeFunction'],
    thing: 'a Lambda function',
    kind: 'function',
  },
  {
    id: 'lambda-005',
    services: lambda,
    actions: ['lambda:UpdateFunctionCode', 'lambda:AddPermission'],
    thing: 'a Lambda function',
    kind: 'function',
  },
  {
    id: 'lambda-003',
    services: lambda,
    actions: ['lambda:UpdateFunctionCode'],
    thing: 'a Lambda function',
    besides: 'the function is invoked',
    met: 'triggered-function',
    kind: 'function',
  },
  {
    id: 'cloudformation-002',
    services: cloudformation,
    actions: ['cloudformation:UpdateStack'],
    thing: 'a CloudFormation stack',
    kind: 'stack',
  },
  {
    id: 'cloudformation-005',
    services: cloudformation,
    actions: ['cloudformation:CreateChangeSet', 'cloudformation:ExecuteChangeSet'],
    thing: 'a CloudFormation stack',
    kind: 'stack',
  },
  { id: 'codebuild-002', services: codebuild, actions: ['codebuild:StartBuild'], thing: 'a CodeBuild project', kind: 'project' },
  {
    id: 'codebuild-003',
    services: codebuild,
    actions: ['codebuild:StartBuildBatch'],
    thing: 'a CodeBuild project',
    kind: 'project',
  },
  {
    id: 'glue-002',
    services: glue,
    actions: ['glue:UpdateDevEndpoint'],
    thing: 'a Glue development endpoint',
    kind: 'dev-endpoint',
  },
  {
    id: 'apprunner-002',
    services: apprunner,
    actions: ['apprunner:UpdateService'],
    thing: 'an App Runner service',
    kind: 'app-runner-service',
  },
  {
    id: 'bedrock-002',
    services: agentcore,
    actions: ['bedrock-agentcore:StartCodeInterpreterSession', 'bedrock-agentcore:InvokeCodeInterpreter'],
    thing: 'a code interpreter',
  },
  {
    id: 'sagemaker-004',
    services: sagemaker,
    actions: ['sagemaker:CreatePresignedNotebookInstanceUrl'],
    thing: 'a SageMaker notebook',
    kind: 'notebook',
  },
  {
    id: 'sagemaker-005',
    services: sagemaker,
    actions: [
      'sagemaker:CreateNotebookInstanceLifecycleConfig',
      'sagemaker:StopNotebookInstance',
      'sagemaker:UpdateNotebookInstance',
      'sagemaker:StartNotebookInstance',
    ],
    thing: 'a SageMaker notebook',
    kind: 'notebook',
    at: ['sagemaker:StopNotebookInstance', 'sagemaker:UpdateNotebookInstance', 'sagemaker:StartNotebookInstance'],
  },
  {
    id: 'ssm-001',
    services: ec2,
    actions: ['ssm:StartSession'],
    thing: 'an EC2 instance',
    besides: 'the instance is online in Systems Manager',
    met: 'managed-instance',
    kind: 'instance',
    profile: true,
  },
  {
    id: 'ssm-002',
    services: ec2,
    actions: ['ssm:SendCommand'],
    thing: 'an EC2 instance',
    besides: 'the instance is online in Systems Manager',
    met: 'managed-instance',
    kind: 'instance',
    profile: true,
  },
  {
    id: 'ec2-002',
    services: ec2,
    actions: ['ec2:ModifyInstanceAttribute', 'ec2:StopInstances', 'ec2:StartInstances'],
    thing: 'an EC2 instance',
    kind: 'instance',
    profile: true,
  },
  {
    id: 'ec2-004',
    services: ec2,
    actions: ['ec2:CreateLaunchTemplateVersion', 'ec2:ModifyLaunchTemplate'],
    thing: 'a launch template',
    besides: 'instances are launched from the template',
    profile: true,
  },
  {
    id: 'ec2instanceconnect-003',
    services: ec2,
    actions: ['ec2-instance-connect:SendSSHPublicKey', 'ec2:DescribeInstances'],
    thing: 'an EC2 instance',
    besides: 'the instance is reachable over SSH',
    kind: 'instance',
    at: ['ec2-instance-connect:SendSSHPublicKey'],
    profile: true,
  },
  {
    id: 'apigw-lambda-configuration',
    services: lambda,
    actions: ['lambda:UpdateFunctionConfiguration'],
    thing: 'a Lambda function',
    besides: 'a layer or a variable of the caller runs code when the function is invoked',
    met: 'triggered-function',
    kind: 'function',
  },
  {
    id: 'apigw-ecs-exec',
    services: ecs,
    actions: ['ecs:ExecuteCommand'],
    thing: 'a running ECS task with ECS Exec',
    kind: 'exec-task',
  },
  {
    id: 'apigw-stepfunctions-use',
    services: states,
    actions: ['states:UpdateStateMachine', 'states:StartExecution'],
    thing: 'a state machine',
    kind: 'state-machine',
  },
  { id: 'apigw-glue-statement', services: glue, actions: ['glue:RunStatement'], thing: 'a Glue session', kind: 'glue-session' },
  {
    id: 'apigw-agentcore-use',
    services: agentcore,
    actions: ['bedrock-agentcore:UpdateAgentRuntime', 'bedrock-agentcore:InvokeAgentRuntime'],
    thing: 'an agent runtime',
  },
  {
    id: 'apigw-codedeploy-use',
    services: ec2,
    actions: ['codedeploy:CreateDeployment'],
    thing: 'an EC2 instance of a deployment group',
    profile: true,
  },
  {
    id: 'apigw-emr-step',
    services: ec2,
    actions: ['elasticmapreduce:AddJobFlowSteps'],
    thing: 'an EMR cluster',
    kind: 'emr-cluster',
    profile: true,
  },
]

/** Resource types by action, as ARNs with wildcards. Other actions use an ARN of the same service. */
const kinds: Readonly<Record<string, string>> = {
  'lambda:CreateEventSourceMapping': 'arn:*:lambda:*:ACCOUNT:event-source-mapping:*',
  'ec2:DescribeInstances': '*',
  'ec2:RunInstances': 'arn:*:ec2:*:ACCOUNT:instance/*',
  'datapipeline:CreatePipeline': '*',
  'elasticmapreduce:RunJobFlow': '*',
  'batch:RegisterJobDefinition': 'arn:*:batch:*:ACCOUNT:job-definition/*',
  'ssm:StartAutomationExecution': 'arn:*:ssm:*:ACCOUNT:*',
  'rolesanywhere:CreateTrustAnchor': '*',
  'rolesanywhere:CreateProfile': '*',
  'imagebuilder:CreateComponent': 'arn:*:imagebuilder:*:ACCOUNT:component/*',
  'cognito-identity:SetIdentityPoolRoles': '*',
  'iam:CreateInstanceProfile': 'arn:*:iam::ACCOUNT:instance-profile/*',
  'iam:AddRoleToInstanceProfile': 'arn:*:iam::ACCOUNT:instance-profile/*',
  'braket:CreateJob': '*',
  'gamelift:CreateBuild': '*',
  'gamelift:CreateFleet': '*',
  'ecs:CreateCluster': '*',
  'ssm:StartSession': 'arn:*:ec2:*:ACCOUNT:instance/*',
  'ssm:SendCommand': 'arn:*:ec2:*:ACCOUNT:instance/*',
  'ec2-instance-connect:SendSSHPublicKey': 'arn:*:ec2:*:ACCOUNT:instance/*',
}
const serviceKinds: Readonly<Record<string, string>> = {
  lambda: 'function:*',
  codebuild: 'project/*',
  apprunner: 'service/*',
}

/** The resource type of a catalogue action, as an ARN with wildcards. */
export function kindOf(action: string, account: string): string {
  const [service = ''] = action.split(':')
  // The ARNs of Identity Center's instances and permission sets name no account.
  const kind =
    kinds[action] ??
    (service === 'sso' ? 'arn:*:sso:::*' : undefined) ??
    `arn:*:${service}:*:ACCOUNT:${serviceKinds[service] ?? '*'}`
  return kind.replace('ACCOUNT', account)
}
