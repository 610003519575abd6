import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { accountFrom, checkedDetails } from '../../../src/operations/audit/account/details.ts'
import { type Audit, audit } from '../../../src/operations/audit/audit.ts'
import { existingPassRolePaths, newPassRolePaths } from '../../../src/operations/audit/escalation/catalogue.ts'
import { readPolicy } from '../../../src/operations/policy/document.ts'
import {
  account,
  accountOf,
  accountRoot,
  allow,
  deny,
  document,
  group,
  now,
  policy,
  policyArn,
  role,
  roleArn,
  service,
  trusting,
  user,
  when,
} from './build.ts'
import { type Case, corpus } from './corpus.ts'

function auditCase({ account: text, scps = [] }: Case): Promise<Audit> {
  const levels = scps.map((level, at) => [readPolicy({ name: `level ${at}`, document: document(...level) })])
  const found = accountFrom(checkedDetails(text, 'corpus'), { source: 'account', readAt: now })
  return audit({ ...found, scps: levels }, now)
}

const shortName = (arn: string): string => arn.split('/').at(-1) ?? ''

describe('the labelled corpus', () => {
  test.each(corpus)('$name', async (one) => {
    const { principals } = await auditCase(one)
    const seen = principals.map(({ arn, admin, escalation }) => [shortName(arn), admin, escalation.verdict])
    const expected = principals.map(({ arn }) => [
      shortName(arn),
      one.admins?.[shortName(arn)] ?? 'no',
      one.escalations?.[shortName(arn)] ?? 'none',
    ])
    expect(seen).toEqual(expected)
  })

  test('precision and recall', async () => {
    const verdicts: { seen: string; expected: string }[] = []
    for (const one of corpus) {
      const { principals } = await auditCase(one)
      verdicts.push(
        ...principals.map(({ arn, escalation }) => ({
          seen: escalation.verdict,
          expected: one.escalations?.[shortName(arn)] ?? 'none',
        })),
      )
    }
    const right = verdicts.filter(({ seen, expected }) => seen === expected && expected !== 'none').length
    const precision = right / verdicts.filter(({ seen }) => seen !== 'none').length
    const recall = right / verdicts.filter(({ expected }) => expected !== 'none').length
    process.stdout.write(
      `audit iam, ${corpus.length} accounts: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)} of ${right} paths\n`,
    )
    expect({ precision, recall }).toEqual({ precision: 1, recall: 1 })
  })
})

describe('the catalogue', () => {
  interface Path {
    readonly id: string
    readonly required: readonly string[]
  }
  const { paths }: { paths: readonly Path[] } = JSON.parse(
    readFileSync(new URL('escalation-paths.json', import.meta.url), 'utf8'),
  )
  const services = paths.filter(({ id }) => !/^(?:iam|sts)-/.test(id))

  test.each(services)('contains $id with its actions', ({ id, required }) => {
    const way = [...newPassRolePaths, ...existingPassRolePaths].find((one) => one.id === id)
    const passes = newPassRolePaths.some((one) => one.id === id) ? ['iam:PassRole'] : []
    // The PassRole paths also require iam:PassRole.
    expect([...passes, ...(way?.actions ?? [])].toSorted()).toEqual([...required].toSorted())
  })

  /** An actor with exactly the actions of a path, and administrators as targets. */
  function scene(required: readonly string[]) {
    const actions = allow([...required])
    const actorIsRole = required.some((action) => /^iam:(?:Put|Attach)RolePolicy$/.test(action)) && required.length === 1
    const targets = [user('root', [allow('*')]), role('top', trusting(accountRoot), [allow('*')])]
    const actor = actorIsRole ? role('actor', service('ec2'), [actions]) : user('actor', [actions], { groups: ['mine'] })
    return { actor, targets }
  }

  test.each(paths.filter(({ id }) => /^(?:iam|sts)-/.test(id)))('finds $id', async ({ required }) => {
    const { actor, targets } = scene(required)
    const own = {
      Arn: `arn:aws:iam::${account}:policy/own`,
      PolicyName: 'own',
      AttachmentCount: 1,
      DefaultVersionId: 'v1',
      PolicyVersionList: [{ VersionId: 'v1', IsDefaultVersion: true, Document: document(allow('s3:Get*')) }],
    }
    const groups = ['mine', 'admins'].map((name) => ({
      Arn: `arn:aws:iam::${account}:group/${name}`,
      GroupName: name,
      GroupPolicyList: name === 'admins' ? [{ PolicyName: 'p', PolicyDocument: document(allow('*')) }] : [],
      AttachedManagedPolicies: [],
    }))
    const withOwn = { ...actor, AttachedManagedPolicies: [{ PolicyArn: own.Arn }] }
    const { principals } = await audit(accountOf(withOwn, ...targets, ...groups, own), now)
    expect(principals.find(({ arn }) => arn.endsWith('/actor'))?.escalation.verdict).toBe('proven')
  })
})

describe('what a principal may do after it has changed itself', () => {
  const admin = allow('*')
  const noIam = deny('iam:Put*')
  const scenes: readonly (readonly [what: string, parts: readonly ReturnType<typeof user>[], expected: string])[] = [
    [
      'detaches the policy that denies',
      [
        user('mal', [admin], { policies: [policyArn('guard')] }),
        policy('guard', [deny(['s3:*', 'ec2:*', 'kms:*', 'lambda:*', 'rds:*'])]),
      ],
      'proven',
    ],
    [
      'detaches the policy that denies what it needs',
      [
        user('mal', [allow(['iam:DetachUserPolicy', 'iam:PutUserPolicy'])], { policies: [policyArn('guard')] }),
        policy('guard', [noIam]),
      ],
      'proven',
    ],
    [
      'is denied that, too',
      [
        user('mal', [allow(['iam:DetachUserPolicy', 'iam:PutUserPolicy'])], { policies: [policyArn('guard')] }),
        policy('guard', [deny(['iam:Put*', 'iam:Detach*'])]),
      ],
      'none',
    ],
    [
      'leaves the group that denies',
      [
        user('mal', [allow(['iam:RemoveUserFromGroup', 'iam:PutUserPolicy'])], { groups: ['guarded'] }),
        group('guarded', [noIam]),
      ],
      'proven',
    ],
    [
      'joins a group that may attach policies, and attaches one',
      [user('mal', [allow('iam:AddUserToGroup')]), group('attachers', [allow(['iam:AttachUserPolicy'])])],
      'proven',
    ],
    [
      'joins a group that may only list',
      [user('mal', [allow('iam:AddUserToGroup')]), group('readers', [allow(['iam:List*'])])],
      'none',
    ],
    [
      'joins two groups: the first may leave what denies, the second is denied before',
      [
        user('mal', [allow('iam:AddUserToGroup')], { groups: ['guarded'] }),
        group('guarded', [deny('iam:Attach*')]),
        group('leavers', [allow('iam:RemoveUserFromGroup')]),
        group('attachers', [allow('iam:AttachUserPolicy')]),
      ],
      'proven',
    ],
    [
      'rewrites its own boundary',
      [
        user('mal', [allow(['iam:CreatePolicyVersion', 'iam:PutUserPolicy'])], { boundary: policyArn('limit') }),
        policy('limit', [allow(['iam:CreatePolicyVersion', 's3:*'])]),
      ],
      'proven',
    ],
    [
      'tags itself for a policy that asks for the tag',
      [
        user('mal', [
          allow('iam:TagUser'),
          allow('iam:PutUserPolicy', '*', when({ StringEquals: { 'aws:PrincipalTag/team': 'ops' } })),
        ]),
      ],
      'proven',
    ],
    [
      'may not tag itself',
      [user('mal', [allow('iam:PutUserPolicy', '*', when({ StringEquals: { 'aws:PrincipalTag/team': 'ops' } }))])],
      'none',
    ],
    [
      'takes an older version of its policy that may write one',
      [
        user('mal', [], { policies: [policyArn('own')] }),
        policy('own', [allow('iam:SetDefaultPolicyVersion')], { older: [allow('iam:PutUserPolicy')] }),
      ],
      'proven',
    ],
    [
      'calls through CloudFormation, which a condition asks for',
      [user('mal', [allow('cloudformation:*'), allow('iam:*', '*', when({ Bool: { 'aws:ViaAWSService': 'true' } }))])],
      'proven',
    ],
    [
      'makes a user with a password',
      [user('mal', [allow(['iam:CreateUser', 'iam:CreateLoginProfile', 'iam:AttachUserPolicy'])])],
      'proven',
    ],
    [
      'has a role of Identity Center whose permissions lead there',
      [
        role(
          'AWSReservedSSO_Dev_0123456789abcdef',
          service('sso'),
          [allow('iam:CreatePolicyVersion'), allow(['iam:CreateRole', 'iam:AttachRolePolicy'])],
          { path: '/aws-reserved/sso.amazonaws.com/' },
        ),
      ],
      'proven',
    ],
    [
      'is limited to a Region that IAM does not have',
      [user('mal', [allow('iam:PutUserPolicy', '*', when({ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }))])],
      'none',
    ],
  ]

  test.each(scenes)('%s', async (_, parts, expected) => {
    const { principals, findings } = await audit(accountOf(...parts), now)
    const found = principals[0]
    expect(found?.escalation.verdict).toBe(expected)
    expect(findings.some(({ rule, resource }) => rule === 'escalation' && resource === found?.arn)).toBe(expected !== 'none')
  })

  test('a revocation of older sessions changes nothing for new ones', async () => {
    const revoked = deny('*', '*', when({ DateLessThan: { 'aws:TokenIssueTime': '2026-01-01T00:00:00Z' } }))
    const { principals } = await audit(
      accountOf(user('key', [admin, revoked]), role('ops', trusting(accountRoot), [admin, revoked])),
      now,
    )
    expect(principals.map(({ admin: verdict }) => verdict)).toEqual(['yes', 'yes'])
  })
})

describe('a role that is passed', () => {
  const paths: readonly (readonly [service: string, actions: readonly string[], expected: string])[] = [
    ['scheduler', ['scheduler:CreateSchedule'], 'proven'],
    ['states', ['states:CreateStateMachine', 'states:StartExecution'], 'proven'],
    ['ssm', ['ssm:CreateDocument', 'ssm:StartAutomationExecution'], 'proven'],
    ['rolesanywhere', ['rolesanywhere:CreateTrustAnchor', 'rolesanywhere:CreateProfile'], 'proven'],
    ['ecs-tasks', ['batch:RegisterJobDefinition', 'batch:SubmitJob'], 'conditional'],
    ['ec2', ['iam:CreateInstanceProfile', 'iam:AddRoleToInstanceProfile', 'ec2:RunInstances'], 'proven'],
    ['ec2', ['ec2:RunInstances'], 'none'],
    ['emr-serverless', ['emr-serverless:CreateApplication', 'emr-serverless:StartJobRun'], 'proven'],
    ['bedrock-agentcore', ['bedrock-agentcore:CreateBrowser', 'bedrock-agentcore:StartBrowserSession'], 'proven'],
  ]
  test.each(paths)('to %s, with %j: %s', async (name, actions, expected) => {
    const { principals } = await audit(
      accountOf(user('mal', [allow(['iam:PassRole', ...actions])]), role('top', service(name), [allow('*')])),
      now,
    )
    expect(principals.find(({ arn }) => arn.endsWith('/mal'))?.escalation.verdict).toBe(expected)
  })

  test.each([
    ['lambda', ['lambda:UpdateFunctionConfiguration']],
    ['ecs-tasks', ['ecs:ExecuteCommand']],
  ] as const)('is used where it runs already, if something runs: %s', async (name, actions) => {
    const { principals } = await audit(
      accountOf(user('mal', [allow([...actions])]), role('top', service(name), [allow('*')])),
      now,
    )
    expect(principals.find(({ arn }) => arn.endsWith('/mal'))?.escalation.verdict).toBe('conditional')
  })
})

describe('an escalation path', () => {
  test('is the shortest, and names each step and the statement to change', async () => {
    const { principals, findings } = await audit(
      accountOf(
        user('a', [allow('sts:AssumeRole', [roleArn('long'), roleArn('short')])]),
        role('long', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('short'))]),
        role('short', trusting(accountRoot), [allow('sts:AssumeRole', roleArn('top'))]),
        role('top', trusting(accountRoot), [allow('*')]),
      ),
      now,
    )
    const [path] = principals.find(({ arn }) => arn.endsWith('user/a'))?.escalation.paths ?? []
    expect(path?.steps.map(({ from, to }) => [shortName(from), shortName(to ?? '')])).toEqual([
      ['a', 'short'],
      ['short', 'top'],
    ])
    expect(path?.cut).toBe('remove sts:AssumeRole from inline of a, statement 1, or restrict it to the resources that it needs')
    expect(findings.find(({ rule, resource }) => rule === 'escalation' && resource.endsWith('user/a'))?.title).toBe(
      'a can escalate to administrator in 2 steps',
    )
  })
  test('says when other paths remain', async () => {
    const { principals } = await audit(
      accountOf(
        user('a', [allow('sts:AssumeRole', roleArn('top')), allow('iam:PutUserPolicy')]),
        role('top', trusting(accountRoot), [allow('*')]),
      ),
      now,
    )
    expect(principals.find(({ arn }) => arn.endsWith('user/a'))?.escalation.paths[0]?.cut).toMatch(/other paths remain$/)
  })
  test('uses the functions and stacks of a live run', async () => {
    const found = accountOf(
      user('a', [allow(['lambda:UpdateFunctionCode', 'lambda:InvokeFunction'])]),
      role('top', service('lambda'), [allow('*')]),
    )
    const workloads = [{ arn: `arn:aws:lambda:us-east-1:${account}:function:f`, kind: 'function' as const, role: roleArn('top') }]
    const { principals } = await audit({ ...found, facts: { ...found.facts, workloads } }, now)
    expect(principals.find(({ arn }) => arn.endsWith('user/a'))?.escalation.verdict).toBe('proven')
  })
})

describe('paths through other ways to sign in', () => {
  const sso = role('AWSReservedSSO_Dev_1', trusting('*'), [], { path: '/aws-reserved/sso.amazonaws.com/' })
  const verdictOf = async (actions: string[], ...others: Record<string, unknown>[]) => {
    const { principals } = await audit(accountOf(user('actor', [allow(actions)]), ...others), now)
    return principals.find(({ arn }) => arn.endsWith('/actor'))?.escalation
  }
  test.each([
    [['sso:PutInlinePolicyToPermissionSet', 'sso:ProvisionPermissionSet'], 'apigw-sso-inline'],
    [['sso:AttachManagedPolicyToPermissionSet', 'sso:ProvisionPermissionSet'], 'apigw-sso-managed'],
    [['sso:CreateAccountAssignment'], 'apigw-sso-assignment'],
  ])('%s changes a permission set, where the account has one', async (actions, id) => {
    expect(await verdictOf(actions, sso)).toMatchObject({ verdict: 'conditional', paths: [{ ids: [id] }] })
    expect(await verdictOf(actions)).toMatchObject({ verdict: 'none' })
    expect(await verdictOf(actions.slice(1), sso)).toMatchObject({ verdict: 'none' })
    const { principals } = await audit(
      accountOf(user('actor', [allow(actions, ['arn:aws:sso:::instance/i', 'arn:aws:sso:::permissionSet/i/*'])]), sso),
      now,
    )
    expect(principals.find(({ arn }) => arn.endsWith('/actor'))?.escalation.verdict).toBe('conditional')
  })
  test('setting the roles of an identity pool gives a role that trusts Cognito', async () => {
    const trust = (aud: string, amr: string) => ({
      Effect: 'Allow',
      Principal: { Federated: 'cognito-identity.amazonaws.com' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: { 'cognito-identity.amazonaws.com:aud': aud },
        'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': amr },
      },
    })
    const top = role('top', trust('pool', 'authenticated'), [allow('*')])
    const both = ['iam:PassRole', 'cognito-identity:SetIdentityPoolRoles']
    expect(await verdictOf(both, top)).toMatchObject({ verdict: 'conditional', paths: [{ ids: ['apigw-cognito-roles'] }] })
    expect((await verdictOf(both, role('top', service('lambda'), [allow('*')])))?.verdict).toBe('none')
    expect((await verdictOf(['iam:PassRole'], top))?.verdict).toBe('none')
  })
})
