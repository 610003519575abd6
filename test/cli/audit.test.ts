import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { account, allow, details, document, role, service, user } from '../operations/audit/build.ts'
import { type Answer, fields, iamServer, members } from '../operations/audit/iam-server.ts'
import { jsonError, run, runCli, shownError, temporaryFolder } from './run.ts'

const encoded = (...statements: Record<string, unknown>[]): string => encodeURIComponent(JSON.stringify(document(...statements)))

function offline(...parts: Record<string, unknown>[]): string {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'account.json'), JSON.stringify(details(...parts)))
  return cwd
}

const userXml = (name: string, ...statements: Record<string, unknown>[]): string =>
  fields({
    Arn: `arn:aws:iam::${account}:user/${name}`,
    UserName: name,
    UserId: 'AIDA1',
    Path: '/',
    CreateDate: '2026-01-01T00:00:00Z',
    UserPolicyList: members(fields({ PolicyName: 'p', PolicyDocument: encoded(...statements) })),
  })

const report = [
  'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,cert_1_active,cert_2_active',
  `<root_account>,arn:aws:iam::${account}:root,2020-01-01T00:00:00+00:00,not_supported,2020-01-01T00:00:00+00:00,not_supported,not_supported,true,false,N/A,N/A,false,N/A,N/A,false,false`,
  `bob,arn:aws:iam::${account}:user/bob,2024-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,2024-01-02T03:04:05+00:00,N/A,false,N/A,N/A,false,false`,
].join('\n')

const live: Readonly<Record<string, Answer>> = {
  GetAccountAuthorizationDetails: ({ parameters }) =>
    parameters.get('Marker') === null
      ? `<IsTruncated>true</IsTruncated><Marker>next</Marker><UserDetailList>${members(userXml('root-like', allow('*')))}</UserDetailList>`
      : `<IsTruncated>false</IsTruncated><UserDetailList>${members(userXml('bob', allow('s3:GetObject', 'arn:aws:s3:::x/*')))}</UserDetailList>`,
  GenerateCredentialReport: '<State>COMPLETE</State>',
  GetCredentialReport: `<Content>${Buffer.from(report).toString('base64')}</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>2026-11-24T00:00:00Z</GeneratedTime>`,
  GetAccountPasswordPolicy: { error: 'NoSuchEntity', status: 404 },
  GetAccountSummary: '<SummaryMap><entry><key>AccountMFAEnabled</key><value>1</value></entry></SummaryMap>',
  ListAccessKeys: `<AccessKeyMetadata>${members(fields({ UserName: 'bob', AccessKeyId: 'AKIAEXAMPLE000000001', Status: 'Active', CreateDate: '2024-01-02T03:04:05Z' }))}</AccessKeyMetadata><IsTruncated>false</IsTruncated>`,
  GetCallerIdentity: fields({ Arn: `arn:aws:iam::${account}:user/carol`, Account: account, UserId: 'AIDA2' }),
}

const soon = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)

describe('audit iam, offline', () => {
  test('shows the most severe findings first, each with its fix, and the totals', async () => {
    const cwd = offline(user('a', [allow('*')]), role('b', service('lambda'), [allow('dynamodb:*')]))
    const { stdout, code } = await run(['audit', 'iam', '--input', 'account.json'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^arn:aws:iam::123456789012:user\/a\n {2}CRITICAL a has administrator access/)
    expect(stdout).toMatch(/Fix: /)
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^1 critical, \d+ high, \d+ medium, \d+ low$/)
  })
  test('fails at or above a severity', async () => {
    const cwd = offline(role('b', service('lambda'), [allow('athena:*')]))
    const gate = async (limit: string) =>
      (await run(['audit', 'iam', '--input', 'account.json', '--fail-on', limit, '--json'], { cwd })).code
    expect(await gate('medium')).toBe(3)
    expect(await gate('low')).toBe(3)
    expect(await gate('high')).toBe(0)
  })
  test('writes the documented JSON', async () => {
    const cwd = offline(user('a', [allow('iam:PutUserPolicy')]))
    const found = JSON.parse((await run(['audit', 'iam', '--input', 'account.json', '--json'], { cwd })).stdout)
    expect(Object.keys(found)).toEqual(['summary', 'principals', 'findings', 'missing', 'regions'])
    expect(found.principals[0]).toMatchObject({ type: 'user', admin: 'no', escalation: { verdict: 'proven' } })
    expect(Object.keys(found.principals[0].escalation.paths[0])).toEqual(['ids', 'steps', 'conditions', 'cut'])
    expect(Object.keys(found.findings[0])).toEqual([
      'id',
      'variant',
      'rule',
      'severity',
      'resource',
      'title',
      'evidence',
      'dependsOn',
      'fix',
      'references',
      'suppressed',
    ])
  })
  test('excludes accepted findings and findings of an earlier run', async () => {
    const cwd = offline(user('a', [allow('*')]))
    const before = await run(['audit', 'iam', '--input', 'account.json', '--json'], { cwd })
    writeFileSync(join(cwd, 'before.json'), before.stdout)
    writeFileSync(
      join(cwd, 'baseline.yaml'),
      `version: 1\naccepted:\n  - {owner: jane, reason: known, expires: ${soon}, accept: {rule: admin-held}}\n`,
    )
    const accepted = await run(
      ['audit', 'iam', '--input', 'account.json', '--baseline', 'baseline.yaml', '--fail-on', 'critical', '--json'],
      { cwd },
    )
    expect(accepted.code).toBe(0)
    expect(JSON.parse(accepted.stdout).summary).toMatchObject({ suppressed: 1, findings: { critical: 0 } })
    const since = await run(['audit', 'iam', '--input', 'account.json', '--since', 'before.json', '--json'], { cwd })
    expect(JSON.parse(since.stdout).findings).toEqual([])
  })
  test('accepts a finding for a time, as it is', async () => {
    const cwd = offline(user('a', [allow('*')]))
    const audit = ['audit', 'iam', '--input', 'account.json', '--json']
    const before = await run(audit, { cwd })
    writeFileSync(join(cwd, 'before.json'), before.stdout)
    const [{ id }] = JSON.parse(before.stdout).findings
    const accept = [
      'audit',
      'accept',
      id,
      '--findings',
      'before.json',
      '--baseline',
      'b.yaml',
      '--reason',
      'known',
      '--owner',
      'jane',
    ]
    const tried = await run([...accept, '--dry-run'], { cwd })
    expect({ code: tried.code, isWritten: existsSync(join(cwd, 'b.yaml')) }).toEqual({ code: 0, isWritten: false })
    expect((await run([...accept, '--json'], { cwd })).code).toBe(0)
    const after = JSON.parse((await run([...audit, '--baseline', 'b.yaml'], { cwd })).stdout)
    expect(after.findings.find((one: { id: string }) => one.id === id).suppressed).toMatchObject({
      owner: 'jane',
      reason: 'known',
    })
    expect((await run([...accept.slice(0, 2), 'no-such-id', ...accept.slice(3)], { cwd })).code).toBe(2)
  })
  test('prints the policy that a live run needs, without AWS', async () => {
    const { stdout, code } = await run(['audit', 'iam', '--print-policy'], { cwd: temporaryFolder() })
    expect(code).toBe(0)
    expect(stdout).toBe(readFileSync(new URL('../../templates/policies/audit.json', import.meta.url), 'utf8'))
  })
  test.each(['sarif', 'csv', 'markdown', 'html'])('writes %s on stdout and nothing else', async (format) => {
    const { stdout, stderr, code } = await run(['audit', 'iam', '--input', 'account.json', '--format', format], {
      cwd: offline(user('a', [allow('*')])),
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('admin-held')
  })
  test('reports an invalid file', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'account.json'), '{"UserDetailList": [')
    const failed = await run(['audit', 'iam', '--input', 'account.json'], { cwd })
    expect(failed.code).toBe(2)
    expect(shownError(failed).message).toMatch(/account\.json: unexpected end of file/)
    expect(jsonError(await run(['audit', 'iam', '--input', 'account.json', '--json'], { cwd })).code).toBe('audit-input-invalid')
  })
  test('reads a file from stdin', async () => {
    const many = Array.from({ length: 300 }, (_, at) => user(`user-${at}`, [allow('*')]))
    const { code, stdout } = await runCli(['audit', 'iam', '--input', '-', '--json'], {
      cwd: temporaryFolder(),
      stdin: JSON.stringify(details(...many)),
    })
    expect(code).toBe(0)
    expect(JSON.parse(stdout).summary.administrators).toBe(300)
  })
  test.each(['people.yaml', 'deployer.yaml'])('has no findings for the shipped template %s', async (name) => {
    const path = new URL(`../../templates/policies/${name}`, import.meta.url).pathname
    const { stdout } = await run(['audit', 'iam', '--template', path, '--json'], { cwd: temporaryFolder() })
    const { findings, principals } = JSON.parse(stdout)
    expect(findings).toEqual([])
    expect(principals.length).toBeGreaterThan(0)
  })
})

describe('audit iam, live', () => {
  test('reads all pages and parts, saves them, and reports the same findings offline', async () => {
    const cwd = temporaryFolder()
    const { env, asked } = await iamServer(live)
    const first = await run(['audit', 'iam', '--save', 'saved.json', '--json'], { cwd, env })
    expect(first.code).toBe(0)
    const found = JSON.parse(first.stdout)
    expect(found.summary).toMatchObject({ account, users: 2, administrators: 1 })
    expect(found.findings.map(({ rule }: { rule: string }) => rule)).toEqual(
      expect.arrayContaining(['admin-held', 'key-never-used', 'password-length']),
    )
    expect(asked.filter(({ action }) => action === 'GetAccountAuthorizationDetails')).toHaveLength(2)
    expect(statSync(join(cwd, 'saved.json')).mode & 0o777).toBe(0o600)
    const again = JSON.parse((await run(['audit', 'iam', '--input', 'saved.json', '--json'], { cwd })).stdout)
    expect(again.findings).toEqual(found.findings)
  })
  test('a denied part is listed, the others are checked, and the exit code is 1', async () => {
    const { env } = await iamServer({
      ...live,
      GetAccountSummary: {
        error: 'AccessDenied',
        message: `User: arn:aws:iam::${account}:user/x is not authorized to perform: iam:GetAccountSummary on resource: *`,
      },
    })
    const { code, stdout } = await run(['audit', 'iam', '--json'], { cwd: temporaryFolder(), env })
    expect(code).toBe(1)
    expect(JSON.parse(stdout).missing).toEqual([
      expect.stringMatching(/the account summary \(iam:GetAccountSummary\): You lack the right iam:GetAccountSummary/),
    ])
    expect(JSON.parse(stdout).summary.users).toBe(2)
  })
  test('after a denied page, the earlier pages are still checked', async () => {
    const { env } = await iamServer({
      ...live,
      GetAccountAuthorizationDetails: (asked) => {
        if (asked.parameters.get('Marker') !== null) return { error: 'AccessDenied' }
        const first = live.GetAccountAuthorizationDetails
        return first === undefined ? '' : first
      },
    })
    const { code, stdout } = await run(['audit', 'iam', '--json'], { cwd: temporaryFolder(), env })
    expect(code).toBe(1)
    expect(JSON.parse(stdout).summary.users).toBe(1)
  })
  test('without credentials, says how to get some', async () => {
    const env = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
      AWS_REGION: 'us-east-1',
    }
    const failed = await run(['audit', 'iam', '--json'], { cwd: temporaryFolder(), env })
    expect(failed.code).toBe(1)
    expect(jsonError(failed).next).toMatch(/aws sso login/)
  })
})

describe('iam apply', () => {
  async function planned(answers: Readonly<Record<string, Answer>> = live) {
    const cwd = temporaryFolder()
    const { env, asked } = await iamServer(answers)
    await run(['audit', 'iam', '--plan', 'plan.yaml', '--json'], { cwd, env })
    asked.length = 0
    return { cwd, env, asked, plan: readFileSync(join(cwd, 'plan.yaml'), 'utf8') }
  }
  const changing = /^(?:Update|Delete|Create|Attach|Detach|Put|Add|Remove)/

  test('the plan lists each step and the reason', async () => {
    const { plan } = await planned()
    expect(plan).toMatch(/do: deactivate-key\n\s+user: bob\n\s+created: 2024-01-02T03:04:05.000Z/)
    expect(plan).toMatch(/do: set-password-policy/)
    expect(plan).toMatch(/why: Access key 1 of bob was never used/)
  })
  test('a dry run changes nothing', async () => {
    const { cwd, env, asked } = await planned()
    const { code, stdout } = await run(['iam', 'apply', 'plan.yaml', '--dry-run'], { cwd, env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/would be done {2}deactivate the access key of bob/)
    expect(asked.filter(({ action }) => changing.test(action))).toEqual([])
  })
  test('records the previous state before the change', async () => {
    const { cwd, env, asked } = await planned()
    const { code } = await run(['iam', 'apply', 'plan.yaml', '--yes', '--record', 'undo.jsonl'], { cwd, env })
    expect(code).toBe(0)
    const update = asked.find(({ action }) => action === 'UpdateAccessKey')?.parameters
    expect(update?.get('AccessKeyId')).toBe('AKIAEXAMPLE000000001')
    expect(update?.get('Status')).toBe('Inactive')
    const lines = readFileSync(join(cwd, 'undo.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.find(({ step }) => step.do === 'deactivate-key')?.before.undo).toMatch(/--status Active$/)
    expect(lines.find(({ step }) => step.do === 'set-password-policy')?.before.undo).toBe(
      'aws iam delete-account-password-policy',
    )
  })
  test('requires --yes without a terminal', async () => {
    const { cwd, env, asked } = await planned()
    const failed = await run(['iam', 'apply', 'plan.yaml'], { cwd, env })
    expect(failed.code).toBe(2)
    expect(asked).toEqual([])
  })
  test('refuses what would lock out the caller', async () => {
    const { cwd, env, asked } = await planned({
      ...live,
      GetCallerIdentity: fields({ Arn: `arn:aws:iam::${account}:user/bob`, Account: account, UserId: 'AIDA2' }),
    })
    const { code, stdout } = await run(['iam', 'apply', 'plan.yaml', '--yes', '--json'], { cwd, env })
    expect(code).toBe(1)
    const step = JSON.parse(stdout).steps.find((one: { step: { do: string } }) => one.step.do === 'deactivate-key')
    expect(step).toMatchObject({ outcome: 'refused', why: expect.stringMatching(/your own access/) })
    expect(asked.some(({ action }) => action === 'UpdateAccessKey')).toBe(false)
  })
  test('refuses to remove the last administrator', async () => {
    const { cwd, env, asked } = await planned()
    writeFileSync(
      join(cwd, 'own.yaml'),
      `version: 1\naccount: "${account}"\nsteps:\n  - {do: delete-password, user: root-like}\n`,
    )
    const { code, stdout } = await run(['iam', 'apply', 'own.yaml', '--yes', '--json'], { cwd, env })
    expect(code).toBe(1)
    expect(JSON.parse(stdout).steps[0]).toMatchObject({
      outcome: 'refused',
      why: expect.stringMatching(/the last administrator: root-like/),
    })
    expect(asked.some(({ action }) => changing.test(action))).toBe(false)
  })
  test('stops at the first failure, and keeps the record', async () => {
    const { cwd, env } = await planned({
      ...live,
      UpdateAccountPasswordPolicy: {
        error: 'AccessDenied',
        message: 'User: x is not authorized to perform: iam:UpdateAccountPasswordPolicy on resource: y',
      },
    })
    const { code, stdout } = await run(['iam', 'apply', 'plan.yaml', '--yes', '--json'], { cwd, env })
    expect(code).toBe(1)
    const { steps } = JSON.parse(stdout)
    expect(steps.at(-1)).toMatchObject({ outcome: 'failed', why: expect.stringMatching(/iam:UpdateAccountPasswordPolicy/) })
  })
  test('rejects a plan for a different account or with an unknown step', async () => {
    const { cwd, env } = await planned()
    writeFileSync(join(cwd, 'other.yaml'), 'version: 1\naccount: "999999999999"\nsteps: []\n')
    expect(
      shownError(
        await run(['iam', 'apply', 'other.yaml', '--yes', '--json'].slice(0, -1), { cwd, env }).then(({ stderr, ...rest }) => ({
          ...rest,
          stderr: stderr
            .split('\n')
            .filter((line) => /^(?:Error|Next)/.test(line))
            .join('\n'),
        })),
      ).message,
    ).toMatch(/for account 999999999999/)
    writeFileSync(join(cwd, 'slip.yaml'), `version: 1\naccount: "${account}"\nsteps:\n  - {do: delete-everything}\n`)
    expect((await run(['iam', 'apply', 'slip.yaml', '--yes'], { cwd, env })).stderr).toMatch(
      /slip\.yaml, line 4, steps\.0\.do: must be one of /,
    )
  })
})
