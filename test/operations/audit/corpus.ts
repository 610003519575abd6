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
 * The labelled corpus: small accounts and what is true of their principals. `admin` and `way` as `--json` has them; who
 * is not named has `no` and `none`. Half of the cases are traps in which other auditors see a way that is none, or
 * overlook one.
 */
export interface Case {
  readonly name: string
  readonly account: Record<string, unknown>
  readonly admins?: Readonly<Record<string, 'yes' | 'conditional'>>
  readonly ways?: Readonly<Record<string, 'proven' | 'conditional'>>
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
  { name: 'all rights', account: details(user('a', [everything])), admins: { a: 'yes' } },
  { name: 'all rights, attached', account: details(user('a', [], { policies: [administratorAccess] })), admins: { a: 'yes' } },
  {
    name: 'all rights, by a group',
    account: details(user('a', [], { groups: ['g'] }), group('g', [everything])),
    admins: { a: 'yes' },
  },
  {
    name: 'all rights, split over statements',
    account: details(user('a', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, allow('iam:*')])),
    admins: { a: 'yes' },
  },
  {
    name: 'all rights but a guard rail',
    account: details(user('a', [everything, deny('cloudtrail:StopLogging')])),
    admins: { a: 'yes' },
  },
  {
    name: 'all rights but one bucket',
    account: details(user('a', [everything, deny('s3:*', 'arn:aws:s3:::audit/*')])),
    admins: { a: 'yes' },
  },
  { name: 'all rights but IAM', account: details(user('a', [everything, deny('iam:*')])) },
  {
    name: 'all rights, all denied elsewhere',
    account: details(user('a', [everything], { policies: [policyArn('no')] }), policy('no', [deny('*')])),
  },
  {
    name: 'all rights within a boundary',
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
  { name: 'all rights with MFA', account: details(user('a', [allow('*', '*', mfa)])), admins: { a: 'conditional' } },
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
    name: 'a condition on oneself',
    account: details(user('a', [allow('*', '*', when({ StringLike: { 'aws:PrincipalArn': userArn('*') } }))])),
    admins: { a: 'yes' },
  },
  {
    name: 'a condition on somebody else',
    account: details(user('a', [allow('*', '*', when({ StringEquals: { 'aws:username': 'b' } }))])),
  },
  {
    name: 'an expired condition',
    account: details(user('a', [allow('*', '*', when({ DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }))])),
  },
  {
    name: 'an organization that denies IAM',
    account: details(user('a', [everything])),
    scps: [[everything], [everything, deny('iam:*')]],
  },
  { name: 'read everything', account: details(user('a', [allow(['s3:Get*', 'ec2:Describe*', 'iam:Get*', 'iam:List*'])])) },

  // Rewriting oneself
  { name: 'own inline policy', account: details(user('a', [allow('iam:PutUserPolicy', userArn('a'))])), ways: { a: 'proven' } },
  {
    name: 'own inline policy, by a variable',
    account: details(user('a', [allow('iam:PutUserPolicy', userArn('${aws:username}'))])),
    ways: { a: 'proven' },
  },
  { name: "somebody else's inline policy", account: details(user('a', [allow('iam:PutUserPolicy', userArn('b'))]), user('b')) },
  {
    name: "somebody else's inline policy and key",
    account: details(user('a', [allow(['iam:PutUserPolicy', 'iam:CreateAccessKey'], userArn('b'))]), user('b')),
    ways: { a: 'proven' },
  },
  {
    name: 'own inline policy from the office',
    account: details(user('a', [allow('iam:PutUserPolicy', '*', when({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }))])),
    ways: { a: 'conditional' },
  },
  { name: 'a role puts a user policy', account: details(role('a', service('ec2'), [allow('iam:PutUserPolicy')])) },
  { name: 'attach to oneself', account: details(user('a', [allow('iam:AttachUserPolicy')])), ways: { a: 'proven' } },
  {
    name: 'attach only what is harmless',
    account: details(
      user('a', [
        allow('iam:AttachUserPolicy', '*', when({ ArnEquals: { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/ReadOnlyAccess' } })),
      ]),
    ),
  },
  {
    name: 'attach to own role',
    account: details(role('a', service('ec2'), [allow('iam:AttachRolePolicy', roleArn('a'))])),
    ways: { a: 'proven' },
  },
  {
    name: 'attach within a boundary',
    account: details(user('a', [allow('iam:*')], { boundary: policyArn('b') }), policy('b', [allow(['iam:*', 's3:*'])])),
    ways: { a: 'proven' },
  },
  {
    name: 'attach within a boundary that holds',
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
    ways: { a: 'proven' },
  },
  {
    name: "a new version of nobody's policy",
    account: details(user('a', [allow('iam:CreatePolicyVersion', policyArn('p'))]), policy('p', [allow('s3:*')])),
  },
  {
    name: "a new version of AWS's policy",
    account: details(
      user('a', [allow('iam:CreatePolicyVersion', 'arn:aws:iam::aws:policy/*')], { policies: ['arn:aws:iam::aws:policy/X'] }),
      policy('X', [allow('s3:*')], { arn: 'arn:aws:iam::aws:policy/X' }),
    ),
  },
  {
    name: 'an older version that allowed all',
    account: details(
      user('a', [allow('iam:SetDefaultPolicyVersion')], { policies: [policyArn('p')] }),
      policy('p', [allow('s3:*')], { older: [everything] }),
    ),
    ways: { a: 'proven' },
  },
  {
    name: 'an older version that allowed little',
    account: details(
      user('a', [allow('iam:SetDefaultPolicyVersion')], { policies: [policyArn('p')] }),
      policy('p', [allow('s3:*')], { older: [allow('s3:Get*')] }),
    ),
  },
  {
    name: 'own group',
    account: details(user('a', [allow('iam:PutGroupPolicy', groupArn('g'))], { groups: ['g'] }), group('g')),
    ways: { a: 'proven' },
  },
  { name: "another's group", account: details(user('a', [allow('iam:PutGroupPolicy', groupArn('g'))]), group('g')) },
  {
    name: 'join the administrators',
    account: details(user('a', [allow('iam:AddUserToGroup', groupArn('g'))]), group('g', [everything])),
    ways: { a: 'proven' },
  },
  {
    name: 'join the readers',
    account: details(user('a', [allow('iam:AddUserToGroup', groupArn('g'))]), group('g', [allow('s3:Get*')])),
  },
  {
    name: 'take off the boundary',
    account: details(
      user('a', [everything], { boundary: policyArn('b') }),
      policy('b', [allow(['iam:DeleteUserPermissionsBoundary', 's3:*'])]),
    ),
    ways: { a: 'proven' },
  },
  { name: 'the right by a star in the name', account: details(user('a', [allow('iam:Put*')])), ways: { a: 'proven' } },
  { name: 'the right in capitals', account: details(user('a', [allow('IAM:PUTUSERPOLICY')])), ways: { a: 'proven' } },
  {
    name: 'the right by NotAction',
    account: details(user('a', [{ Effect: 'Allow', NotAction: ['s3:*', 'ec2:*'], Resource: userArn('*') }])),
    ways: { a: 'proven' },
  },
  {
    name: 'the right denied in a group',
    account: details(user('a', [allow('iam:Put*')], { groups: ['g'] }), group('g', [deny('iam:Put*')])),
  },
  {
    name: 'the right denied on another',
    account: details(user('a', [allow('iam:PutUserPolicy'), deny('iam:PutUserPolicy', userArn('b'))])),
    ways: { a: 'proven' },
  },
  {
    name: 'the right denied for all but another',
    account: details(user('a', [allow('iam:PutUserPolicy'), { Effect: 'Deny', Action: 'iam:*', NotResource: userArn('b') }])),
  },

  // Newcomers
  {
    name: 'a user of its own',
    account: details(user('a', [allow(['iam:CreateUser', 'iam:AttachUserPolicy', 'iam:CreateAccessKey'], userArn('new-*'))])),
    ways: { a: 'proven' },
  },
  {
    name: 'a user of its own, within a boundary only',
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
    name: 'a user of its own without a key',
    account: details(user('a', [allow(['iam:CreateUser', 'iam:AttachUserPolicy'], userArn('new-*'))])),
  },
  {
    name: 'a role of its own',
    account: details(user('a', [allow(['iam:CreateRole', 'iam:PutRolePolicy'], roleArn('new-*'))])),
    ways: { a: 'proven' },
  },
  { name: 'a role of its own that gets nothing', account: details(user('a', [allow('iam:CreateRole')])) },

  // Others' credentials
  {
    name: 'a key of an administrator',
    account: details(user('a', [allow('iam:CreateAccessKey', userArn('root'))]), user('root', [everything])),
    ways: { a: 'proven' },
    admins: { root: 'yes' },
  },
  {
    name: 'a key of a reader',
    account: details(user('a', [allow('iam:CreateAccessKey', userArn('b'))]), user('b', [allow('s3:Get*')])),
  },
  {
    name: 'a key of oneself',
    account: details(user('a', [allow('iam:CreateAccessKey', userArn('${aws:username}'))]), user('root', [everything])),
    admins: { root: 'yes' },
  },
  {
    name: 'a password of an administrator',
    account: details(user('a', [allow('iam:UpdateLoginProfile')]), user('root', [everything])),
    ways: { a: 'proven' },
    admins: { root: 'yes' },
  },
  {
    name: 'a new password',
    account: details(user('a', [allow('iam:CreateLoginProfile')]), user('root', [everything])),
    ways: { a: 'proven' },
    admins: { root: 'yes' },
  },

  // Taking roles
  {
    name: 'a role that trusts the account',
    account: details(user('a', [allow('sts:AssumeRole', roleArn('top'))]), top),
    ways: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that trusts the account, no right',
    account: details(user('a', [allow('s3:Get*')]), top),
    admins: { top: 'yes' },
  },
  {
    name: 'a role that trusts one by name',
    account: details(user('a'), role('top', trusting(userArn('a')), [everything])),
    ways: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that trusts another by name',
    account: details(user('a', [allow('sts:*')]), user('b'), role('top', trusting(userArn('b')), [everything])),
    ways: { b: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that wants MFA',
    account: details(user('a', [allow('sts:AssumeRole')]), role('top', trusting(accountRoot, mfa), [everything])),
    ways: { a: 'conditional' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role that wants a tag',
    account: details(
      user('a', [allow('sts:AssumeRole')], { tags: { team: 'ops' } }),
      user('b', [allow('sts:AssumeRole')]),
      role('top', trusting(accountRoot, when({ StringEquals: { 'aws:PrincipalTag/team': 'ops' } })), [everything]),
    ),
    ways: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'a role of a service',
    account: details(user('a', [allow('sts:AssumeRole')]), role('top', service('ec2'), [everything])),
    admins: { top: 'yes' },
  },
  {
    name: 'over two roles',
    account: details(
      user('a', [allow('sts:AssumeRole', roleArn('middle'))]),
      role('middle', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('top'))]),
      top,
    ),
    ways: { a: 'proven', middle: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'over a circle',
    account: details(
      user('a', [allow('sts:AssumeRole', roleArn('one'))]),
      role('one', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('two'))]),
      role('two', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('one'))]),
    ),
  },
  {
    name: 'rewrite whom a role trusts',
    account: details(user('a', [allow('iam:UpdateAssumeRolePolicy', roleArn('top'))]), role('top', service('ec2'), [everything])),
    ways: { a: 'proven' },
    admins: { top: 'yes' },
  },
  {
    name: 'rewrite a role and take it',
    account: details(user('a', [allow(['iam:PutRolePolicy', 'sts:AssumeRole'], roleArn('b'))]), role('b', trusting(accountRoot))),
    ways: { a: 'proven' },
  },
  {
    name: 'rewrite a role that cannot be taken',
    account: details(user('a', [allow(['iam:PutRolePolicy', 'sts:AssumeRole'], roleArn('b'))]), role('b', service('ec2'))),
  },
  {
    name: 'rewrite a role and its trust',
    account: details(user('a', [allow(['iam:AttachRolePolicy', 'iam:UpdateAssumeRolePolicy'])]), role('b', service('ec2'))),
    ways: { a: 'proven' },
  },
  {
    name: 'rewrite one role and take another',
    account: details(
      user('a', [allow('iam:PutRolePolicy', roleArn('b')), allow('sts:AssumeRole', roleArn('c'))]),
      role('b', trusting(accountRoot)),
      role('c', trusting(accountRoot)),
    ),
  },
  {
    name: "a role of AWS's own",
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
    ways: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function, permission split over a group',
    account: details(user('a', [pass('runs-lambda')], { groups: ['g'] }), group('g', [makeFunctions]), runsLambda),
    ways: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function that nobody may make',
    account: details(user('a', [pass('runs-lambda')]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function that nobody may call',
    account: details(user('a', [pass('runs-lambda'), allow('lambda:CreateFunction')]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'a role that trusts another service',
    account: details(user('a', [pass('top'), makeFunctions]), role('top', service('ec2'), [everything])),
    admins: { top: 'yes' },
  },
  {
    name: 'a role with few rights',
    account: details(user('a', [pass('b'), makeFunctions]), role('b', service('lambda'), [allow('s3:Get*')])),
  },
  {
    name: 'only another role',
    account: details(user('a', [pass('b'), makeFunctions]), role('b', service('lambda'), [allow('s3:Get*')]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'only to another service',
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
    ways: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'by iam:Pass*',
    account: details(user('a', [allow('iam:Pass*'), makeFunctions]), runsLambda),
    ways: { a: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'all roles but this one',
    account: details(user('a', [allow('iam:PassRole'), deny('iam:PassRole', roleArn('runs-*')), makeFunctions]), runsLambda),
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to an instance',
    account: details(
      user('a', [pass('b'), allow('ec2:RunInstances')]),
      role('b', service('ec2'), [everything], { profile: true }),
    ),
    ways: { a: 'proven' },
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
    ways: { a: 'proven' },
    admins: { b: 'yes' },
  },
  {
    name: 'to a task, in a cluster that is there',
    account: details(
      user('a', [pass('b'), allow(['ecs:RegisterTaskDefinition', 'ecs:RunTask'])]),
      role('b', service('ecs-tasks'), [everything]),
    ),
    ways: { a: 'conditional' },
    admins: { b: 'yes' },
  },
  {
    name: 'to a build',
    account: details(user('a', [pass('b'), allow('codebuild:*')]), role('b', service('codebuild'), [everything])),
    ways: { a: 'proven' },
    admins: { b: 'yes' },
  },
  {
    name: 'denied by the organization',
    account: details(user('a', [pass('runs-lambda'), makeFunctions]), runsLambda),
    scps: [[everything, deny('lambda:CreateFunction')]],
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'to a function, over a role in between',
    account: details(
      user('a', [allow('sts:AssumeRole', roleArn('b'))]),
      role('b', trusting(accountRoot), [pass('runs-lambda'), makeFunctions]),
      runsLambda,
    ),
    ways: { a: 'proven', b: 'proven' },
    admins: { 'runs-lambda': 'yes' },
  },

  // Using what runs already
  {
    name: 'the code of a function',
    account: details(user('a', [allow(['lambda:UpdateFunctionCode', 'lambda:InvokeFunction'])]), runsLambda),
    ways: { a: 'conditional' },
    admins: { 'runs-lambda': 'yes' },
  },
  {
    name: 'the code of a function, when none has such a role',
    account: details(user('a', [allow('lambda:*')]), role('b', service('lambda'), [allow('s3:Get*')])),
  },
  {
    name: 'a session on an instance',
    account: details(user('a', [allow('ssm:StartSession')]), role('b', service('ec2'), [everything], { profile: true })),
    ways: { a: 'conditional' },
    admins: { b: 'yes' },
  },
  {
    name: 'a command on an instance without a role',
    account: details(user('a', [allow('ssm:SendCommand')]), role('b', service('ec2'), [allow('s3:Get*')], { profile: true })),
  },
]
