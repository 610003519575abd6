import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import { noFacts } from '../../../src/operations/audit/account/account.ts'
import { checkedDetails } from '../../../src/operations/audit/account/details.ts'
import { audit } from '../../../src/operations/audit/audit.ts'
import { readOffline } from '../../../src/operations/audit/sources/offline.ts'
import { savedText } from '../../../src/operations/audit/sources/saved.ts'
import { temporaryFolder } from '../../cli/run.ts'
import { account, allow, details, document, now, role, service, user, userArn } from './build.ts'

const stdin = async () => ''

function file(text: string | Buffer, name = 'input.json'): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, text)
  return path
}

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(Problem)
  const { code, message, next } = error as Problem
  expect(code).toBe('audit-input-invalid')
  expect(next).toMatch(/\S/)
  return message
}

const read = (text: string | Buffer) => readOffline({ input: file(text), stdin, now })
const whole = JSON.stringify(details(user('a', [allow('*')]), role('b', service('lambda'), [allow('s3:*')])), null, 1)

describe('an account file', () => {
  test('from the AWS CLI', async () => {
    const found = await read(whole)
    expect(found).toMatchObject({ id: account, partition: 'aws' })
    expect(found.users.map(({ name }) => name)).toEqual(['a'])
  })
  test('with percent-encoded policies, as the API returns them', async () => {
    const encoded = {
      ...user('a'),
      UserPolicyList: [{ PolicyName: 'p', PolicyDocument: encodeURIComponent(JSON.stringify(document(allow('*')))) }],
    }
    const { principals } = await audit(await read(JSON.stringify(details(encoded))), now)
    expect(principals[0]?.admin).toBe('yes')
  })
  test('with a byte order mark, or in UTF-16 from PowerShell', async () => {
    expect((await read(`\u{FEFF}${whole}`)).users).toHaveLength(1)
    expect((await read(Buffer.from(`\u{FEFF}${whole}`, 'utf16le'))).users).toHaveLength(1)
  })
  test('with several pages', async () => {
    expect((await read(`[${whole},${JSON.stringify(details(user('c')))}]`)).users).toHaveLength(2)
  })
  test.each([
    ['truncated', whole.slice(0, 300), /unexpected end of file after 300 characters/],
    ['empty', ' ', /is empty/],
    ['not JSON', 'UserDetailList: []', /is not valid JSON/],
    ['with a missing comma', whole.replace('"Effect": "Allow",', '"Effect": "Allow"'), /line \d+, column \d+ is not valid JSON/],
    ['a different document', '{"Users":[]}', /has none of its lists/],
    ['an empty list', '[]', /./],
    ['with a missing field', JSON.stringify({ UserDetailList: [{ UserName: 'a' }] }), /UserDetailList\.0\.Arn/],
    ['with an object instead of a list', JSON.stringify({ RoleDetailList: {} }), /RoleDetailList/],
  ])('%s is rejected, with the position', async (_name, text, expected) => {
    if (text === '[]') expect((await read(text)).users).toEqual([])
    else expect(await refused(read(text))).toMatch(expected)
  })
  test('that does not exist, or is a directory', async () => {
    expect(await refused(readOffline({ input: '/nonexistent.json', stdin, now }))).toMatch(/the file does not exist/)
    expect(await refused(readOffline({ input: temporaryFolder(), stdin, now }))).toMatch(/it is a directory/)
  })
  test('with an invalid policy: the others are still evaluated', async () => {
    const broken = {
      ...user('a', [allow('*')]),
      UserPolicyList: [
        { PolicyName: 'p', PolicyDocument: '%7B"Version' },
        { PolicyName: 'q', PolicyDocument: document(allow('*')) },
      ],
    }
    const { principals, findings } = await audit(await read(JSON.stringify(details(broken))), now)
    expect(principals[0]?.admin).toBe('yes')
    expect(findings.find(({ rule }) => rule === 'invalid-policy')?.title).toBe('p of a: the document is not valid JSON')
  })
  test('without all policy documents: lists the missing ones', async () => {
    const { missing } = await audit(
      await read(JSON.stringify(details(user('a', [], { policies: ['arn:aws:iam::aws:policy/Unheard'] })))),
      now,
    )
    expect(missing).toEqual(['the policy document of arn:aws:iam::aws:policy/Unheard'])
  })
  test('with 5,000 principals', async () => {
    const many = Array.from({ length: 5_000 }, (_, at) =>
      role(`role-${at}`, service('lambda'), [allow('s3:GetObject', `arn:aws:s3:::data-${at}/*`)]),
    )
    expect((await audit(await read(JSON.stringify(details(...many))), now)).principals).toHaveLength(5_000)
  })
})

describe('a credential report', () => {
  const head =
    'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated'
  const line = (name: string) =>
    `${name},${userArn(name)},2026-01-01T00:00:00+00:00,true,no_information,2026-01-01T00:00:00+00:00,N/A,false,true,2026-01-02T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A`
  const report = (text: string) => readOffline({ credentialReport: file(text, 'credentials.csv'), stdin, now })

  test('is read without an account file', async () => {
    const { facts } = await report(`${head}\n${line('jane')}\r\n`)
    expect(facts.credentials).toEqual([
      expect.objectContaining({ user: 'jane', password: true, passwordUsed: undefined, mfa: false, certificates: 0 }),
    ])
    expect(facts.credentials?.[0]?.keys[0]).toMatchObject({ active: true, rotated: Date.parse('2026-01-02'), used: undefined })
  })
  test('with a comma in a user name', async () => {
    const { facts } = await report(`${head}\n${line('doe,jane')}`)
    expect(facts.credentials?.[0]).toMatchObject({ user: 'doe,jane', arn: userArn('doe,jane'), password: true })
  })
  test.each([
    ['a different CSV file', 'a,b\n1,2', /column "user" is missing/],
    ['a truncated line', `${head}\n${line('jane')}\njohn,arn`, /line 3: expected 22 cells, found 2/],
  ])('%s is rejected', async (_name, text, expected) => {
    expect(await refused(report(text))).toMatch(expected)
  })
})

describe('service control policies', () => {
  test('apply to every principal', async () => {
    const input = file(JSON.stringify(details(user('a', [allow('*')]))))
    const scps = [file(JSON.stringify(document(allow('s3:*'))), 'scp.json')]
    expect((await audit(await readOffline({ input, scps, stdin, now }), now)).principals[0]?.admin).toBe('no')
  })
  test('that are invalid are rejected, because they would not restrict anything', async () => {
    const input = file(whole)
    const scps = [file(JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow' }] }), 'scp.json')]
    expect(await refused(readOffline({ input, scps, stdin, now }))).toMatch(/statement 1: it has no Action/)
  })
})

describe('a saved file', () => {
  test('contains all data', async () => {
    const facts = {
      ...noFacts,
      credentials: [
        {
          user: 'a',
          arn: userArn('a'),
          created: 1,
          password: true,
          passwordUsed: undefined,
          passwordChanged: undefined,
          mfa: true,
          keys: [{ slot: 1 as const, active: true, rotated: 5, used: undefined }],
          certificates: 0,
        },
      ],
      passwordPolicy: null,
      summary: new Map([['AccountMFAEnabled', 1]]),
      workloads: [{ arn: 'arn:aws:lambda:us-east-1:1:function:f', kind: 'function' as const, role: 'arn:aws:iam::1:role/r' }],
    }
    const found = await read(savedText(checkedDetails(JSON.parse(whole), 'x'), facts, ['stacks']))
    expect(found.facts).toEqual(facts)
    expect(found.missing).toEqual(['stacks'])
  })
  test('that was corrupted is rejected', async () => {
    expect(await refused(read(JSON.stringify({ ...JSON.parse(whole), Apigw: { summary: 7 } })))).toMatch(/Apigw\.summary/)
  })
})

describe('a template', () => {
  const template = (text: string) => readOffline({ template: file(text, 'stack.yaml'), stdin, now })
  const text = `
Parameters:
  Stage: {Type: String, Default: dev}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub 'apigw-\${Stage}'
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      ManagedPolicyArns: [!Sub 'arn:\${AWS::Partition}:iam::aws:policy/AdministratorAccess', !Ref Managed]
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - !If [IsProd, {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}, !Ref AWS::NoValue]
          - {Effect: Allow, Action: s3:GetObject, Resource: !Join ['', ['arn:aws:s3:::', !Ref Stage, '/*']]}
  User: {Type: AWS::IAM::User}
  Inline:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: pass
      Users: [!Ref User]
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: ['iam:PassRole', 'lambda:*'], Resource: '*'}]}
`
  test('is read with its intrinsic functions', async () => {
    const found = await template(text)
    expect(found.roles[0]?.arn).toBe('arn:aws:iam::111122223333:role/apigw-dev')
    const resources = found.roles[0]?.grants.flatMap(({ policy }) =>
      policy.statements.flatMap((statement) => statement.resources.values),
    )
    expect(resources).toEqual(['*', 'arn:aws:sqs:us-east-1:111122223333:Queue', 'arn:aws:s3:::dev/*'])
    const { findings } = await audit(found, now)
    expect(
      findings
        .filter(({ severity }) => severity === 'high')
        .map(({ rule }) => rule)
        .toSorted(),
    ).toEqual(['admin-held', 'escalation', 'pass-role-any', 'resource-exposure'])
  })
  test('that is invalid is rejected, with the line', async () => {
    expect(await refused(template('a: 1'))).toMatch(/it has no Resources/)
    expect(await refused(template('a: [\nb: 2'))).toMatch(/line \d+/)
  })
})
