import { describe, expect, test } from 'vitest'
import type { Context, Known } from '../../../src/operations/audit/policy/context.ts'
import { absent, value } from '../../../src/operations/audit/policy/context.ts'
import { type Policy, readPolicy } from '../../../src/operations/audit/policy/document.ts'
import { decide, decideAnywhere, type Request, type Subject } from '../../../src/operations/audit/policy/evaluate.ts'
import { mayAssume, serviceMayAssume } from '../../../src/operations/audit/policy/trust.ts'
import { account, accountRoot, allow, deny, document, roleArn, service, trusting, userArn, when } from './build.ts'

type Json = Record<string, unknown>

const policyOf = (...statements: Json[]): Policy => readPolicy({ name: 'policy', document: document(...statements) })
const me: Context = new Map<string, Known>([
  ['aws:username', value('jane')],
  ['aws:principalarn', value(userArn('jane'))],
  ['aws:principaltag/', absent],
  ['aws:principaltag/team', value('blue')],
  ['aws:currenttime', value('2026-11-24T00:00:00Z')],
])

function subject(statements: readonly Json[], more: Partial<Subject> = {}): Subject {
  return { identity: [policyOf(...statements)], boundary: undefined, scps: [], context: me, ...more }
}

const bucket = 'arn:aws:s3:::data/key'

function verdict(of: Subject, request: Partial<Request> = {}): string {
  return decide(of, { action: 's3:GetObject', resource: bucket, ...request }).verdict
}

describe('actions and resources', () => {
  test.each([
    ['named', [allow('s3:GetObject')], 'allowed'],
    ['in another case', [allow('S3:getobject')], 'allowed'],
    ['by a star', [allow('s3:Get*')], 'allowed'],
    ['by a question mark', [allow('s3:GetObjec?')], 'allowed'],
    ['not by a question mark for nothing', [allow('s3:GetObject?')], 'denied'],
    ['another', [allow('s3:PutObject')], 'denied'],
    ['nothing', [], 'denied'],
    ['another resource', [allow('s3:GetObject', 'arn:aws:s3:::other/*')], 'denied'],
    ['a resource in another case', [allow('s3:GetObject', 'arn:aws:s3:::Data/*')], 'denied'],
    ['one of several resources', [allow('s3:GetObject', ['arn:aws:s3:::other/*', 'arn:aws:s3:::data/*'])], 'allowed'],
    ['NotAction that leaves it', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], 'allowed'],
    ['NotAction that names it', [{ Effect: 'Allow', NotAction: ['iam:*', 's3:Get*'], Resource: '*' }], 'denied'],
    ['NotResource that leaves it', [{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::other/*' }], 'allowed'],
    ['NotResource that names it', [{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::data/*' }], 'denied'],
    [
      'two NotActions add up',
      [
        { Effect: 'Allow', NotAction: 's3:*', Resource: '*' },
        { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' },
      ],
      'allowed',
    ],
    ['denied', [allow('*'), deny('s3:*')], 'denied'],
    ['a Deny of another resource', [allow('*'), deny('s3:*', 'arn:aws:s3:::other/*')], 'allowed'],
    ['a Deny with NotAction', [allow('*'), { Effect: 'Deny', NotAction: 'ec2:*', Resource: '*' }], 'denied'],
    ['a Deny with NotAction that names it', [allow('*'), { Effect: 'Deny', NotAction: 's3:*', Resource: '*' }], 'allowed'],
    ['a Deny with NotResource', [allow('*'), { Effect: 'Deny', Action: '*', NotResource: 'arn:aws:s3:::other/*' }], 'denied'],
  ])('%s', (_name, statements, expected) => {
    expect(verdict(subject(statements as Json[]))).toBe(expected)
  })
  test('a permission may be split over policies', () => {
    const split = { ...subject([]), identity: [policyOf(allow('s3:ListBucket')), policyOf(allow('s3:GetObject'))] }
    expect(verdict(split)).toBe('allowed')
    expect(verdict({ ...split, identity: [...split.identity, policyOf(deny('s3:GetObject'))] })).toBe('denied')
  })
})

describe('variables', () => {
  const own = 'arn:aws:s3:::data/${aws:username}'
  test.each([
    ['a known one', [allow('*', own)], 'arn:aws:s3:::data/jane', 'allowed'],
    ['a known one for another', [allow('*', own)], 'arn:aws:s3:::data/john', 'denied'],
    ['one that is not known', [allow('*', 'arn:aws:s3:::data/${aws:SourceVpc}')], bucket, 'conditional'],
    ['one that is not known, elsewhere', [allow('*', 'arn:aws:s3:::other/${aws:SourceVpc}')], bucket, 'denied'],
    ['a tag', [allow('*', 'arn:aws:s3:::data/${aws:PrincipalTag/team}')], 'arn:aws:s3:::data/blue', 'allowed'],
    ['a tag that is not there', [allow('*', 'arn:aws:s3:::data/${aws:PrincipalTag/none}')], 'arn:aws:s3:::data/', 'denied'],
    [
      'a tag with a default',
      [allow('*', "arn:aws:s3:::data/${aws:PrincipalTag/none, 'all'}")],
      'arn:aws:s3:::data/all',
      'allowed',
    ],
    ['a star that is meant', [allow('*', 'arn:aws:s3:::data/${*}')], 'arn:aws:s3:::data/*', 'allowed'],
    ['a star that is meant is no wildcard', [allow('*', 'arn:aws:s3:::data/${*}')], bucket, 'denied'],
  ])('%s', (_name, statements, resource, expected) => {
    expect(verdict(subject(statements as Json[]), { resource })).toBe(expected)
  })
  test('the language of 2008 has none', () => {
    const old = readPolicy({ name: 'old', document: { Version: '2008-10-17', Statement: [allow('*', own)] } })
    expect(verdict({ ...subject([]), identity: [old] }, { resource: 'arn:aws:s3:::data/jane' })).toBe('denied')
  })
  test('a value with a star in it is no wildcard', () => {
    const context = new Map([...me, ['aws:username', value('*')] as const])
    expect(verdict(subject([allow('*', own)], { context }), { resource: bucket })).toBe('denied')
  })
})

describe('conditions', () => {
  const given = (operator: string, key: string, ...values: string[]): Json => when({ [operator]: { [key]: values } })
  test.each([
    // Known values
    ['StringEquals', 'aws:username', ['jane'], 'allowed'],
    ['StringEquals', 'AWS:UserName', ['john', 'jane'], 'allowed'],
    ['StringEquals', 'aws:username', ['Jane'], 'denied'],
    ['StringEqualsIgnoreCase', 'aws:username', ['JANE'], 'allowed'],
    ['StringNotEquals', 'aws:username', ['john', 'jane'], 'denied'],
    ['StringNotEquals', 'aws:username', ['john'], 'allowed'],
    ['StringNotEqualsIgnoreCase', 'aws:username', ['JANE'], 'denied'],
    ['StringLike', 'aws:username', ['j?ne'], 'allowed'],
    ['StringNotLike', 'aws:username', ['j*'], 'denied'],
    ['ArnLike', 'aws:PrincipalArn', ['arn:aws:iam::*:user/*'], 'allowed'],
    ['ArnEquals', 'aws:PrincipalArn', ['arn:aws:iam::*:role/*'], 'denied'],
    ['ArnNotLike', 'aws:PrincipalArn', ['arn:aws:iam::*:role/*'], 'allowed'],
    ['DateGreaterThan', 'aws:CurrentTime', ['2020-01-01T00:00:00Z'], 'allowed'],
    ['DateLessThan', 'aws:CurrentTime', ['2020-01-01T00:00:00Z'], 'denied'],
    ['Bool', 'aws:SecureTransport', ['true'], 'allowed'],
    ['Bool', 'aws:SecureTransport', ['false'], 'denied'],
    ['Bool', 'aws:ViaAWSService', ['true'], 'denied'],
    ['Null', 'aws:PrincipalTag/none', ['true'], 'allowed'],
    ['Null', 'aws:PrincipalTag/team', ['true'], 'denied'],
    ['Null', 'aws:PrincipalTag/team', ['false'], 'allowed'],
    // A key that is not there
    ['StringEquals', 'aws:PrincipalTag/none', ['x'], 'denied'],
    ['StringNotEquals', 'aws:PrincipalTag/none', ['x'], 'allowed'],
    ['StringEqualsIfExists', 'aws:PrincipalTag/none', ['x'], 'allowed'],
    ['ForAllValues:StringEquals', 'aws:CalledVia', ['x'], 'allowed'],
    ['ForAnyValue:StringEquals', 'aws:CalledVia', ['x'], 'denied'],
    // A value that is not known
    ['Bool', 'aws:MultiFactorAuthPresent', ['true'], 'conditional'],
    ['IpAddress', 'aws:SourceIp', ['10.0.0.0/8'], 'conditional'],
    ['NotIpAddress', 'aws:SourceIp', ['10.0.0.0/8'], 'conditional'],
    ['StringEquals', 'aws:SourceVpc', ['vpc-1'], 'conditional'],
    ['NumericLessThan', 'aws:MultiFactorAuthAge', ['300'], 'conditional'],
    // What is always so restricts nothing
    ['IpAddress', 'aws:SourceIp', ['0.0.0.0/0'], 'allowed'],
    ['IpAddress', 'aws:SourceIp', ['0.0.0.0/1', '128.0.0.0/1'], 'allowed'],
    ['StringLike', 'aws:userid', ['*'], 'allowed'],
    ['StringNotLike', 'aws:userid', ['*'], 'denied'],
    ['StringLikeIfExists', 'aws:SourceVpc', ['*'], 'allowed'],
    // What the caller chooses
    ['StringEquals', 'aws:RequestedRegion', ['eu-west-1'], 'allowed'],
    ['StringEquals', 'aws:UserAgent', ['secret'], 'allowed'],
    ['StringLike', 'aws:RequestTag/team', ['blue*'], 'allowed'],
    // An operator that nobody knows
    ['StringResembles', 'aws:username', ['jane'], 'conditional'],
  ])('%s %s %s: %s', (operator, key, values, expected) => {
    expect(verdict(subject([allow('*', '*', given(operator, key, ...values))]))).toBe(expected)
  })
  test('all keys must hold', () => {
    const both = when({ StringEquals: { 'aws:username': 'jane' }, Bool: { 'aws:SecureTransport': 'false' } })
    expect(verdict(subject([allow('*', '*', both)]))).toBe('denied')
  })
  test.each([
    ['a Deny that holds', given('StringEquals', 'aws:username', 'jane'), 'denied'],
    ['a Deny that does not', given('StringEquals', 'aws:username', 'john'), 'allowed'],
    ['a Deny that may hold', given('BoolIfExists', 'aws:MultiFactorAuthPresent', 'false'), 'conditional'],
    ['a Deny that the caller avoids', given('StringEquals', 'aws:RequestedRegion', 'eu-west-1'), 'allowed'],
    ['a Deny of all regions but one', given('StringNotEquals', 'aws:RequestedRegion', 'eu-west-1'), 'allowed'],
  ])('%s', (_name, condition, expected) => {
    expect(verdict(subject([allow('*'), deny('*', '*', condition)]))).toBe(expected)
  })
  test('an Allow and a Deny on the same choice: no region meets one and avoids the other', () => {
    const region = (operator: string): Json => given(operator, 'aws:RequestedRegion', 'eu-west-1')
    expect(verdict(subject([allow('*', '*', region('StringEquals')), deny('*', '*', region('StringEquals'))]))).toBe('denied')
  })
  test('says on what it depends', () => {
    const found = decide(subject([allow('*', '*', given('Bool', 'aws:MultiFactorAuthPresent', 'true'))]), {
      action: 's3:GetObject',
      resource: bucket,
    })
    expect(found.on).toEqual(['aws:MultiFactorAuthPresent Bool true'])
  })
})

describe('layers', () => {
  const all = [allow('*')]
  test.each([
    ['a boundary that allows', { boundary: policyOf(allow('s3:*')) }, 'allowed'],
    ['a boundary that does not', { boundary: policyOf(allow('ec2:*')) }, 'denied'],
    ['a boundary that denies', { boundary: policyOf(allow('*'), deny('s3:*')) }, 'denied'],
    [
      'a boundary with a condition',
      { boundary: policyOf(allow('*', '*', when({ StringEquals: { 'aws:SourceVpc': 'v' } }))) },
      'conditional',
    ],
    ['service control policies that allow', { scps: [[policyOf(allow('*'))], [policyOf(allow('s3:*'))]] }, 'allowed'],
    ['one of a level is enough', { scps: [[policyOf(allow('ec2:*')), policyOf(allow('s3:*'))]] }, 'allowed'],
    ['a level that does not allow', { scps: [[policyOf(allow('*'))], [policyOf(allow('ec2:*'))]] }, 'denied'],
    ['a service control policy that denies', { scps: [[policyOf(allow('*'), deny('s3:GetObject'))]] }, 'denied'],
    ['a session policy that allows', { session: [policyOf(allow('s3:GetObject'))] }, 'allowed'],
    ['a session policy that does not', { session: [policyOf(allow('s3:PutObject'))] }, 'denied'],
  ])('%s', (_name, more, expected) => {
    expect(verdict(subject(all, more))).toBe(expected)
  })
  test('a boundary gives nothing', () => {
    expect(verdict(subject([], { boundary: policyOf(...all) }))).toBe('denied')
  })
})

describe('anything of a kind', () => {
  const kind = `arn:*:lambda:*:${account}:function:*`
  test.each([
    ['on everything', [allow('lambda:CreateFunction')], 'allowed'],
    ['on some', [allow('lambda:CreateFunction', 'arn:aws:lambda:*:*:function:dev-*')], 'allowed'],
    ['on something else', [allow('lambda:*', 'arn:aws:s3:::x')], 'denied'],
    ['of another account', [allow('lambda:*', 'arn:aws:lambda:*:999999999999:function:*')], 'denied'],
    [
      'all that is allowed is denied',
      [allow('lambda:*', 'arn:aws:lambda:*:*:function:dev-*'), deny('lambda:*', 'arn:aws:lambda:*:*:function:dev-*')],
      'denied',
    ],
    ['some of it is denied', [allow('lambda:*'), deny('lambda:*', 'arn:aws:lambda:*:*:function:prod-*')], 'allowed'],
    ['NotResource', [{ Effect: 'Allow', Action: 'lambda:*', NotResource: 'arn:aws:lambda:*:*:function:prod' }], 'allowed'],
  ])('%s', (_name, statements, expected) => {
    expect(decideAnywhere(subject(statements as Json[]), 'lambda:CreateFunction', kind).verdict).toBe(expected)
  })
})

describe('trust', () => {
  const asker = (type: 'user' | 'role', statements: readonly Json[], more: Partial<Subject> = {}) => ({
    ...subject(statements, more),
    type,
    account,
    arn: type === 'user' ? userArn('jane') : roleArn('jane'),
  })
  const target = (...statements: Json[]) => ({
    arn: roleArn('target'),
    trust: readPolicy({ name: 'trust', document: document(...statements), resourceBased: true }),
  })
  const assume = allow('sts:AssumeRole', roleArn('target'))
  test.each([
    ['the account, and he may', asker('user', [assume]), target(trusting(accountRoot)), 'allowed'],
    ['the account by its number', asker('user', [assume]), target(trusting(account)), 'allowed'],
    ['the account, and he may not', asker('user', []), target(trusting(accountRoot)), 'denied'],
    ['him, which is enough', asker('user', []), target(trusting(userArn('jane'))), 'allowed'],
    ['him, but he is denied', asker('user', [deny('sts:*')]), target(trusting(userArn('jane'))), 'denied'],
    ['another', asker('user', [assume]), target(trusting(userArn('john'))), 'denied'],
    ['another account', asker('user', [assume]), target(trusting('arn:aws:iam::999999999999:root')), 'denied'],
    ['a service', asker('user', [assume]), target(service('lambda')), 'denied'],
    ['everybody', asker('user', []), target(trusting('*')), 'allowed'],
    [
      'everybody but him',
      asker('user', [assume]),
      target({ Effect: 'Allow', NotPrincipal: { AWS: userArn('jane') }, Action: 'sts:AssumeRole' }),
      'denied',
    ],
    [
      'everybody but another',
      asker('user', []),
      target({ Effect: 'Allow', NotPrincipal: { AWS: userArn('john') }, Action: 'sts:AssumeRole' }),
      'allowed',
    ],
    [
      'him, and denies him',
      asker('user', [assume]),
      target(trusting(accountRoot), { Effect: 'Deny', Principal: { AWS: userArn('jane') }, Action: 'sts:*' }),
      'denied',
    ],
    [
      'him with MFA',
      asker('user', [assume]),
      target(trusting(accountRoot, when({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }))),
      'conditional',
    ],
    [
      'whoever is tagged, as he is',
      asker('user', [assume]),
      target(trusting(accountRoot, when({ StringEquals: { 'aws:PrincipalTag/team': 'blue' } }))),
      'allowed',
    ],
    [
      'whoever is tagged, as he is not',
      asker('user', [assume]),
      target(trusting(accountRoot, when({ StringEquals: { 'aws:PrincipalTag/team': 'red' } }))),
      'denied',
    ],
    [
      'a session of the role',
      asker('role', []),
      target(trusting(`arn:aws:sts::${account}:assumed-role/jane/session`)),
      'allowed',
    ],
    [
      'a user, whom his boundary does not hold',
      asker('user', [], { boundary: policyOf(allow('s3:*')) }),
      target(trusting(userArn('jane'))),
      'allowed',
    ],
    [
      'a role, which its boundary holds',
      asker('role', [], { boundary: policyOf(allow('s3:*')) }),
      target(trusting(roleArn('jane'))),
      'denied',
    ],
    [
      'him, but the organization does not allow it',
      asker('user', [], { scps: [[policyOf(allow('s3:*'))]] }),
      target(trusting(userArn('jane'))),
      'denied',
    ],
    ['only by another call', asker('user', [assume]), target({ ...trusting(accountRoot), Action: 'sts:TagSession' }), 'denied'],
  ] as const)('names %s', (_name, who, role, expected) => {
    expect(mayAssume(who, role).verdict).toBe(expected)
  })
  test('a service that is named, in any case, for this account', () => {
    expect(serviceMayAssume(target(service('lambda')), 'lambda.amazonaws.com', account).named).toBe('directly')
    expect(serviceMayAssume(target(service('Lambda')), 'lambda.amazonaws.com', account).named).toBe('directly')
    expect(serviceMayAssume(target(service('ec2')), 'lambda.amazonaws.com', account).named).toBe('no')
    const of = (id: string) => target(service('lambda', when({ StringEquals: { 'aws:SourceAccount': id } })))
    expect(serviceMayAssume(of(account), 'lambda.amazonaws.com', account)).toMatchObject({ named: 'directly', on: [] })
    expect(serviceMayAssume(of('999999999999'), 'lambda.amazonaws.com', account).named).toBe('no')
  })
})
