import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
  UpdateAccountPasswordPolicyCommand,
} from '@aws-sdk/client-iam'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { run, temporaryFolder } from '../../cli/run.ts'
import { againstMoto, hasMoto, type Moto, startMoto } from '../../support/moto.ts'
import { allow, document, userArn } from './build.ts'

interface Shown {
  readonly principals: { readonly arn: string; readonly admin: string; readonly escalation: { readonly verdict: string } }[]
  readonly findings: { readonly rule: string; readonly resource: string; readonly title: string }[]
  readonly missing: string[]
}

const text = (...statements: Record<string, unknown>[]) => JSON.stringify(document(...statements))
const trusts = (service: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: `${service}.amazonaws.com` }, Action: 'sts:AssumeRole' }],
  })

describe.skipIf(!hasMoto)(`audit iam, live, ${againstMoto}`, () => {
  let moto: Moto
  let iam: IAMClient

  beforeAll(async () => {
    moto = await startMoto()
    iam = new IAMClient(moto.client)
  })
  afterAll(async () => {
    iam?.destroy()
    await moto?.stop()
  })
  beforeEach(() => moto.reset())

  async function audited(env: Readonly<Record<string, string>> = moto.env): Promise<Shown & { readonly code: number }> {
    const { stdout, code } = await run(['audit', 'iam', '--no-live-resources', '--json'], {
      cwd: temporaryFolder(),
      env,
    })
    return { ...JSON.parse(stdout), code }
  }
  const rulesOf = ({ findings }: Shown, resource: string) =>
    findings.filter((finding) => finding.resource === resource).map(({ rule }) => rule)

  async function user(name: string, ...statements: Record<string, unknown>[]): Promise<void> {
    await iam.send(new CreateUserCommand({ UserName: name }))
    if (statements.length === 0) return
    const policy = { UserName: name, PolicyName: 'own', PolicyDocument: text(...statements) }
    await iam.send(new PutUserPolicyCommand(policy))
  }
  const policy = async (name: string, ...statements: Record<string, unknown>[]): Promise<string> => {
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument: text(...statements) }))
    return Policy?.Arn ?? ''
  }

  test('finds administrators and escalations through groups and roles', async () => {
    await user('root-like', allow('*'))
    await user('quiet', allow('s3:GetObject', 'arn:aws:s3:::reports/*'))
    await user('climber')
    await iam.send(new CreateGroupCommand({ GroupName: 'builders' }))
    const both = await policy('pass', allow('iam:PassRole'), allow(['lambda:CreateFunction', 'lambda:InvokeFunction']))
    await iam.send(new AttachGroupPolicyCommand({ GroupName: 'builders', PolicyArn: both }))
    await iam.send(new AddUserToGroupCommand({ GroupName: 'builders', UserName: 'climber' }))
    await iam.send(new CreateRoleCommand({ RoleName: 'runner', AssumeRolePolicyDocument: trusts('lambda') }))
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'runner', PolicyArn: await policy('everything', allow('*')) }))

    const found = await audited()
    const principals = Object.fromEntries(found.principals.map(({ arn, ...one }) => [arn.split(':').at(-1), one]))
    expect(principals['user/root-like']).toMatchObject({ admin: 'yes' })
    expect(principals['user/climber']).toMatchObject({ admin: 'no', escalation: { verdict: 'proven' } })
    expect(principals['user/quiet']).toMatchObject({ admin: 'no', escalation: { verdict: 'none' } })
    expect(rulesOf(found, userArn('root-like'))).toContain('admin-held')
    expect(rulesOf(found, userArn('climber'))).toContain('escalation')
    expect(rulesOf(found, userArn('quiet'))).not.toContain('escalation')
  })

  test('finds problems in the credential report, the password policy and the groups', async () => {
    await user('person')
    await iam.send(new CreateLoginProfileCommand({ UserName: 'person', Password: 'correct horse battery staple 1!A' }))
    await iam.send(new CreateAccessKeyCommand({ UserName: 'person' }))
    await iam.send(new CreateAccessKeyCommand({ UserName: 'person' }))
    await iam.send(new CreateGroupCommand({ GroupName: 'empty' }))
    await iam.send(new UpdateAccountPasswordPolicyCommand({ MinimumPasswordLength: 8 }))
    const found = await audited()
    expect(rulesOf(found, userArn('person'))).toEqual(expect.arrayContaining(['console-without-mfa', 'two-active-keys']))
    expect(found.findings.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['empty-group', 'password-length']))
    await iam.send(new UpdateAccountPasswordPolicyCommand({ MinimumPasswordLength: 14, PasswordReusePrevention: 24 }))
    expect((await audited()).findings.map(({ rule }) => rule)).not.toContain('password-length')
  })

  test('keeps the parts that it can read, and lists the denied ones', async () => {
    await user('root-like', allow('*'))
    await user('auditor', allow(['iam:Get*', 'iam:List*', 'iam:GenerateCredentialReport']), {
      ...allow(['iam:GetAccountPasswordPolicy', 'iam:GetAccountSummary']),
      Effect: 'Deny',
    })
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'auditor' }))
    const { AccessKeyId: AWS_ACCESS_KEY_ID = '', SecretAccessKey: AWS_SECRET_ACCESS_KEY = '' } = AccessKey ?? {}
    const found = await moto.withPolicies(() => audited({ ...moto.env, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }))
    expect(found.code).toBe(1)
    expect(found.missing.sort()).toEqual([
      expect.stringMatching(/^the account summary .*: You lack the right iam:GetAccountSummary/),
      expect.stringMatching(/^the password policy .*: You lack the right iam:GetAccountPasswordPolicy/),
    ])
    expect(rulesOf(found, userArn('root-like'))).toContain('admin-held')
  })

  test('reads an account with several pages', async () => {
    const names = Array.from({ length: 120 }, (_, index) => `user-${String(index).padStart(3, '0')}`)
    for (const UserName of names) await iam.send(new CreateUserCommand({ UserName }))
    expect((await audited()).principals.map(({ arn }) => arn).sort()).toEqual(names.map(userArn))
  })
})
