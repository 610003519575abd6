import { describe, expect, test } from 'vitest'
import type { Account, Credentials, Facts } from '../../../src/operations/audit/account/account.ts'
import { audit } from '../../../src/operations/audit/audit.ts'
import { rules } from '../../../src/operations/audit/rules/index.ts'
import {
  account,
  accountOf,
  accountRoot,
  administratorAccess,
  allow,
  deny,
  group,
  now,
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

const day = 86_400_000
const ago = (days: number): number => now - days * day
const iso = (days: number): string => new Date(ago(days)).toISOString()

const root: Credentials = {
  user: '<root_account>',
  arn: accountRoot,
  created: ago(1_000),
  password: undefined,
  passwordUsed: ago(400),
  passwordChanged: undefined,
  mfa: true,
  keys: [],
  certificates: 0,
}
type Key = Credentials['keys'][number]
const key = (slot: 1 | 2, rotated: number, used?: number): Key => ({
  slot,
  active: true,
  rotated: ago(rotated),
  used: used === undefined ? undefined : ago(used),
})
const person = (more: Partial<Credentials> = {}): Credentials => ({
  ...root,
  user: 'jane',
  arn: userArn('jane'),
  password: true,
  passwordUsed: ago(1),
  passwordChanged: ago(10),
  created: ago(300),
  ...more,
})
const strong = {
  minimumLength: 14,
  symbols: true,
  numbers: true,
  uppercase: true,
  lowercase: true,
  reusePrevention: 24,
  maxAgeDays: 0,
}

function withFacts(facts: Partial<Facts>): Account {
  const found = accountOf()
  return { ...found, facts: { ...found.facts, ...facts } }
}
const reported = (...rows: Credentials[]): Account => withFacts({ credentials: [root, ...rows] })

const reader = allow('s3:GetObject', 'arn:aws:s3:::data/*')
const everything = allow('*')
const provider = `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`
const web = (Condition?: Record<string, unknown>, Federated = provider) => ({
  Effect: 'Allow',
  Principal: { Federated },
  Action: 'sts:AssumeRoleWithWebIdentity',
  ...(Condition && { Condition }),
})
const cluster = 'oidc.eks.ap-northeast-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF'
/** A trust in an issuer for subjects like a pattern. */
const subOf = (issuer: string, sub: string) =>
  web({ StringLike: { [`${issuer}:sub`]: sub } }, `arn:aws:iam::${account}:oidc-provider/${issuer}`)
const cognito = 'cognito-identity.amazonaws.com'
/** A trust in an identity pool. */
const guests = (more: Record<string, unknown>) =>
  web({ StringEquals: { [`${cognito}:aud`]: 'us-east-1:pool' }, ...more }, cognito)
const saml = (Condition?: Record<string, unknown>) => ({
  Effect: 'Allow',
  Principal: { Federated: `arn:aws:iam::${account}:saml-provider/office` },
  Action: 'sts:AssumeRoleWithSAML',
  ...(Condition && { Condition }),
})
const vendor = 'arn:aws:iam::464622532012:root'
const stranger = 'arn:aws:iam::999900001111:root'
const github = 'token.actions.githubusercontent.com'
const awsPolicy = (name: string) => policy(name, [reader], { arn: `arn:aws:iam::aws:policy/${name}` })

/** For each rule: accounts with a finding, and similar accounts without one. */
const cases: Readonly<Record<string, { readonly hits: readonly Account[]; readonly misses: readonly Account[] }>> = {
  'root-access-key': {
    hits: [
      withFacts({ credentials: [{ ...root, keys: [key(1, 10)] }] }),
      withFacts({ summary: new Map([['AccountAccessKeysPresent', 1]]) }),
    ],
    misses: [reported(), withFacts({ credentials: [{ ...root, keys: [{ ...key(1, 10), active: false }] }] }), accountOf()],
  },
  'root-mfa': {
    hits: [withFacts({ credentials: [{ ...root, mfa: false }] }), withFacts({ summary: new Map([['AccountMFAEnabled', 0]]) })],
    // With centralized root access, the root user has no password.
    misses: [
      reported(),
      withFacts({ credentials: [{ ...root, mfa: false }], summary: new Map([['AccountPasswordPresent', 0]]) }),
      accountOf(),
    ],
  },
  'root-use': { hits: [withFacts({ credentials: [{ ...root, passwordUsed: ago(3) }] })], misses: [reported(), accountOf()] },
  'password-length': {
    hits: [withFacts({ passwordPolicy: null }), withFacts({ passwordPolicy: { ...strong, minimumLength: 8 } })],
    misses: [withFacts({ passwordPolicy: strong }), accountOf()],
  },
  'password-reuse': {
    hits: [withFacts({ passwordPolicy: { ...strong, reusePrevention: 5 } })],
    misses: [withFacts({ passwordPolicy: strong })],
  },
  'password-characters': {
    hits: [withFacts({ passwordPolicy: { ...strong, symbols: false } })],
    misses: [withFacts({ passwordPolicy: strong })],
  },
  'credential-report-stale': {
    hits: [withFacts({ credentials: [{ ...root, passwordUsed: ago(60) }] })],
    misses: [reported(person()), withFacts({ credentials: [root], credentialsAt: ago(1) })],
  },
  'expired-server-certificate': {
    hits: [withFacts({ certificates: [{ name: 'old', arn: 'arn:aws:iam::1:server-certificate/old', expires: ago(1) }] })],
    misses: [withFacts({ certificates: [{ name: 'new', arn: 'arn:aws:iam::1:server-certificate/new', expires: ago(-1) }] })],
  },
  'no-support-role': { hits: [accountOf()], misses: [accountOf(awsPolicy('AWSSupportAccess'))] },
  'no-audit-role': { hits: [accountOf()], misses: [accountOf(awsPolicy('SecurityAudit'))] },
  'console-without-mfa': {
    hits: [reported(person({ mfa: false }))],
    misses: [reported(person()), reported(person({ mfa: false, password: false }))],
  },
  'old-access-key': {
    hits: [reported(person({ keys: [key(1, 91, 1)] }))],
    misses: [reported(person({ keys: [key(1, 90, 1)] })), reported(person({ keys: [{ ...key(1, 500), active: false }] }))],
  },
  'unused-credential': {
    hits: [
      reported(person({ passwordUsed: ago(46) })),
      reported(person({ passwordUsed: undefined, passwordChanged: ago(46) })),
      reported(person({ keys: [key(1, 80, 46)] })),
    ],
    misses: [
      reported(person({ passwordUsed: ago(45) })),
      reported(person({ keys: [key(1, 80, 45)] })),
      reported(person({ password: false, passwordUsed: ago(400) })),
    ],
  },
  'two-active-keys': {
    hits: [reported(person({ keys: [key(1, 9, 1), key(2, 8, 1)] }))],
    misses: [reported(person({ keys: [key(1, 9, 1), { ...key(2, 8), active: false }] }))],
  },
  'key-never-used': {
    hits: [reported(person({ created: ago(30), keys: [key(1, 30)] }))],
    misses: [reported(person({ keys: [key(1, 30, 1)] })), reported(person({ keys: [key(1, 3)] }))],
  },
  'signing-certificate': {
    hits: [reported(person({ certificates: 1 })), withFacts({ sshKeys: [{ user: 'jane', id: 'APKA1' }] })],
    misses: [reported(person())],
  },
  'admin-held': {
    hits: [
      accountOf(user('a', [everything])),
      accountOf(user('a', [], { policies: [administratorAccess] })),
      accountOf(role('a', trusting(accountRoot), [everything])),
      accountOf(role('a', service('lambda'), [], { policies: [administratorAccess] })),
    ],
    misses: [
      accountOf(role('a', trusting(accountRoot), [], { policies: [administratorAccess] })),
      accountOf(user('a', [everything, deny('iam:*')])),
      accountOf(user('a', [everything], { boundary: policyArn('b') }), policy('b', [reader])),
    ],
  },
  escalation: {
    hits: [accountOf(user('a', [allow('iam:PutUserPolicy')]))],
    misses: [accountOf(user('a', [allow('iam:PutUserPolicy', userArn('b'))])), accountOf(user('a', [everything]))],
  },
  'pass-role-any': {
    hits: [accountOf(user('a', [allow('iam:PassRole')])), accountOf(user('a', [allow('iam:Pass*', 'arn:aws:iam::*:role/*')]))],
    misses: [
      accountOf(user('a', [allow('iam:PassRole', roleArn('x'))])),
      accountOf(user('a', [allow('iam:PassRole', '*', when({ StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } }))])),
      accountOf(user('a', [allow('iam:PassRole'), deny('iam:PassRole')])),
    ],
  },
  'assume-role-any': {
    hits: [accountOf(user('a', [allow('sts:*')]))],
    misses: [accountOf(user('a', [allow('sts:AssumeRole', roleArn('x'))]))],
  },
  'resource-exposure': {
    hits: [accountOf(user('a', [allow('s3:PutBucketPolicy')])), accountOf(user('a', [allow('kms:Create*')]))],
    misses: [
      accountOf(user('a', [allow('s3:PutBucketPolicy', 'arn:aws:s3:::one')])),
      accountOf(user('a', [allow('s3:PutObject')])),
      accountOf(user('a', [allow('s3:*'), deny('s3:Put*')])),
    ],
  },
  'credential-exposure': {
    hits: [accountOf(user('a', [allow('redshift:GetClusterCredentials')]))],
    misses: [accountOf(user('a', [allow('iam:CreateAccessKey', userArn('a'))]))],
  },
  'data-exfiltration': {
    hits: [accountOf(user('a', [allow('secretsmanager:GetSecretValue')]))],
    misses: [accountOf(user('a', [reader])), accountOf(user('a', [allow('s3:GetObject'), deny('s3:*')]))],
  },
  'allow-not': {
    hits: [
      accountOf(user('a', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }])),
      accountOf(user('a', [{ Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::x' }])),
      accountOf(role('a', { Effect: 'Allow', NotPrincipal: { AWS: userArn('x') }, Action: 'sts:AssumeRole' })),
    ],
    misses: [accountOf(user('a', [reader, { Effect: 'Deny', NotAction: 'iam:*', Resource: '*' }]))],
  },
  'boundary-removal': {
    hits: [
      accountOf(user('a', [allow('iam:DeleteUserPermissionsBoundary')], { boundary: policyArn('b') }), policy('b', [everything])),
    ],
    misses: [
      accountOf(
        user('a', [allow('iam:DeleteUserPermissionsBoundary')], { boundary: policyArn('b') }),
        policy('b', [everything, deny('iam:Delete*Boundary')]),
      ),
      accountOf(user('a', [allow('iam:DeleteUserPermissionsBoundary')])),
    ],
  },
  'service-wildcard': {
    hits: [accountOf(user('a', [allow('dynamodb:*')]))],
    misses: [
      accountOf(user('a', [allow('dynamodb:*', 'arn:aws:dynamodb:*:*:table/x')])),
      accountOf(user('a', [allow('dynamodb:Get*')])),
    ],
  },
  'full-kms-or-cloudtrail': {
    hits: [accountOf(user('a', [allow('kms:*')]))],
    misses: [accountOf(user('a', [allow('kms:Decrypt')]))],
  },
  'trust-any-principal': {
    hits: [
      accountOf(role('a', trusting('*'))),
      accountOf(role('a', { Effect: 'Allow', Principal: '*', Action: 'sts:*' })),
      accountOf(role('a', trusting('*', when({ StringLike: { 'aws:PrincipalArn': '*' } })))),
      // A role of the name may be in any account.
      accountOf(role('a', trusting('*', when({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/deploy' } })))),
      // AWS does not treat an external ID as a secret.
      accountOf(role('a', trusting('*', when({ StringEquals: { 'sts:ExternalId': 'secret' } })))),
      // The keys of organizations are absent outside of one.
      accountOf(role('a', trusting('*', when({ StringEqualsIfExists: { 'aws:PrincipalOrgID': 'o-ours' } })))),
      accountOf(role('a', trusting('*', when({ 'ForAllValues:StringLike': { 'aws:PrincipalOrgPaths': 'o-ours/*' } })))),
      // The owner of an account chooses tags and the names of sessions.
      accountOf(role('a', trusting('*', when({ StringEquals: { 'aws:PrincipalTag/team': 'ops' } })))),
      accountOf(role('a', trusting('*', when({ StringLike: { 'aws:userid': '*:deploy' } })))),
    ],
    misses: [
      accountOf(role('a', trusting(accountRoot))),
      accountOf(role('a', trusting('*', when({ StringEquals: { 'aws:PrincipalOrgID': 'o-ours' } })))),
      accountOf(role('a', trusting('*', when({ ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${account}:role/*` } })))),
      accountOf(role('a', trusting('*', when({ StringLike: { 'aws:userid': 'AROACKCEVSQ6C2EXAMPLE:*' } })))),
    ],
  },
  'cross-account-without-external-id': {
    hits: [
      accountOf(role('a', trusting(vendor))),
      accountOf(role('a', trusting(stranger, when({ StringLike: { 'sts:ExternalId': '*' } })))),
      accountOf(role('a', trusting('arn:aws:iam::999900001111:role/x'))),
      accountOf(role('a', trusting(vendor, when({ StringEqualsIfExists: { 'sts:ExternalId': 'ours' } })))),
      accountOf(role('a', trusting(vendor, when({ NumericLessThanIfExists: { 'aws:MultiFactorAuthAge': '3600' } })))),
    ],
    misses: [
      accountOf(role('a', trusting(vendor, when({ StringEquals: { 'sts:ExternalId': 'ours' } })))),
      accountOf(role('a', trusting(stranger, when({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } })))),
      accountOf(role('a', trusting(stranger, when({ StringEquals: { 'aws:PrincipalOrgID': 'o-ours' } })))),
      accountOf(role('a', trusting(accountRoot))),
    ],
  },
  'unknown-account': {
    hits: [accountOf(role('a', trusting(stranger)))],
    misses: [accountOf(role('a', trusting(vendor))), accountOf(role('a', trusting(accountRoot)))],
  },
  'external-read-only': {
    hits: [
      accountOf(
        role('a', trusting(vendor), [allow(['s3:Get*', 'dynamodb:Get*', 'sqs:Receive*', 'lambda:Get*', 'ec2:Describe*'])]),
      ),
      accountOf(role('a', trusting(vendor), [], { policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] })),
    ],
    misses: [
      accountOf(role('a', trusting(vendor), [allow(['ec2:Describe*'])])),
      accountOf(role('a', trusting(accountRoot), [], { policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] })),
    ],
  },
  'oidc-without-sub': {
    hits: [
      accountOf(role('a', web())),
      accountOf(role('a', web({ StringEquals: { [`${github}:aud`]: 'sts.amazonaws.com' } }))),
      accountOf(role('a', web({ StringLike: { [`${github}:sub`]: 'repo:*' } }))),
      accountOf(role('a', web({ StringEqualsIfExists: { [`${github}:aud`]: 'sts.amazonaws.com' } }))),
      accountOf(role('a', web(undefined, 'cognito-identity.amazonaws.com'))),
      ...[
        'repo:*:pull_request',
        'repo:*/deploy:*',
        'repo:ours*',
        'repo:????/api:*',
        '*:environment:production',
        'repository_owner:*',
        'workflow:deploy:*',
      ].map((sub) => accountOf(role('a', web({ StringLike: { [`${github}:sub`]: sub } })))),
      accountOf(role('a', subOf('gitlab.com', 'project_path:*'))),
      accountOf(role('a', subOf('app.terraform.io', 'organization:*:project:api:*'))),
      accountOf(role('a', subOf(cluster, 'system:serviceaccount:*:*'))),
    ],
    misses: [
      ...[
        'repo:ours@1/api@2:ref:refs/heads/main',
        'repo:ours/*:pull_request',
        'repository_owner:ours:*',
        'workflow:deploy:repository_owner:ours',
      ].map((sub) => accountOf(role('a', web({ StringLike: { [`${github}:sub`]: sub } })))),
      accountOf(role('a', subOf('gitlab.com', 'project_path:ours/*'))),
      accountOf(role('a', subOf('app.terraform.io', 'organization:ours:project:*'))),
      accountOf(role('a', subOf(cluster, 'system:serviceaccount:ours:*'))),
      accountOf(role('a', web({ StringLike: { [`${github}:sub`]: 'repo:ours/*' } }))),
      accountOf(role('a', web({ StringEquals: { [`${github}:repository_owner`]: 'ours' } }))),
      accountOf(
        role(
          'a',
          web({ StringEquals: { 'cognito-identity.amazonaws.com:aud': 'us-east-1:pool' } }, 'cognito-identity.amazonaws.com'),
        ),
      ),
      accountOf(role('a', service('lambda'))),
      accountOf(role('a', service('cloudtrail'))),
    ],
  },
  'cognito-guests': {
    hits: [
      accountOf(role('a', guests({ 'ForAnyValue:StringLike': { [`${cognito}:amr`]: 'unauthenticated' } }))),
      accountOf(role('a', guests({}))),
    ],
    misses: [
      accountOf(role('a', guests({ 'ForAnyValue:StringLike': { [`${cognito}:amr`]: 'authenticated' } }))),
      accountOf(role('a', service('lambda'))),
    ],
  },
  'saml-without-audience': {
    hits: [accountOf(role('a', saml()))],
    misses: [accountOf(role('a', saml({ StringEquals: { 'SAML:aud': 'https://signin.aws.amazon.com/saml' } })))],
  },
  'confused-deputy': {
    hits: [accountOf(role('a', service('scheduler')))],
    // Lambda and CloudTrail send neither key, so a condition would break them.
    misses: [
      accountOf(role('a', service('scheduler', when({ StringEquals: { 'aws:SourceAccount': account } })))),
      accountOf(role('a', service('scheduler', when({ ArnLike: { 'aws:SourceArn': `arn:aws:scheduler:*:${account}:*` } })))),
      accountOf(role('a', service('lambda'))),
    ],
  },
  'trust-deleted-principal': {
    hits: [accountOf(role('a', trusting('AIDAEXAMPLEEXAMPLE123')))],
    misses: [accountOf(role('a', trusting(accountRoot)))],
  },
  'policy-on-user': {
    hits: [accountOf(user('a', [], { policies: [policyArn('p')] }), policy('p', [reader]))],
    misses: [accountOf(user('a', [], { groups: ['g'] }), group('g', [], [policyArn('p')]), policy('p', [reader]))],
  },
  'inline-policy': {
    hits: [accountOf(user('a', [reader])), accountOf(group('g', [reader]))],
    misses: [accountOf(role('a', service('lambda'), [reader]))],
  },
  'empty-group': { hits: [accountOf(group('g'))], misses: [accountOf(group('g'), user('a', [], { groups: ['g'] }))] },
  'unused-role': {
    hits: [
      accountOf(role('a', service('ec2'), [], { lastUsed: iso(91) })),
      accountOf(role('a', service('ec2'), [], { lastUsed: null, created: iso(91) })),
    ],
    misses: [
      accountOf(role('a', service('ec2'), [], { lastUsed: iso(90) })),
      accountOf(role('a', service('ec2'), [], { lastUsed: null, created: iso(5) })),
      accountOf(role('a', service('ec2'))),
      accountOf(role('a', service('ec2'), [], { lastUsed: iso(400), path: '/aws-service-role/ec2/' })),
    ],
  },
  'unused-policy': { hits: [accountOf(policy('p', [reader], { attachments: 0 }))], misses: [accountOf(policy('p', [reader]))] },
  'unattached-admin-policy': {
    hits: [accountOf(policy('p', [everything], { attachments: 0 }))],
    misses: [accountOf(policy('p', [reader], { attachments: 0 })), accountOf(policy('p', [everything]))],
  },
  'deprecated-managed-policy': {
    hits: [accountOf(role('a', service('ec2'), [], { policies: ['arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM'] }))],
    misses: [accountOf(role('a', service('ec2'), [], { policies: ['arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'] }))],
  },
  'invalid-policy': {
    hits: [
      accountOf(user('a', [{ Effect: 'Maybe', Action: '*', Resource: '*' }])),
      accountOf(user('a', [{ Effect: 'Allow', Action: '*' }])),
      accountOf(user('a', [allow('*', '*', when({ StringResembles: { 'aws:username': 'x' } }))])),
    ],
    misses: [accountOf(user('a', [reader]))],
  },
  'duplicate-sid': {
    hits: [
      accountOf(
        user('a', [
          { ...reader, Sid: 'x' },
          { ...reader, Sid: 'x' },
        ]),
      ),
    ],
    misses: [
      accountOf(
        user('a', [
          { ...reader, Sid: 'x' },
          { ...reader, Sid: 'y' },
        ]),
      ),
    ],
  },
  'bad-arn': {
    hits: [accountOf(user('a', [allow('s3:GetObject', 'my-bucket/*')]))],
    misses: [accountOf(user('a', [reader, allow('s3:ListBucket', 'arn:aws:s3:::${aws:username}')]))],
  },
  'old-version': {
    hits: [
      accountOf({
        ...user('a'),
        UserPolicyList: [{ PolicyName: 'p', PolicyDocument: { Version: '2008-10-17', Statement: [reader] } }],
      }),
      accountOf({ ...user('a'), UserPolicyList: [{ PolicyName: 'p', PolicyDocument: { Statement: [reader] } }] }),
    ],
    misses: [accountOf(user('a', [reader]))],
  },
  'unknown-action': {
    hits: [
      accountOf(user('a', [allow('s3:GetObjekt', 'arn:aws:s3:::x')])),
      accountOf(user('a', [allow('s4:GetObject', 'arn:aws:s3:::x')])),
      accountOf(user('a', [allow('s3:Fetch*', 'arn:aws:s3:::x')])),
    ],
    misses: [
      accountOf(
        user('a', [allow(['s3:Get*', 'S3:getobject', 'sqs:SendMessage'], 'arn:aws:s3:::x'), allow('*', 'arn:aws:s3:::x')]),
      ),
    ],
  },
}

describe.each(rules.map((rule) => ({ rule, id: rule.id })))('$id', ({ rule, id }) => {
  const { hits, misses } = cases[id] ?? { hits: [], misses: [] }
  test('reports a finding', async () => {
    expect(hits.length).toBeGreaterThan(0)
    for (const [at, found] of hits.entries()) {
      const { findings } = await audit(found, now)
      const own = findings.filter((finding) => finding.rule === id)
      expect(own.length, `case ${at}`).toBeGreaterThan(0)
      for (const { fix, title, resource } of own) expect([fix, title, resource].every((text) => text.length > 0)).toBe(true)
    }
  })
  test('reports no false positive', async () => {
    expect(misses.length).toBeGreaterThan(0)
    for (const [at, found] of misses.entries()) {
      const { findings } = await audit(found, now)
      expect(
        findings.filter((finding) => finding.rule === id),
        `case ${at}`,
      ).toEqual([])
    }
  })
  test('has a title, an explanation and references', () => {
    expect(rule.title).toMatch(/^[A-Z].+[^.]$/)
    expect(rule.why).toMatch(/\.$/)
    expect(rule.references.length).toBeGreaterThan(0)
  })
})

test('finding IDs are unique, and stable across runs', async () => {
  const build = () =>
    accountOf(
      user('a', [everything]),
      user('b', [allow('iam:*')]),
      role('c', trusting('*'), [reader]),
      group('g'),
      policy('p', [everything], { attachments: 0 }),
    )
  const first = await audit(build(), now)
  const second = await audit(build(), now + 1_000)
  expect(new Set(first.findings.map(({ id }) => id)).size).toBe(first.findings.length)
  expect(second.findings.map(({ id }) => id)).toEqual(first.findings.map(({ id }) => id))
})
