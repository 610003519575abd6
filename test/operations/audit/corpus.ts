import {
  accountRoot,
  administratorAccess,
  allow,
  deny,
  details,
  group,
  groupArn,
  policy,
  policyArn,
  role,
  roleArn,
  service,
  trusting,
  user,
  userArn,
  when,
} from './build.ts'

/**
 * The labelled corpus: small accounts and the expected verdicts. Principals that are not listed have `no` and `none`. Half
 * of the cases cause false positives or false negatives in other tools.
 */
export interface Case {
  readonly name: string
  readonly account: Record<string, unknown>
  readonly admins?: Readonly<Record<string, 'yes' | 'conditional'>>
  readonly escalations?: Readonly<Record<string, 'proven' | 'conditional'>>
  readonly scps?: readonly (readonly Record<string, unknown>[])[]
}

const everything = allow('*')
const top = role('top', trusting(accountRoot), [everything])
const runsLambda = role('runs-lambda', service('lambda'), [everything])
const makeFunctions = allow(['lambda:CreateFunction', 'lambda:InvokeFunction'])
const pass = (name: string, more = {}) => allow('iam:PassRole', roleArn(name), more)
const mfa = when({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } })

export const corpus: readonly Case[] = [
  // Administrators
  { name: 'full access', account: details(user('a', [everything])), admins: { a: 'yes' } },
  {
    name: 'administrator through an attached policy',
    account: details(user('a', [], { policies: [administratorAccess] })),
    admins: { a: 'yes' },
  },
  {
    name: 'administrator through a group',
    account: details(user('a', [], { groups: ['g'] }), group('g', [everything])),
    admins: { a: 'yes' },
  },
  {
    name: 'administrator through several statements',
    account: details(user('a', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, allow('iam:*')])),
    admins: { a: 'yes' },
  },
  {
    name: 'administrator with a guardrail',
    account: details(user('a', [everything, deny('cloudtrail:StopLogging')])),
    admins: { a: 'yes' },
  },
  {
    name: 'administrator without access to a bucket',
    account: details(user('a', [everything, deny('s3:*', 'arn:aws:s3:::audit/*')])),
    admins: { a: 'yes' },
  },
  { name: 'full access without IAM', account: details(user('a', [everything, deny('iam:*')])) },
  {
    name: 'full access with a Deny on everything',
    account: details(user('a', [everything], { policies: [policyArn('no')] }), policy('no', [deny('*')])),
  },
  {
    name: 'full access within a boundary',
    account: details(user('a', [everything], { boundary: policyArn('b') }), policy('b', [allow('s3:*')])),
  },
  {
    name: 'a role within a boundary',
    account: details(role('a', service('ec2'), [everything], { boundary: policyArn('b') }), policy('b', [allow('s3:*')])),
  },
  {
    name: 'a boundary that allows everything',
    account: details(user('a', [everything], { boundary: policyArn('b') }), policy('b', [everything])),
    admins: { a: 'yes' },
  },
  { name: 'full access with MFA', account: details(user('a', [allow('*', '*', mfa)])), admins: { a: 'conditional' } },
  {
    name: 'MFA enforced by a Deny',
    account: details(
      user('a', [
        everything,
        {
          Effect: 'Deny',
          NotAction: 'iam:ChangePassword',
          Resource: '*',
          Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
        },
      ]),
    ),
    admins: { a: 'conditional' },
  },
  {
    name: 'a condition that is always true',
    account: details(user('a', [allow('*', '*', when({ IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }))])),
    admins: { a: 'yes' },
  },
  {
    name: 'a condition that the user meets',
    account: details(user('a', [allow('*', '*', when({ StringLike: { 'aws:PrincipalArn': userArn('*') } }))])),
    admins: { a: 'yes' },
  },
  {
    name: 'a condition that only a different user meets',
    account: details(user('a', [allow('*', '*', when({ StringEquals: { 'aws:username': 'b' } }))])),
  },
  {
    name: 'an expired condition',
    account: details(user('a', [allow('*', '*', when({ DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }))])),
  },
  {
    name: 'an SCP that denies IAM',
    account: details(user('a', [everything])),
    scps: [[everything], [everything, deny('iam:*')]],
  },
  { name: 'read everything', account: details(user('a', [allow(['s3:Get*', 'ec2:Describe*', 'iam:Get*', 'iam:List*'])])) },

  // Changing the own policies
  {
    name: 'own inline policy',
    account: details(user('a', [allow('iam:PutUserPolicy', userArn('a'))])),
    escalations: { a: 'proven' },
  },
  {
    name: 'own inline policy, with a variable',
    account: details(user('a', [allow('iam:PutUserPolicy', userArn('${aws:username}'))])),
    escalations: { a: 'proven' },
  },
  {
    name: "a different user's inline policy",
    account: details(user('a', [allow('iam:PutUserPolicy', userArn('b'))]), user('b')),
  },
  {
    name: "a different user's inline policy and key",
    account: details(user('a', [allow(['iam:PutUserPolicy', 'iam:CreateAccessKey'], userArn('b'))]), user('b')),
    escalations: { a: 'proven' },
  },
  {
    name: 'own inline policy from the office',
    account: details(user('a', [allow('iam:PutUserPolicy', '*', when({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }))])),
    escalations: { a: 'conditional' },
  },
  { name: 'a role with iam:PutUserPolicy', account: details(role('a', service('ec2'), [allow('iam:PutUserPolicy')])) },
  { name: 'attach to the own user', account: details(user('a', [allow('iam:AttachUserPolicy')])), escalations: { a: 'proven' } },
  {
    name: 'attach only a harmless policy',
    account: details(
      user('a', [
        allow('iam:AttachUserPolicy', '*', when({ ArnEquals: { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/ReadOnlyAccess' } })),
      ]),
    ),
  },
  {
    name: 'attach to own role',
    account: details(role('a', service('ec2'), [allow('iam:AttachRolePolicy', roleArn('a'))])),
    escalations: { a: 'proven' },
  },
  {
    name: 'attach within a boundary',
    account: details(user('a', [allow('iam:*')], { boundary: policyArn('b') }), policy('b', [allow(['iam:*', 's3:*'])])),
    escalations: { a: 'proven' },
  },
  {
    name: 'attach within an effective boundary',
    account: details(
      user('a', [allow('iam:AttachUserPolicy', userArn('a'))], { boundary: policyArn('b') }),
      policy('b', [allow(['iam:AttachUserPolicy', 's3:*'])]),
    ),
  },
  {
    name: 'a new version of an own policy',
    account: details(
      user('a', [allow('iam:CreatePolicyVersion', policyArn('p'))], { policies: [policyArn('p')] }),
      policy('p', [allow('s3:*')]),
    ),
    escalations: { a: 'proven' },
  },
  {
    name: 'a new version of an unattached policy',
    account: details(user('a', [allow('iam:CreatePolicyVersion', policyArn('p'))]), policy('p', [allow('s3:*')])),
  },
  {
    name: 'a new version of an AWS managed policy',
    account: details(
      user('a', [allow('iam:CreatePolicyVersion', 'arn:aws:iam::aws:policy/*')], { policies: ['arn:aws:iam::aws:policy/X'] }),
      policy('X', [allow('s3:*')], { arn: 'arn:aws:iam::aws:policy/X' }),
    ),
  },
  {
    name: 'an older version with full access',
    account: details(
      user('a', [allow('iam:SetDefaultPolicyVersion')], { policies: [policyArn('p')] }),
      policy('p', [allow('s3:*')], { older: [everything] }),
    ),
    escalations: { a: 'proven' },
  },
  {
    name: 'an older version without full access',
    account: details(
      user('a', [allow('iam:SetDefaultPolicyVersion')], { policies: [policyArn('p')] }),
      policy('p', [allow('s3:*')], { older: [allow('s3:Get*')] }),
    ),
  },
  {
    name: 'own group',
    account: details(user('a', [allow('iam:PutGroupPolicy', groupArn('g'))], { groups: ['g'] }), group('g')),
    escalations: { a: 'proven' },
  },
  { name: 'a group without the user', account: details(user('a', [allow('iam:PutGroupPolicy', groupArn('g'))]), group('g')) },
  {
    name: 'join a group of administrators',
    account: details(user('a', [allow('iam:AddUserToGroup', groupArn('g'))]), group('g', [everything])),
    escalations: { a: 'proven' },
  },
  {
    name: 'join a group without full access',
    account: details(user('a', [allow('iam:AddUserToGroup', groupArn('g'))]), group('g', [allow('s3:Get*')])),
  },
  {
    name: 'remove the boundary',
    account: details(
      user('a', [everything], { boundary: policyArn('b') }),
      policy('b', [allow(['iam:DeleteUserPermissionsBoundary', 's3:*'])]),
    ),
    escalations: { a: 'proven' },
  },
  { name: 'the permission through a wildcard', account: details(user('a', [allow('iam:Put*')])), escalations: { a: 'proven' } },
  {
    name: 'the permission in upper case',
    account: details(user('a', [allow('IAM:PUTUSERPOLICY')])),
    escalations: { a: 'proven' },
  },
  {
    name: 'the permission through NotAction',
    account: details(user('a', [{ Effect: 'Allow', NotAction: ['s3:*', 'ec2:*'], Resource: userArn('*') }])),
    escalations: { a: 'proven' },
  },
  {
    name: 'the permission denied in a group',
    account: details(user('a', [allow('iam:Put*')], { groups: ['g'] }), group('g', [deny('iam:Put*')])),
  },
  {
    name: 'the permission denied on a different user',
    account: details(user('a', [allow('iam:PutUserPolicy'), deny('iam:PutUserPolicy', userArn('b'))])),
    escalations: { a: 'proven' },
  },
  {
    name: 'the permission denied on all users except a different one',
    account: details(user('a', [allow('iam:PutUserPolicy'), { Effect: 'Deny', Action: 'iam:*', NotResource: userArn('b') }])),
  },

  // New principals
  {
    name: 'a new user',
    account: details(user('a', [allow(['iam:CreateUser', 'iam:AttachUserPolicy', 'iam:CreateAccessKey'], userArn('new-*'))])),
    escalations: { a: 'proven' },
  },
  {
    name: 'a new user, only with a boundary',
    account: details(
      user('a', [
        allow(
          ['iam:CreateUser', 'iam:PutUserPolicy', 'iam:CreateAccessKey'],
          userArn('new-*'),
          when({ StringEquals: { 'iam:PermissionsBoundary': policyArn('b') } }),
        ),
      ]),
    ),
  },
  {
    name: 'a new user without a key',
    account: details(user('a', [allow(['iam:CreateUser', 'iam:AttachUserPolicy'], userArn('new-*'))])),
  },
  {
    name: 'a new role',
    account: details(user('a', [allow(['iam:CreateRole', 'iam:PutRolePolicy'], roleArn('new-*'))])),
    escalations: { a: 'proven' },
  },
  { name: 'a new role without permissions', account: details(user('a', [allow('iam:CreateRole')])) },

  // Credentials of other principals
  {
    name: 'an access key of an administrator',
    account: details(user('a', [allow('iam:CreateAccessKey', userArn('root'))]), user('root', [everything])),
    escalations: { a: 'proven' },
    admins: { root: 'yes' },
  },
  {
    name: 'an access key of a user without full access',
    account: details(user('a', [allow('iam:CreateAccessKey', userArn('b'))]), user('b', [allow('s3:Get*')])),
  },
  {
    name: 'an own access key',
    account: details(user('a', [allow('iam:CreateAccessKey', userArn('${aws:username}'))]), user('root', [everything])),
    admins: { root: 'yes' },
  },
  {
    name: 'a password of an administrator',
    account: details(user('a', [allow('iam:UpdateLoginProfile')]), user('root', [everything])),
    escalations: { a: 'proven' },
    admins: { root: 'yes' },
  },
  {
    name: 'a new password',
    account: details(user('a', [allow('iam:CreateLoginProfile')]), user('root', [everything])),
    escalations: { a: 'proven' },
    admins: { root: 'yes' },
  },

  // Assuming roles
  {
    name: 'a role that trusts the account',
    account: details(user('a', [allow('sts:AssumeRole', roleArn('top'))]), top),
    escalations: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that trusts the account, without permission',
    account: details(user('a', [allow('s3:Get*')]), top),
    admins: { top: 'yes' },
  },
  {
    name: 'a role that trusts the user',
    account: details(user('a'), role('top', trusting(userArn('a')), [everything])),
    escalations: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that trusts a different user',
    account: details(user('a', [allow('sts:*')]), user('b'), role('top', trusting(userArn('b')), [everything])),
    escalations: { b: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that requires MFA',
    account: details(user('a', [allow('sts:AssumeRole')]), role('top', trusting(accountRoot, mfa), [everything])),
    escalations: { a: 'conditional' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that requires a tag',
    account: details(
      user('a', [allow('sts:AssumeRole')], { tags: { team: 'ops' } }),
      user('b', [allow('sts:AssumeRole')]),
      role('top', trusting(accountRoot, when({ StringEquals: { 'aws:PrincipalTag/team': 'ops' } })), [everything]),
    ),
    escalations: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a service role',
    account: details(user('a', [allow('sts:AssumeRole')]), role('top', service('ec2'), [everything])),
    admins: { top: 'yes' },
  },
  {
    name: 'through two roles',
    account: details(
      user('a', [allow('sts:AssumeRole', roleArn('middle'))]),
      role('middle', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('top'))]),
      top,
    ),
    escalations: { a: 'proven', middle: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a cycle of roles',
    account: details(
      user('a', [allow('sts:AssumeRole', roleArn('one'))]),
      role('one', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('two'))]),
      role('two', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('one'))]),
    ),
  },
  {
    name: 'change a trust policy',
    account: details(user('a', [allow('iam:UpdateAssumeRolePolicy', roleArn('top'))]), role('top', service('ec2'), [everything])),
    escalations: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'change a role and assume it',
    account: details(user('a', [allow(['iam:PutRolePolicy', 'sts:AssumeRole'], roleArn('b'))]), role('b', trusting(accountRoot))),
    escalations: { a: 'proven' },
  },
  {
    name: 'change a role that cannot be assumed',
    account: details(user('a', [allow(['iam:PutRolePolicy', 'sts:AssumeRole'], roleArn('b'))]), role('b', service('ec2'))),
  },
  {
    name: 'change a role and its trust policy',
    account: details(user('a', [allow(['iam:AttachRolePolicy', 'iam:UpdateAssumeRolePolicy'])]), role('b', service('ec2'))),
    escalations: { a: 'proven' },
  },
  {
    name: 'change a role and assume a different one',
    account: details(
      user('a', [allow('iam:PutRolePolicy', roleArn('b')), allow('sts:AssumeRole', roleArn('c'))]),
      role('b', trusting(accountRoot)),
      role('c', trusting(accountRoot)),
    ),
  },
  {
    name: 'a service-linked role',
    account: details(
      user('a', [allow(['iam:PutRolePolicy', 'iam:UpdateAssumeRolePolicy'])]),
      role('AWSServiceRoleForX', service('x'), [everything], { path: '/aws-service-role/x.amazonaws.com/' }),
    ),
    admins: { AWSServiceRoleForX: 'yes' },
  },

  // Passing roles
  {
    name: 'to a function',
    account: details(user('a', [pass('runs-lambda'), makeFunctions]), runsLambda),
    escalations: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function, with permissions from a group',
    account: details(user('a', [pass('runs-lambda')], { groups: ['g'] }), group('g', [makeFunctions]), runsLambda),
    escalations: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function, without permission to create it',
    account: details(user('a', [pass('runs-lambda')]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function, without permission to invoke it',
    account: details(user('a', [pass('runs-lambda'), allow('lambda:CreateFunction')]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'a role that trusts a different service',
    account: details(user('a', [pass('top'), makeFunctions]), role('top', service('ec2'), [everything])),
    admins: { top: 'yes' },
  },
  {
    name: 'a role without full access',
    account: details(user('a', [pass('b'), makeFunctions]), role('b', service('lambda'), [allow('s3:Get*')])),
  },
  {
    name: 'only a different role',
    account: details(user('a', [pass('b'), makeFunctions]), role('b', service('lambda'), [allow('s3:Get*')]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'only to a different service',
    account: details(
      user('a', [pass('runs-lambda', when({ StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } })), makeFunctions]),
      runsLambda,
    ),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'only to this service',
    account: details(
      user('a', [pass('runs-lambda', when({ StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } })), makeFunctions]),
      runsLambda,
    ),
    escalations: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'with iam:Pass*',
    account: details(user('a', [allow('iam:Pass*'), makeFunctions]), runsLambda),
    escalations: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'all roles except this one',
    account: details(user('a', [allow('iam:PassRole'), deny('iam:PassRole', roleArn('runs-*')), makeFunctions]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to an instance',
    account: details(
      user('a', [pass('b'), allow('ec2:RunInstances')]),
      role('b', service('ec2'), [everything], { profile: true }),
    ),
    escalations: { a: 'proven' },
    admins: { b: 'yes' },
  },
  {
    name: 'to an instance, without a profile',
    account: details(user('a', [pass('b'), allow('ec2:RunInstances')]), role('b', service('ec2'), [everything])),
    admins: { b: 'yes' },
  },
  {
    name: 'to a stack',
    account: details(
      user('a', [pass('b'), allow('cloudformation:CreateStack')]),
      role('b', service('cloudformation'), [everything]),
    ),
    escalations: { a: 'proven' },
    admins: { b: 'yes' },
  },
  {
    name: 'to a task, in an existing cluster',
    account: details(
      user('a', [pass('b'), allow(['ecs:RegisterTaskDefinition', 'ecs:RunTask'])]),
      role('b', service('ecs-tasks'), [everything]),
    ),
    escalations: { a: 'conditional' },
    admins: { b: 'yes' },
  },
  {
    name: 'to a build',
    account: details(user('a', [pass('b'), allow('codebuild:*')]), role('b', service('codebuild'), [everything])),
    escalations: { a: 'proven' },
    admins: { b: 'yes' },
  },
  {
    name: 'denied by an SCP',
    account: details(user('a', [pass('runs-lambda'), makeFunctions]), runsLambda),
    scps: [[everything, deny('lambda:CreateFunction')]],
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function, through an intermediate role',
    account: details(
      user('a', [allow('sts:AssumeRole', roleArn('b'))]),
      role('b', trusting(accountRoot), [pass('runs-lambda'), makeFunctions]),
      runsLambda,
    ),
    escalations: { a: 'proven', b: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },

  // Using existing resources
  {
    name: 'the code of a function',
    account: details(user('a', [allow(['lambda:UpdateFunctionCode', 'lambda:InvokeFunction'])]), runsLambda),
    escalations: { a: 'conditional' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'the code of a function, without a privileged role',
    account: details(user('a', [allow('lambda:*')]), role('b', service('lambda'), [allow('s3:Get*')])),
  },
  {
    name: 'a session on an instance',
    account: details(user('a', [allow('ssm:StartSession')]), role('b', service('ec2'), [everything], { profile: true })),
    escalations: { a: 'conditional' },
    admins: { b: 'yes' },
  },
  {
    name: 'a command on an instance without a role',
    account: details(user('a', [allow('ssm:SendCommand')]), role('b', service('ec2'), [allow('s3:Get*')], { profile: true })),
  },
]
