import { describe, expect, it } from 'vitest'
import { type Facts, factsOf } from '../../../../src/runtime/notifier/rules/facts.ts'
import { account, record } from './records.ts'

const stranger = '210987654321'

function document(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

function factsFor(parameters: unknown, more: Readonly<Record<string, unknown>> = {}): Facts {
  return factsOf(record('PutPolicy', parameters, more))
}

const anybody = { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage' }

const github = { Federated: `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com` }

describe('public', () => {
  it.each<[string, unknown]>([
    ['a policy as text', { policy: document(anybody) }],
    ['percent-encoded', { policyDocument: encodeURIComponent(document(anybody)) }],
    ['as JSON', { bucketPolicy: { Statement: [anybody] } }],
    ['with one statement that is not a list', { policyText: JSON.stringify({ Statement: anybody }) }],
    ['inside attributes', { attributes: { Policy: document(anybody) } }],
    ['as a topic attribute', { attributeName: 'Policy', attributeValue: document(anybody) }],
    ['after a statement that is not', { policy: document({ ...anybody, Principal: { Service: 'sns.amazonaws.com' } }, anybody) }],
    ['for any AWS principal', { policy: document({ ...anybody, Principal: { AWS: ['*'] } }) }],
    [
      'for all but one',
      { policy: document({ ...anybody, Principal: undefined, NotPrincipal: { AWS: `arn:aws:iam::${stranger}:root` } }) },
    ],
    [
      'with a condition that does not restrict the caller',
      { policy: document({ ...anybody, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }) },
    ],
    [
      'with a condition on the external id',
      { policy: document({ ...anybody, Condition: { StringEquals: { 'sts:ExternalId': '12345' } } }) },
    ],
    [
      'with a condition that allows any account',
      { policy: document({ ...anybody, Condition: { StringLike: { 'aws:SourceAccount': '*' } } }) },
    ],
    [
      'with a condition that allows all addresses',
      { policy: document({ ...anybody, Condition: { IpAddress: { 'aws:SourceIp': ['203.0.113.0/24', '0.0.0.0/0'] } } }) },
    ],
    [
      'unless the account is missing',
      { policy: document({ ...anybody, Condition: { StringEqualsIfExists: { 'aws:SourceAccount': account } } }) },
    ],
    [
      'with a condition that excludes one account',
      { policy: document({ ...anybody, Condition: { StringNotEquals: { 'aws:SourceAccount': stranger } } }) },
    ],
    [
      'an ACL for all users',
      {
        AccessControlPolicy: {
          AccessControlList: { Grant: [{ Grantee: { URI: 'http://acs.amazonaws.com/groups/global/AllUsers' } }] },
        },
      },
    ],
    ['an ACL in a header', { 'x-amz-grant-read': ['uri="http://acs.amazonaws.com/groups/global/AuthenticatedUsers"'] }],
    ['a canned ACL', { 'x-amz-acl': ['public-read'] }],
    ['a snapshot for all', { createVolumePermission: { add: { items: [{ group: 'all' }] } } }],
    ['an image for all', { launchPermission: { add: { items: [{ userId: stranger }, { group: 'all' }] } } }],
    ['a database snapshot for all', { attributeName: 'restore', valuesToAdd: ['all'] }],
    ['a permission of a function', { functionName: 'f', principal: '*' }],
    ['a function URL', { functionName: 'f', authType: 'NONE' }],
    ['a permission of a queue', { label: 'x', aWSAccountIds: ['*'] }],
    ['a build project', { projectVisibility: 'PUBLIC_READ' }],
  ])('yes: %s', (_, parameters) => {
    expect(factsFor(parameters).public).toBe(true)
  })

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a service', { policy: document({ ...anybody, Principal: { Service: 'sns.amazonaws.com' } }) }],
    ['an account', { policy: document({ ...anybody, Principal: { AWS: account } }) }],
    ['a statement that denies', { policy: document({ ...anybody, Effect: 'Deny' }) }],
    ['an identity policy', { policyDocument: document({ Effect: 'Allow', Action: 's3:*', Resource: '*' }) }],
    [
      'one organization',
      { policy: document({ ...anybody, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } } }) },
    ],
    [
      'one account, by an ARN',
      { policy: document({ ...anybody, Condition: { ArnLike: { 'AWS:SourceArn': `arn:aws:sns:*:${account}:*` } } }) },
    ],
    [
      'one project',
      {
        policyDocument: document({
          ...anybody,
          Principal: github,
          Condition: { StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:example/api:*' } },
        }),
      },
    ],
    [
      'a provider of its own',
      { policyDocument: document({ ...anybody, Principal: { Federated: `arn:aws:iam::${account}:saml-provider/Example` } }) },
    ],
    ['one network', { policy: document({ ...anybody, Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } }) }],
    ['a snapshot no longer for all', { createVolumePermission: { remove: { items: [{ group: 'all' }] } } }],
    ['a permission on a condition', { functionName: 'f', principal: '*', sourceAccount: account }],
    ['a private ACL', { 'x-amz-acl': ['private'] }],
    ['a description', { description: 'public-read by all, * included' }],
    ['an emptied policy', { attributes: { Policy: '' } }],
    ['invalid JSON', { policy: '{"Statement": [' }],
    ['invalid percent-encoding', { policy: '%7B"Statement"%ZZ' }],
    ['a policy in a policy', { policy: document({ Effect: 'Allow', Statement: [anybody], Principal: { Service: 'x' } }) }],
  ])('no: %s', (_, parameters) => {
    expect(factsFor(parameters).public).toBe(false)
  })
})

describe('public, of a provider that many share', () => {
  const actions = 'token.actions.githubusercontent.com'
  const trustedBy = (provider: string, Condition: object | undefined) =>
    factsFor({
      assumeRolePolicyDocument: document({
        Effect: 'Allow',
        Principal: {
          Federated: provider.startsWith('cognito') ? provider : `arn:aws:iam::${account}:oidc-provider/${provider}`,
        },
        Action: 'sts:AssumeRoleWithWebIdentity',
        ...(Condition !== undefined && { Condition }),
      }),
    }).public
  const like = (provider: string, claim: string, ...values: string[]) =>
    trustedBy(provider, { StringLike: { [`${provider}:${claim}`]: values } })

  it.each([
    [actions, 'sub', 'repo:*:*'],
    [actions, 'sub', 'repo:*/deploy:*'],
    [actions, 'sub', 'repo:*:pull_request'],
    [actions, 'sub', 'repo:acme*'],
    [actions, 'sub', 'repo:acme*/api:*'],
    [actions, 'sub', '????:acme/api:*'],
    [actions, 'sub', '*:environment:production'],
    [actions, 'sub', 'repository_owner:*'],
    [actions, 'aud', 'sts.amazonaws.com'],
    [actions, 'repository', '*/api'],
    [actions, 'job_workflow_ref', 'acme/workflows/.github/workflows/deploy.yml@refs/heads/main'],
    ['gitlab.com', 'sub', 'project_path:*'],
    ['app.terraform.io', 'sub', 'organization:*:project:api:*'],
    ['agent.buildkite.com', 'sub', 'organization:*'],
    ['cognito-identity.amazonaws.com', 'amr', 'unauthenticated'],
  ])('yes: %s with %s like %s', (provider, claim, value) => {
    expect(like(provider, claim, value)).toBe(true)
  })

  it.each([
    [actions, 'sub', 'repo:acme/*'],
    [actions, 'sub', 'repo:acme@123456/api@456789:ref:refs/heads/main'],
    [actions, 'sub', 'repository_owner_id:123456:environment:production'],
    [actions, 'repository', 'acme/*'],
    [actions, 'repository_owner', 'acme'],
    ['gitlab.com', 'sub', 'project_path:acme/*'],
    ['app.terraform.io', 'sub', 'organization:acme:project:*'],
    ['cognito-identity.amazonaws.com', 'aud', 'ap-northeast-2:12345678-1234-1234-1234-123456789012'],
  ])('no: %s with %s like %s', (provider, claim, value) => {
    expect(like(provider, claim, value)).toBe(false)
  })

  it('yes, with one open value among others, or without a condition', () => {
    expect(like(actions, 'sub', 'repo:acme/api:*', 'repo:*:pull_request')).toBe(true)
    expect(trustedBy(actions, undefined)).toBe(true)
  })

  it('no, for a provider that apigw does not know: it may be one of the account', () => {
    expect(trustedBy('oidc.eks.ap-northeast-2.amazonaws.com/id/0123456789ABCDEF', undefined)).toBe(false)
  })
})

describe('public, with a condition that a stranger meets', () => {
  it.each([
    ['a role of the name in any account', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/deploy' } }, true],
    ['a role of one account', { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${account}:role/*` } }, false],
    ['a topic in any account', { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:*' } }, true],
    ['a bucket, whose ARN has no account', { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::uploads' } }, false],
    ['a session of the name in any role', { StringLike: { 'aws:userid': '*:alice' } }, true],
    ['any session of a role', { StringLike: { 'aws:userid': 'AROACKCEVSQ6C2EXAMPLE:*' } }, false],
  ])('%s', (_, Condition, expected) => {
    expect(factsFor({ policy: document({ ...anybody, Condition }) }).public).toBe(expected)
  })
})

describe('portOpened', () => {
  const permission = (more: object) => ({ ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ...more }] } })
  const everyone = { ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }
  it.each<[string, unknown, boolean]>([
    ['SSH for everyone', permission(everyone), true],
    ['in IPv6', permission({ ipv6Ranges: { items: [{ cidrIpv6: '::/0' }] } }), true],
    ['a range of ports around it', permission({ ...everyone, fromPort: 0, toPort: 65535 }), true],
    ['a database', permission({ ...everyone, fromPort: 3306, toPort: 3306 }), true],
    ['every protocol', permission({ ...everyone, ipProtocol: '-1', fromPort: undefined, toPort: undefined }), true],
    ['an address with a prefix of 0', { cidrIp: '208.236.235.254/0', ipProtocol: 'tcp', fromPort: 22, toPort: 22 }, true],
    [
      'a rule that is changed',
      {
        ModifySecurityGroupRulesRequest: {
          SecurityGroupRule: { SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 3389, ToPort: 3389, CidrIpv4: '0.0.0.0/0' } },
        },
      },
      true,
    ],
    ['HTTPS for everyone', permission({ ...everyone, fromPort: 443, toPort: 443 }), false],
    ['SSH for a network', permission({ ipRanges: { items: [{ cidrIp: '203.0.113.0/24' }] } }), false],
    ['SSH for a group', permission({ groups: { items: [{ groupId: 'sg-1' }] } }), false],
    ['ping for everyone', permission({ ...everyone, ipProtocol: 'icmp', fromPort: -1, toPort: -1 }), false],
    ['nothing', null, false],
    ['ports that are texts', permission({ ...everyone, fromPort: 'a', toPort: {} }), false],
  ])('%s: %s', (_, parameters, expected) => {
    expect(factsFor(parameters).portOpened).toBe(expected)
  })
})

describe('shared', () => {
  it.each<[string, unknown, boolean]>([
    [
      'the root of a different account',
      { policy: document({ ...anybody, Principal: { AWS: `arn:aws:iam::${stranger}:root` } }) },
      true,
    ],
    [
      'a role of another account',
      { policy: document({ ...anybody, Principal: { AWS: [`arn:aws-cn:iam::${stranger}:role/x`] } }) },
      true,
    ],
    ['a different account by number', { policy: document({ ...anybody, Principal: { AWS: stranger } }) }, true],
    ['a snapshot', { createVolumePermission: { add: { items: [{ userId: stranger }] } } }, true],
    ['a document', { accountIdsToAdd: [stranger] }, true],
    ['a permission of a function', { functionName: 'f', principal: stranger }, true],
    ['a grant of a key', { keyId: 'k', granteePrincipal: `arn:aws:iam::${stranger}:role/x` }, true],
    ['a grant of a key to a role of its own', { keyId: 'k', granteePrincipal: `arn:aws:iam::${account}:role/x` }, false],
    [
      'the account of AWS that delivers the logs of load balancers',
      { policy: document({ ...anybody, Principal: { AWS: 'arn:aws:iam::600734575887:root' } }) },
      false,
    ],
    ['the same account', { policy: document({ ...anybody, Principal: { AWS: `arn:aws:iam::${account}:root` } }) }, false],
    [
      'CloudFront',
      {
        policy: document({ ...anybody, Principal: { AWS: 'arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1' } }),
      },
      false,
    ],
    ['everybody', { policy: document(anybody) }, false],
    ['a statement that denies', { policy: document({ ...anybody, Effect: 'Deny', Principal: { AWS: stranger } }) }, false],
  ])('%s', (_, parameters, shared) => {
    expect(factsFor(parameters).shared).toBe(shared)
  })

  it('is unknown without an account', () => {
    expect(factsOf({ eventName: 'x', requestParameters: { accountIdsToAdd: [stranger] } }).shared).toBe(false)
  })
})

describe('adminPolicy', () => {
  const all = { Effect: 'Allow', Action: '*', Resource: '*' }
  it.each<[string, unknown, boolean]>([
    ['AdministratorAccess', { policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }, true],
    ['in a different partition', { policyArn: 'arn:aws-cn:iam::aws:policy/AdministratorAccess' }, true],
    ['IAMFullAccess', { policyArn: 'arn:aws:iam::aws:policy/IAMFullAccess' }, true],
    ['of a permission set', { managedPolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }, true],
    ['all actions', { policyDocument: document(all) }, true],
    ['percent-encoded', { policyDocument: encodeURIComponent(document(all)) }, true],
    ['among others', { policyDocument: document({ ...all, Action: ['s3:*', 'IAM:*'], Resource: ['*'] }) }, true],
    ['all but S3', { policyDocument: document({ Effect: 'Allow', NotAction: 's3:*', Resource: '*' }) }, true],
    ['all but IAM', { policyDocument: document({ Effect: 'Allow', NotAction: ['iam:*'], Resource: '*' }) }, false],
    ['a service', { policyDocument: document({ ...all, Action: 's3:*' }) }, false],
    ['one resource', { policyDocument: document({ ...all, Resource: 'arn:aws:s3:::x' }) }, false],
    [
      'on a condition',
      { policyDocument: document({ ...all, Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }) },
      false,
    ],
    ['denied', { policyDocument: document({ ...all, Effect: 'Deny' }) }, false],
    ['a policy with the same name', { policyArn: `arn:aws:iam::${account}:policy/AdministratorAccess` }, false],
    ['a policy with the same prefix', { policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess-Amplify' }, false],
  ])('%s', (_, parameters, adminPolicy) => {
    expect(factsFor(parameters).adminPolicy).toBe(adminPolicy)
  })
})

describe('otherUser', () => {
  it.each<[string, unknown, object, boolean]>([
    ['another', { userName: 'bob' }, {}, true],
    ['oneself', { userName: 'alice' }, {}, false],
    ['oneself, unnamed', null, {}, false],
    ['by a role', { userName: 'bob' }, { userIdentity: { type: 'AssumedRole' } }, true],
    ['by the root user, for itself', null, { userIdentity: { type: 'Root' } }, false],
  ])('%s', (_, parameters, more, otherUser) => {
    expect(factsFor(parameters, { ...more }).otherUser).toBe(otherUser)
  })
})

describe('failed', () => {
  it.each<[object, boolean]>([
    [{}, false],
    [{ errorCode: null }, false],
    [{ errorCode: 'AccessDenied' }, true],
    [{ errorMessage: 'Failed authentication' }, true],
    [{ eventName: 'ConsoleLogin', responseElements: { ConsoleLogin: 'Failure' } }, true],
    [{ eventName: 'ConsoleLogin', responseElements: { ConsoleLogin: 'Success' } }, false],
  ])('%j', (more, failed) => {
    expect(factsFor(null, { ...more }).failed).toBe(failed)
  })
})

describe('own', () => {
  it.each<[unknown, boolean]>([
    [{ functionName: 'apigw-trail-notifier' }, true],
    [{ functionName: `arn:aws:lambda:ap-northeast-2:${account}:function:apigw-trail-notifier` }, true],
    [{ queueUrl: `https://sqs.ap-northeast-2.amazonaws.com/${account}/apigw-trail-dead` }, true],
    [{ alarmNames: ['other', 'apigw-trail-silence'] }, true],
    [{ logGroupName: '/aws/lambda/apigw-trail-notifier' }, true],
    [{ stackName: 'apigw-trail' }, true],
    [{ name: 'my-apigw-trail' }, false],
    [{ name: 'apigw-gateway' }, false],
    [{ comment: 'apigw-trail' }, false],
    [null, false],
  ])('%j', (parameters, own) => {
    expect(factsFor(parameters).own).toBe(own)
  })

  it('uses different names when they are given', () => {
    expect(factsOf(record('DeleteRule', { name: 'acme-alerts-1' }), ['acme-alerts']).own).toBe(true)
    expect(factsOf(record('DeleteRule', { name: 'apigw-trail-1' }), ['acme-alerts']).own).toBe(false)
  })
})

describe('unlogged', () => {
  const category = (value: string) => ({ field: 'eventCategory', equals: [value] })
  it.each<[unknown, boolean]>([
    [{ eventSelectors: [{ includeManagementEvents: false, readWriteType: 'All' }] }, true],
    [{ eventSelectors: [{ includeManagementEvents: true, readWriteType: 'ReadOnly' }] }, true],
    [{ eventSelectors: [] }, true],
    [
      { eventSelectors: [{ includeManagementEvents: false }, { includeManagementEvents: true, readWriteType: 'WriteOnly' }] },
      false,
    ],
    [{ advancedEventSelectors: [{ fieldSelectors: [category('Data')] }] }, true],
    [{ advancedEventSelectors: [{ fieldSelectors: [category('Management'), { field: 'readOnly', equals: ['true'] }] }] }, true],
    [{ advancedEventSelectors: [{ fieldSelectors: [category('Data')] }, { fieldSelectors: [category('Management')] }] }, false],
    [{ advancedEventSelectors: [{ fieldSelectors: 'x' }, null, 5] }, true],
    [{ trailName: 'x' }, false],
    [null, false],
  ])('%j', (parameters, unlogged) => {
    expect(factsFor(parameters).unlogged).toBe(unlogged)
  })
})
