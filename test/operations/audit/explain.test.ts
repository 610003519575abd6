import { describe, expect, test } from 'vitest'
import { explainRequest, type MorePolicies } from '../../../src/operations/audit/explain/explain.ts'
import { readPolicy } from '../../../src/operations/policy/document.ts'
import {
  account,
  accountOf,
  accountRoot,
  allow,
  deny,
  document,
  group,
  policy,
  policyArn,
  role,
  roleArn,
  trusting,
  user,
  userArn,
  when,
} from './build.ts'

const none: MorePolicies = { rcps: [], session: undefined, resource: undefined }
const object = 'arn:aws:s3:::data/key'
const office = when({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })
const policyOf = (name: string, ...statements: Record<string, unknown>[]) =>
  readPolicy({ name, document: document(...statements), resourceBased: true })

function explain(
  parts: readonly ReturnType<typeof user>[],
  [principal, action, resource]: readonly [string, string, string],
  more: Partial<MorePolicies> = {},
  context: readonly string[] = [],
) {
  return explainRequest(accountOf(...parts), { principal, action, resource, context }, { ...none, ...more })
}

describe('the verdict', () => {
  test('names the statement that allows, and the group that it comes from', async () => {
    const parts = [user('bob', [], { groups: ['readers'] }), group('readers', [allow('s3:Get*', '*', { Sid: 'Read' })])]
    const found = await explain(parts, ['bob', 's3:getobject', object])
    expect(found).toMatchObject({ verdict: 'allowed', principal: userArn('bob'), action: 's3:GetObject' })
    expect(found.because).toMatch(/inline of group readers, statement 1 \(Read\)/)
    expect(found.layers.map(({ kind, effect }) => [kind, effect])).toEqual([
      ['identity', 'silent'],
      ['group', 'allows'],
    ])
  })

  test('depends on a key that is not known, and is decided by its value', async () => {
    const parts = [user('bob', [allow('s3:GetObject', '*', office)])]
    const request = ['user/bob', 's3:GetObject', object] as const
    const open = await explain(parts, request)
    expect(open).toMatchObject({ verdict: 'depends', on: ['aws:SourceIp IpAddress 203.0.113.0/24'] })
    expect(open.openKeys).toEqual(['aws:SourceIp is in each request, its value is not known'])
    expect((await explain(parts, request, {}, ['aws:SourceIp=203.0.113.7'])).verdict).toBe('allowed')
    expect((await explain(parts, request, {}, ['aws:SourceIp=198.51.100.1'])).verdict).toBe('denied')
    expect((await explain(parts, request, {}, ['aws:SourceIp'])).verdict).toBe('denied')
  })

  test('says what the caller has to choose', async () => {
    const region = when({ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } })
    const found = await explain([user('bob', [allow('sqs:*', '*', region)])], ['bob', 'sqs:SendMessage', '*'])
    expect(found).toMatchObject({ verdict: 'allowed', choices: { 'aws:requestedregion': 'eu-west-1' } })
  })

  const bounded = [user('bob', [allow('s3:*')], { boundary: policyArn('fence') }), policy('fence', [allow('s3:List*')])]
  test.each([
    ['a boundary that does not name the action', bounded, {}, /not allowed by the permissions boundary fence/],
    ['an explicit Deny', [user('bob', [allow('*'), deny('s3:*')])], {}, /explicit Deny in inline of bob, statement 2/],
    [
      'a session policy',
      [user('bob', [allow('*')])],
      { session: [policyOf('s', allow('sqs:*'))] },
      /not allowed by the session policy/,
    ],
    [
      'a resource control policy',
      [user('bob', [allow('*')])],
      { rcps: [policyOf('r', { ...deny('s3:*'), Principal: '*' })] },
      /explicit Deny in r, statement 1/,
    ],
    [
      'the policy of the resource',
      [user('bob', [allow('*')])],
      { resource: policyOf('b', { ...deny('s3:*'), Principal: '*' }) },
      /explicit Deny in b, statement 1/,
    ],
  ] as const)('is denied by %s', async (_what, parts, more, because) => {
    const found = await explain(parts, ['bob', 's3:GetObject', object], more)
    expect(found.verdict).toBe('denied')
    expect(found.because).toMatch(because)
  })

  test('takes the trust policy of a role as the policy of the resource', async () => {
    const caller = user('bob', [allow('sts:AssumeRole')])
    const ask = (trust: Record<string, unknown>) => explain([caller, role('r', trust)], ['bob', 'sts:AssumeRole', roleArn('r')])
    expect((await ask(trusting(accountRoot))).verdict).toBe('allowed')
    expect((await ask(trusting(userArn('eve')))).because).toMatch(/policy of the resource does not allow it, and it must/)
    const mfa = await ask(trusting(accountRoot, when({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } })))
    expect(mfa).toMatchObject({ verdict: 'depends', on: ['aws:MultiFactorAuthPresent Bool true'] })
  })

  test('lets the policy of the resource allow alone what it allows the principal itself', async () => {
    const bucket = policyOf('b', { Effect: 'Allow', Principal: { AWS: userArn('bob') }, Action: 's3:GetObject', Resource: '*' })
    expect((await explain([user('bob')], ['bob', 's3:GetObject', object], { resource: bucket })).verdict).toBe('allowed')
    // In a different account, both sides have to.
    const queue = ['bob', 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:999999999999:q'] as const
    expect(
      (await explain([user('bob')], queue, { resource: policyOf('q', { ...allow('sqs:*'), Principal: '*' }) })).verdict,
    ).toBe('denied')
    expect((await explain([user('bob', [allow('sqs:*')])], queue)).verdict).toBe('depends')
  })
})

describe('what users of other tools reported', () => {
  const region = when({ StringEquals: { 'aws:RequestedRegion': 'us-east-1' } })
  const tag = when({ StringEquals: { 'ec2:ResourceTag/some_tag': 'true' } })
  const volume = 'arn:aws:ec2:us-west-2:123456789012:volume/vol-1'

  test('keys of service control policies are open as well (aws-cli#10525)', async () => {
    const guard = readPolicy({
      name: 'guard',
      document: document(allow('*'), deny('s3:*', '*', when({ StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } }))),
    })
    const found = await explainRequest(
      { ...accountOf(user('bob', [allow('*')])), scps: [[guard]] },
      { principal: 'bob', action: 's3:GetObject', resource: object, context: [] },
      none,
    )
    expect(found).toMatchObject({ verdict: 'depends', on: ['not: aws:SourceVpc StringNotEquals vpc-1'] })
    expect(found.openKeys.join()).toMatch(/aws:SourceVpc/)
  })

  test('keys of other actions are not asked for (boto3#3111)', async () => {
    const parts = [user('bob', [allow('s3:ListBucket'), allow('s3:GetObject', '*', office)])]
    expect((await explain(parts, ['bob', 's3:ListBucket', 'arn:aws:s3:::data'])).openKeys).toEqual([])
  })

  test('a region in a boundary is for the caller to choose (amazon-ecs-exec-checker#44)', async () => {
    const parts = [
      role('task', trusting(accountRoot), [allow('ssmmessages:*')], { boundary: policyArn('fence') }),
      policy('fence', [allow('*', '*', region)]),
    ]
    expect(await explain(parts, ['task', 'ssmmessages:CreateControlChannel', '*'])).toMatchObject({
      verdict: 'allowed',
      choices: { 'aws:requestedregion': 'us-east-1' },
    })
  })

  test('a tag of a resource is open until it is given (aws-sdk-java-v2#1751)', async () => {
    const parts = [user('bob', [allow('ec2:DeleteVolume', 'arn:aws:ec2:*:*:volume/*', tag)])]
    expect((await explain(parts, ['bob', 'ec2:DeleteVolume', volume])).verdict).toBe('depends')
    expect((await explain(parts, ['bob', 'ec2:DeleteVolume', volume], {}, ['ec2:ResourceTag/some_tag=true'])).verdict).toBe(
      'allowed',
    )
  })

  test('a policy that is only a boundary is read (PMapper#121)', async () => {
    const parts = [
      user('bob', [allow('*')], { boundary: policyArn('fence') }),
      policy('fence', [allow('sqs:*')], { attachments: 0 }),
    ]
    expect((await explain(parts, ['bob', 'sqs:SendMessage', '*'])).layers.map(({ kind, effect }) => [kind, effect])).toEqual([
      ['identity', 'allows'],
      ['boundary', 'allows'],
    ])
  })
})

test.each([
  [['bop', 's3:GetObject', '*'], 'did you mean: user/bob?'],
  [['bob', 's3:GetObjct', '*'], 'did you mean s3:GetObject?'],
  [['bob', 's4:GetObject', '*'], /^did you mean \w+:GetObject\?$/],
  [['bob', 's3:Get*', '*'], /without wildcards/],
  [['bob', 's3:GetObject', 'data'], /such as arn:aws:s3/],
  [['twin', 's3:GetObject', '*'], 'name one of: user/twin, role/twin'],
] as const)('%j gets the nearest name', async (request, next) => {
  const parts = [user('bob'), user('twin'), role('twin', trusting(`arn:aws:iam::${account}:root`))]
  await expect(explain(parts, request)).rejects.toMatchObject({
    code: 'audit-question',
    next: typeof next === 'string' ? next : expect.stringMatching(next),
  })
})
