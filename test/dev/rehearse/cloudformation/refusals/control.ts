import { allowing, type RefusalCase } from './refusal-case.ts'

const role = 'AWS::IAM::Role'
const group = 'AWS::IAM::Group'
const policy = 'AWS::IAM::ManagedPolicy'
const trust = { AssumeRolePolicyDocument: {} }
const large = (characters: number) => ({ PolicyDocument: allowing('a'.repeat(characters)) })
const alarm = 'AWS::CloudWatch::Alarm'
const rule = 'AWS::Events::Rule'
const logGroup = 'AWS::Logs::LogGroup'
const email = { SubscriptionType: 'EMAIL', Address: 'a@example.com' }
const sns = { SubscriptionType: 'SNS', Address: 'topic' }

export const control: readonly RefusalCase[] = [
  {
    what: 'a role with a name of 65 characters',
    type: role,
    properties: { ...trust, RoleName: 'a'.repeat(65) },
    says: /RoleName/,
  },
  { what: 'a role without a trust policy', type: role, properties: {}, says: /AssumeRolePolicyDocument/ },
  {
    what: 'inline policies of more than 10,240 characters',
    type: role,
    properties: { ...trust, Policies: [large(6_000), large(6_000)] },
    says: /10240/,
  },
  {
    what: 'a trust of more than 2,048 characters',
    type: role,
    properties: { AssumeRolePolicyDocument: allowing('a'.repeat(2_100)) },
    says: /ACLSizePerRole: 2048/,
  },
  {
    what: 'eleven policies of a role',
    type: role,
    properties: { ...trust, ManagedPolicyArns: Array.from({ length: 11 }, (_, at) => `arn:aws:iam::aws:policy/${at}`) },
    says: /PoliciesPerRole: 10/,
  },
  {
    what: 'a boundary that does not exist',
    type: role,
    properties: { ...trust, PermissionsBoundary: 'gone' },
    says: /Policy gone does not exist/,
  },
  { what: 'more roles than the quota', type: role, properties: trust, quotas: { roles: 0 }, says: /RolesPerAccount/ },
  {
    what: 'a role with a policy that a person attached',
    type: role,
    when: 'deleted',
    facts: { attachments: new Map([['it', new Set(['p'])]]) },
    says: /detach all policies/,
  },
  { what: 'a group with a space', type: group, properties: { GroupName: 'a b' }, says: /GroupName/ },
  {
    what: 'inline policies of a group of more than 5,120 characters',
    type: group,
    properties: { Policies: [large(5_200)] },
    says: /5120/,
  },
  {
    what: 'eleven policies of a group',
    type: group,
    properties: { ManagedPolicyArns: Array.from({ length: 11 }, (_, at) => `arn:aws:iam::aws:policy/${at}`) },
    says: /PoliciesPerGroup: 10/,
  },
  {
    what: 'a group with a policy that does not exist',
    type: group,
    properties: { ManagedPolicyArns: ['gone'] },
    says: /Policy gone does not exist/,
  },
  {
    what: 'a group with members',
    type: group,
    when: 'deleted',
    facts: { members: new Map([['it', new Set(['jane'])]]) },
    says: /remove users from group first/,
  },
  {
    what: 'a group with a policy that a person attached',
    type: group,
    when: 'deleted',
    facts: { attachments: new Map([['it', new Set(['p'])]]) },
    says: /detach all policies/,
  },
  {
    what: 'a group that a policy of another stack names',
    type: group,
    when: 'deleted',
    existing: [[policy, 'other', { Groups: ['it'] }]],
    says: /detach all policies/,
  },
  { what: 'a policy with a space', type: policy, properties: { ManagedPolicyName: 'a b' }, says: /ManagedPolicyName/ },
  { what: 'a policy of more than 6,144 characters', type: policy, properties: large(6_200), says: /PolicySize: 6144/ },
  {
    what: 'a policy for a group that does not exist',
    type: policy,
    properties: { Groups: ['gone'] },
    says: /group with name gone/,
  },
  { what: 'more policies than the quota', type: policy, quotas: { managedPolicies: 0 }, says: /PoliciesPerAccount/ },
  {
    what: 'a policy of a role',
    type: policy,
    when: 'deleted',
    existing: [[role, 'other', { ManagedPolicyArns: ['it'] }]],
    says: /attached to entities/,
  },
  {
    what: 'a policy that is a boundary',
    type: policy,
    when: 'deleted',
    existing: [[role, 'other', { PermissionsBoundary: 'it' }]],
    says: /attached to entities/,
  },
  {
    what: 'inline policies of a user of more than 2,048 characters',
    type: 'AWS::IAM::User',
    properties: { Policies: [large(2_100)] },
    says: /2048/,
  },
  { what: 'logs for 31 days', type: logGroup, properties: { RetentionInDays: 31 }, says: /'31' at 'retentionInDays'/ },
  { what: 'a log group with a space', type: logGroup, properties: { LogGroupName: 'a b' }, says: /LogGroupName/ },
  {
    what: 'a metric of no log group',
    type: 'AWS::Logs::MetricFilter',
    properties: { LogGroupName: 'gone' },
    says: /log group does not exist/,
  },
  {
    what: 'a subscription to no log group',
    type: 'AWS::Logs::SubscriptionFilter',
    properties: { LogGroupName: 'gone' },
    says: /log group does not exist/,
  },
  {
    what: 'a resource policy of a name that exists',
    type: 'AWS::Logs::ResourcePolicy',
    properties: { PolicyName: 'a' },
    existing: [['AWS::Logs::ResourcePolicy', 'other', { PolicyName: 'a' }]],
    says: /already exists/,
  },
  { what: 'a period of 90 seconds', type: alarm, properties: { Period: 90 }, says: /Invalid value for period: 90/ },
  { what: 'an alarm over two days', type: alarm, properties: { Period: 60, EvaluationPeriods: 2_880 }, says: /more than a day/ },
  {
    what: 'two results of an alarm',
    type: alarm,
    properties: { Metrics: [{ Id: 'a' }, { Id: 'b' }] },
    says: /Exactly one element/,
  },
  { what: 'a rule with a space', type: rule, properties: { Name: 'a b', ScheduleExpression: 'rate(1 minute)' }, says: /'Name'/ },
  { what: 'a rule for nothing', type: rule, properties: {}, says: /EventPattern or ScheduleExpression/ },
  {
    what: 'rate(1 minutes)',
    type: rule,
    properties: { ScheduleExpression: 'rate(1 minutes)' },
    says: /ScheduleExpression is not valid/,
  },
  {
    what: 'six targets of a rule',
    type: rule,
    properties: { ScheduleExpression: 'rate(1 minute)', Targets: [1, 2, 3, 4, 5, 6] },
    says: /at most 5 targets/,
  },
  {
    what: 'a pattern of more than 2,048 characters',
    type: rule,
    properties: { EventPattern: { source: ['a'.repeat(2_100)] } },
    says: /2,048/,
  },
  { what: 'a schedule with a space', type: 'AWS::Scheduler::Schedule', properties: { Name: 'a b' }, says: /'Name'/ },
  {
    what: 'a schedule of rate(2 minute)',
    type: 'AWS::Scheduler::Schedule',
    properties: { ScheduleExpression: 'rate(2 minute)' },
    says: /not valid/,
  },
  { what: 'a topic with a space', type: 'AWS::SNS::Topic', properties: { TopicName: 'a b' }, says: /TopicName/ },
  {
    what: 'a budget of a name that exists',
    type: 'AWS::Budgets::Budget',
    properties: { Budget: { BudgetName: 'a' } },
    existing: [['AWS::Budgets::Budget', 'other', { Budget: { BudgetName: 'a' } }]],
    says: /the budget already exists/,
  },
  {
    what: 'two topics of a budget',
    type: 'AWS::Budgets::Budget',
    properties: { NotificationsWithSubscribers: [{ Subscribers: [sns, sns, email] }] },
    says: /one topic/,
  },
  {
    what: 'a second detector',
    type: 'AWS::GuardDuty::Detector',
    existing: [['AWS::GuardDuty::Detector', 'other']],
    says: /detector already exists/,
  },
  {
    what: 'a second analyzer',
    type: 'AWS::AccessAnalyzer::Analyzer',
    properties: { Type: 'ACCOUNT' },
    existing: [['AWS::AccessAnalyzer::Analyzer', 'other', { Type: 'ACCOUNT' }]],
    says: /maximum number of analyzers/,
  },
  {
    what: 'a sixth trail',
    type: 'AWS::CloudTrail::Trail',
    existing: [1, 2, 3, 4, 5].map((at) => ['AWS::CloudTrail::Trail', `trail-${at}`] as const),
    says: /maximum number of trails/,
  },
]
