import { describe, expect, test } from 'vitest'
import type { KeyState, RequestContext } from '../../../src/operations/policy/context.ts'
import { absent, value } from '../../../src/operations/policy/context.ts'
import { type Policy, readPolicy } from '../../../src/operations/policy/document.ts'
import { decide, decideAnywhere, type PolicyRequest, type Subject } from '../../../src/operations/policy/evaluate.ts'
import { mayAssume, serviceMayAssume } from '../../../src/operations/policy/trust.ts'
import { account, accountRoot, allow, deny, document, roleArn, service, trusting, userArn, when } from './build.ts'

type JsonObject = Record<string, unknown>

const policyOf = (...statements: JsonObject[]): Policy => readPolicy({ name: 'policy', document: document(...statements) })
const me: RequestContext = new Map<string, KeyState>([
  ['aws:username', value('jane')],
  ['aws:principalarn', value(userArn('jane'))],
  ['aws:principaltag/', absent],
  ['aws:principaltag/team', value('blue')],
  ['aws:currenttime', value('2026-11-24T00:00:00Z')],
])

function subject(statements: readonly JsonObject[], more: Partial<Subject> = {}): Subject {
  return { identity: [policyOf(...statements)], boundary: undefined, scps: [], context: me, ...more }
}

const bucket = 'arn:aws:s3:::data/key'

function verdict(of: Subject, request: Partial<PolicyRequest> = {}): string {
  return decide(of, { action: 's3:GetObject', resource: bucket, ...request }).verdict
}

describe('actions and resources', () => {
  test.each([
    ['named', [allow('s3:GetObject')], 'allowed'],
    ['with different case', [allow('S3:getobject')], 'allowed'],
    ['with *', [allow('s3:Get*')], 'allowed'],
    ['with ?', [allow('s3:GetObjec?')], 'allowed'],
    ['? does not match an empty string', [allow('s3:GetObject?')], 'denied'],
    ['a different action', [allow('s3:PutObject')], 'denied'],
    ['without a statement', [], 'denied'],
    ['a different resource', [allow('s3:GetObject', 'arn:aws:s3:::other/*')], 'denied'],
    ['a resource with different case', [allow('s3:GetObject', 'arn:aws:s3:::Data/*')], 'denied'],
    ['one of several resources', [allow('s3:GetObject', ['arn:aws:s3:::other/*', 'arn:aws:s3:::data/*'])], 'allowed'],
    ['NotAction without the action', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], 'allowed'],
    ['NotAction with the action', [{ Effect: 'Allow', NotAction: ['iam:*', 's3:Get*'], Resource: '*' }], 'denied'],
    ['NotResource without the resource', [{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::other/*' }], 'allowed'],
    ['NotResource with the resource', [{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::data/*' }], 'denied'],
    [
      'two statements with NotAction are combined',
      [
        { Effect: 'Allow', NotAction: 's3:*', Resource: '*' },
        { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' },
      ],
      'allowed',
    ],
    ['denied', [allow('*'), deny('s3:*')], 'denied'],
    ['a Deny on a different resource', [allow('*'), deny('s3:*', 'arn:aws:s3:::other/*')], 'allowed'],
    ['a Deny with NotAction', [allow('*'), { Effect: 'Deny', NotAction: 'ec2:*', Resource: '*' }], 'denied'],
    ['a Deny with NotAction with the action', [allow('*'), { Effect: 'Deny', NotAction: 's3:*', Resource: '*' }], 'allowed'],
    ['a Deny with NotResource', [allow('*'), { Effect: 'Deny', Action: '*', NotResource: 'arn:aws:s3:::other/*' }], 'denied'],
  ])('%s', (_name, statements, expected) => {
    expect(verdict(subject(statements as JsonObject[]))).toBe(expected)
  })
  test('permissions are combined across policies', () => {
    const split = { ...subject([]), identity: [policyOf(allow('s3:ListBucket')), policyOf(allow('s3:GetObject'))] }
    expect(verdict(split)).toBe('allowed')
    expect(verdict({ ...split, identity: [...split.identity, policyOf(deny('s3:GetObject'))] })).toBe('denied')
  })
})

describe('variables', () => {
  const own = 'arn:aws:s3:::data/${aws:username}'
  test.each([
    ['a known variable', [allow('*', own)], 'arn:aws:s3:::data/jane', 'allowed'],
    ['a known variable with a different value', [allow('*', own)], 'arn:aws:s3:::data/john', 'denied'],
    ['an unknown variable', [allow('*', 'arn:aws:s3:::data/${aws:SourceVpc}')], bucket, 'conditional'],
    ['an unknown variable in a different bucket', [allow('*', 'arn:aws:s3:::other/${aws:SourceVpc}')], bucket, 'denied'],
    ['a tag', [allow('*', 'arn:aws:s3:::data/${aws:PrincipalTag/team}')], 'arn:aws:s3:::data/blue', 'allowed'],
    ['a missing tag', [allow('*', 'arn:aws:s3:::data/${aws:PrincipalTag/none}')], 'arn:aws:s3:::data/', 'denied'],
    [
      'a tag with a default',
      [allow('*', "arn:aws:s3:::data/${aws:PrincipalTag/none, 'all'}")],
      'arn:aws:s3:::data/all',
      'allowed',
    ],
    ['an escaped star', [allow('*', 'arn:aws:s3:::data/${*}')], 'arn:aws:s3:::data/*', 'allowed'],
    ['an escaped star does not act as a wildcard', [allow('*', 'arn:aws:s3:::data/${*}')], bucket, 'denied'],
  ])('%s', (_name, statements, resource, expected) => {
    expect(verdict(subject(statements as JsonObject[]), { resource })).toBe(expected)
  })
  test('are not supported in version 2008-10-17', () => {
    const old = readPolicy({ name: 'old', document: { Version: '2008-10-17', Statement: [allow('*', own)] } })
    expect(verdict({ ...subject([]), identity: [old] }, { resource: 'arn:aws:s3:::data/jane' })).toBe('denied')
  })
  test('a star in a value does not act as a wildcard', () => {
    const context = new Map([...me, ['aws:username', value('*')] as const])
    expect(verdict(subject([allow('*', own)], { context }), { resource: bucket })).toBe('denied')
  })
})

describe('conditions', () => {
  const conditionOf = (operator: string, key: string, ...values: string[]): JsonObject => when({ [operator]: { [key]: values } })
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
    // A missing key
    ['StringEquals', 'aws:PrincipalTag/none', ['x'], 'denied'],
    ['StringNotEquals', 'aws:PrincipalTag/none', ['x'], 'allowed'],
    ['StringEqualsIfExists', 'aws:PrincipalTag/none', ['x'], 'allowed'],
    ['ForAllValues:StringEquals', 'aws:CalledVia', ['x'], 'allowed'],
    ['ForAnyValue:StringEquals', 'aws:CalledVia', ['x'], 'denied'],
    // An unknown value
    ['Bool', 'aws:MultiFactorAuthPresent', ['true'], 'conditional'],
    ['IpAddress', 'aws:SourceIp', ['10.0.0.0/8'], 'conditional'],
    ['NotIpAddress', 'aws:SourceIp', ['10.0.0.0/8'], 'conditional'],
    ['StringEquals', 'aws:SourceVpc', ['vpc-1'], 'conditional'],
    ['NumericLessThan', 'aws:MultiFactorAuthAge', ['300'], 'conditional'],
    // Conditions that are always true
    ['IpAddress', 'aws:SourceIp', ['0.0.0.0/0'], 'allowed'],
    ['IpAddress', 'aws:SourceIp', ['0.0.0.0/1', '128.0.0.0/1'], 'allowed'],
    ['StringLike', 'aws:userid', ['*'], 'allowed'],
    ['StringNotLike', 'aws:userid', ['*'], 'denied'],
    ['StringLikeIfExists', 'aws:SourceVpc', ['*'], 'allowed'],
    // Keys that the caller controls
    ['StringEquals', 'aws:RequestedRegion', ['eu-west-1'], 'allowed'],
    ['StringEquals', 'aws:UserAgent', ['secret'], 'allowed'],
    ['StringLike', 'aws:RequestTag/team', ['blue*'], 'allowed'],
    // An unknown operator
    ['StringResembles', 'aws:username', ['jane'], 'conditional'],
  ])('%s %s %s: %s', (operator, key, values, expected) => {
    expect(verdict(subject([allow('*', '*', conditionOf(operator, key, ...values))]))).toBe(expected)
  })
  test('all keys must match', () => {
    const both = when({ StringEquals: { 'aws:username': 'jane' }, Bool: { 'aws:SecureTransport': 'false' } })
    expect(verdict(subject([allow('*', '*', both)]))).toBe('denied')
  })
  test.each([
    ['a Deny that applies', conditionOf('StringEquals', 'aws:username', 'jane'), 'denied'],
    ['a Deny that does not apply', conditionOf('StringEquals', 'aws:username', 'john'), 'allowed'],
    ['a Deny that may apply', conditionOf('BoolIfExists', 'aws:MultiFactorAuthPresent', 'false'), 'conditional'],
    ['a Deny that the caller can avoid', conditionOf('StringEquals', 'aws:RequestedRegion', 'eu-west-1'), 'allowed'],
    ['a Deny for all regions except one', conditionOf('StringNotEquals', 'aws:RequestedRegion', 'eu-west-1'), 'allowed'],
  ])('%s', (_name, condition, expected) => {
    expect(verdict(subject([allow('*'), deny('*', '*', condition)]))).toBe(expected)
  })
  test('an Allow and a Deny on the same key: no region matches the Allow and avoids the Deny', () => {
    const region = (operator: string): JsonObject => conditionOf(operator, 'aws:RequestedRegion', 'eu-west-1')
    expect(verdict(subject([allow('*', '*', region('StringEquals')), deny('*', '*', region('StringEquals'))]))).toBe('denied')
  })
  test('lists the open conditions', () => {
    const found = decide(subject([allow('*', '*', conditionOf('Bool', 'aws:MultiFactorAuthPresent', 'true'))]), {
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
    ['a level needs only one policy that allows', { scps: [[policyOf(allow('ec2:*')), policyOf(allow('s3:*'))]] }, 'allowed'],
    ['a level that does not allow', { scps: [[policyOf(allow('*'))], [policyOf(allow('ec2:*'))]] }, 'denied'],
    ['a service control policy that denies', { scps: [[policyOf(allow('*'), deny('s3:GetObject'))]] }, 'denied'],
    ['a session policy that allows', { session: [policyOf(allow('s3:GetObject'))] }, 'allowed'],
    ['a session policy that does not', { session: [policyOf(allow('s3:PutObject'))] }, 'denied'],
  ])('%s', (_name, more, expected) => {
    expect(verdict(subject(all, more))).toBe(expected)
  })
  test('a boundary does not grant permissions', () => {
    expect(verdict(subject([], { boundary: policyOf(...all) }))).toBe('denied')
  })
})

describe('any resource of a type', () => {
  const kind = `arn:*:lambda:*:${account}:function:*`
  test.each([
    ['on all resources', [allow('lambda:CreateFunction')], 'allowed'],
    ['on some resources', [allow('lambda:CreateFunction', 'arn:aws:lambda:*:*:function:dev-*')], 'allowed'],
    ['on a different service', [allow('lambda:*', 'arn:aws:s3:::x')], 'denied'],
    ['in a different account', [allow('lambda:*', 'arn:aws:lambda:*:999999999999:function:*')], 'denied'],
    [
      'everything that is allowed is denied',
      [allow('lambda:*', 'arn:aws:lambda:*:*:function:dev-*'), deny('lambda:*', 'arn:aws:lambda:*:*:function:dev-*')],
      'denied',
    ],
    ['some of it is denied', [allow('lambda:*'), deny('lambda:*', 'arn:aws:lambda:*:*:function:prod-*')], 'allowed'],
    ['NotResource', [{ Effect: 'Allow', Action: 'lambda:*', NotResource: 'arn:aws:lambda:*:*:function:prod' }], 'allowed'],
  ])('%s', (_name, statements, expected) => {
    expect(decideAnywhere(subject(statements as JsonObject[]), 'lambda:CreateFunction', kind).verdict).toBe(expected)
  })
})

describe('trust', () => {
  const caller = (type: 'user' | 'role', statements: readonly JsonObject[], more: Partial<Subject> = {}) => ({
    ...subject(statements, more),
    type,
    account,
    arn: type === 'user' ? userArn('jane') : roleArn('jane'),
  })
  const target = (...statements: JsonObject[]) => ({
    arn: roleArn('target'),
    trust: readPolicy({ name: 'trust', document: document(...statements), resourceBased: true }),
  })
  const assume = allow('sts:AssumeRole', roleArn('target'))
  test.each([
    ['the account, with permission', caller('user', [assume]), target(trusting(accountRoot)), 'allowed'],
    ['the account by its ID', caller('user', [assume]), target(trusting(account)), 'allowed'],
    ['the account, without permission', caller('user', []), target(trusting(accountRoot)), 'denied'],
    ['the user', caller('user', []), target(trusting(userArn('jane'))), 'allowed'],
    [
      'the user, with a Deny in the identity policy',
      caller('user', [deny('sts:*')]),
      target(trusting(userArn('jane'))),
      'denied',
    ],
    ['a different user', caller('user', [assume]), target(trusting(userArn('john'))), 'denied'],
    ['a different account', caller('user', [assume]), target(trusting('arn:aws:iam::999999999999:root')), 'denied'],
    ['a service', caller('user', [assume]), target(service('lambda')), 'denied'],
    ['everyone', caller('user', []), target(trusting('*')), 'allowed'],
    [
      'everyone except the user',
      caller('user', [assume]),
      target({ Effect: 'Allow', NotPrincipal: { AWS: userArn('jane') }, Action: 'sts:AssumeRole' }),
      'denied',
    ],
    [
      'everyone except a different user',
      caller('user', []),
      target({ Effect: 'Allow', NotPrincipal: { AWS: userArn('john') }, Action: 'sts:AssumeRole' }),
      'allowed',
    ],
    [
      'the user, with a Deny in the trust policy',
      caller('user', [assume]),
      target(trusting(accountRoot), { Effect: 'Deny', Principal: { AWS: userArn('jane') }, Action: 'sts:*' }),
      'denied',
    ],
    [
      'the account, with MFA',
      caller('user', [assume]),
      target(trusting(accountRoot, when({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }))),
      'conditional',
    ],
    [
      'the account, with a tag that the user has',
      caller('user', [assume]),
      target(trusting(accountRoot, when({ StringEquals: { 'aws:PrincipalTag/team': 'blue' } }))),
      'allowed',
    ],
    [
      'the account, with a tag that the user does not have',
      caller('user', [assume]),
      target(trusting(accountRoot, when({ StringEquals: { 'aws:PrincipalTag/team': 'red' } }))),
      'denied',
    ],
    [
      'a session of the role',
      caller('role', []),
      target(trusting(`arn:aws:sts::${account}:assumed-role/jane/session`)),
      'allowed',
    ],
    [
      'a user, who is not limited by a boundary',
      caller('user', [], { boundary: policyOf(allow('s3:*')) }),
      target(trusting(userArn('jane'))),
      'allowed',
    ],
    [
      'a role, which is limited by a boundary',
      caller('role', [], { boundary: policyOf(allow('s3:*')) }),
      target(trusting(roleArn('jane'))),
      'denied',
    ],
    [
      'the user, but an SCP does not allow it',
      caller('user', [], { scps: [[policyOf(allow('s3:*'))]] }),
      target(trusting(userArn('jane'))),
      'denied',
    ],
    [
      'the account, for a different action',
      caller('user', [assume]),
      target({ ...trusting(accountRoot), Action: 'sts:TagSession' }),
      'denied',
    ],
  ] as const)('names %s', (_name, who, role, expected) => {
    expect(mayAssume(who, role).verdict).toBe(expected)
  })
  test('trusts a service for this account, in any case', () => {
    expect(serviceMayAssume(target(service('lambda')), 'lambda.amazonaws.com', account).named).toBe('directly')
    expect(serviceMayAssume(target(service('Lambda')), 'lambda.amazonaws.com', account).named).toBe('directly')
    expect(serviceMayAssume(target(service('ec2')), 'lambda.amazonaws.com', account).named).toBe('no')
    const of = (id: string) => target(service('lambda', when({ StringEquals: { 'aws:SourceAccount': id } })))
    expect(serviceMayAssume(of(account), 'lambda.amazonaws.com', account)).toMatchObject({ named: 'directly', on: [] })
    expect(serviceMayAssume(of('999999999999'), 'lambda.amazonaws.com', account).named).toBe('no')
  })
})
