import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { installation, project } from '../operations/stacks/installation.ts'
import type { FakeCloudFormation } from '../support/cloudformation.ts'
import { account, cloud, keys } from './cloud.ts'
import { jsonError, run, shownError, temporaryFolder } from './run.ts'

const names = (text: string): string[] =>
  [...text.matchAll(/^apigw-prod-\S+(?= {2}(?:deployed|deleted))/gm)].map(([name]) => name)

describe('deploy', () => {
  test('creates every stack in order, uploads each bundle once, and changes nothing on a second run', async () => {
    const { run, aws, s3 } = await cloud()
    const first = await run('deploy', '--yes')
    expect(first.code, first.stderr).toBe(0)
    expect(names(first.stdout)).toEqual(keys.map((key) => `apigw-prod-${key}`))
    // Data is created first and protected from deletion afterwards.
    expect([...aws.stacks.values()].map(({ status }) => status)).toEqual(
      keys.map((key) => (key === 'data' ? 'UPDATE_COMPLETE' : 'CREATE_COMPLETE')),
    )
    expect(first.stderr).toMatch(/apigw-prod-data {2}new {2}2 to create/)
    expect(first.stderr).toMatch(/Fixed cost: at least \$\d+\.\d\d per month/)
    const bucket = `apigw-artifacts-${account}-ap-northeast-2`
    const objects = [...(s3.buckets.get(bucket)?.objects.keys() ?? [])]
    expect(objects).toHaveLength(5)
    expect(aws.stacks.get('apigw-prod-worker')?.parameters).toMatchObject({ Stage: 'prod', CodeBucket: bucket })
    expect(objects).toContain(aws.stacks.get('apigw-prod-worker')?.parameters.WorkerCodeKey)

    const asked = s3.asked.length
    const second = await run('deploy', '--yes', '--json')
    expect(second.code, second.stdout).toBe(0)
    const { stacks, ...head } = JSON.parse(second.stdout)
    expect(Object.keys(head)).toEqual(['stage', 'region', 'dryRun', 'rollback', 'cost', 'quotas'])
    expect(stacks.map(({ stack, changed }: { stack: string; changed: boolean }) => [stack, changed])).toEqual(
      keys.map((key) => [key, false]),
    )
    expect(stacks[0]).toEqual({
      stack: 'security',
      name: 'apigw-prod-security',
      changed: false,
      outputs: { Key: 'apigw-prod-security:security' },
    })
    expect(s3.asked.slice(asked).filter((one) => one.startsWith('PUT'))).toEqual([])
  })
  test('--rollback shows the way back, asks, and returns to the version before', async () => {
    const { run, aws, root } = await cloud()
    expect(jsonError(await run('deploy', '--rollback', '--json'))).toMatchObject({
      code: 'stack-refused',
      message: 'The last deployment recorded no earlier version of prod.',
    })
    await run('deploy', '--yes')
    const before = aws.stacks.get('apigw-prod-worker')?.parameters.WorkerCodeKey
    writeFileSync(join(root, 'dist/lambda/worker.mjs'), 'export const handler = 2\n')
    const template = join(root, 'templates/stacks/worker.yaml')
    writeFileSync(template, readFileSync(template, 'utf8').replace('Resources:', 'Resources:\n  New: {Type: AWS::SNS::Topic}'))
    await run('deploy', '--yes')
    const after = aws.stacks.get('apigw-prod-worker')?.parameters.WorkerCodeKey
    expect(after).not.toBe(before)
    const refused = await run('deploy', '--rollback')
    expect(refused.code).toBe(2)
    expect(aws.stacks.get('apigw-prod-worker')?.parameters.WorkerCodeKey).toBe(after)
    const done = await run('deploy', '--rollback', '--yes')
    expect(done.code, done.stderr).toBe(0)
    expect(done.stderr).toMatch(/^Rolling back the deployment of \d{4}-.*Z by tester: worker\.$/m)
    expect(done.stderr).toMatch(/- delete +New {2}AWS::SNS::Topic/)
    expect(done.stdout).toBe('apigw-prod-worker  deployed\n')
    expect(aws.stacks.get('apigw-prod-worker')?.parameters.WorkerCodeKey).toBe(before)
    expect((await run('deploy', '--rollback', '--out', 'build', '--dry-run')).code).toBe(2)
  })
  test('names the quotas that are too small before the first stack, with the command that requests more', async () => {
    const quota = (Value: number) => () => JSON.stringify({ Quota: { Value } })
    const { run } = await cloud({}, { GetServiceQuota: quota(10), GetAWSDefaultServiceQuota: quota(1000) })
    const shown = await run('deploy', '--dry-run')
    expect(shown.stderr).toMatch(/Concurrent executions: the quota is 10, the stage needs 121; otherwise Lambda refuses calls/)
    expect(shown.stderr).toMatch(
      /aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384/,
    )
  })
  test('deploys without the permission to read quotas, and says that they were not checked', async () => {
    const { run } = await cloud()
    const shown = await run('deploy', '--dry-run')
    expect(shown.code).toBe(0)
    expect(shown.stderr).toMatch(/The quotas of the account were not checked/)
    expect(JSON.parse((await run('deploy', '--dry-run', '--json')).stdout)).toMatchObject({ quotas: null })
  })
  test('requires confirmation, and changes nothing without it', async () => {
    const { run, aws, s3 } = await cloud()
    const refused = await run('deploy', '--json')
    expect(refused.code).toBe(2)
    expect(jsonError(refused)).toMatchObject({ code: 'input-missing', next: 'add --yes' })
    expect({ stacks: aws.stacks.size, buckets: s3.buckets.size }).toEqual({ stacks: 0, buckets: 0 })
  })
  test('shows the changes with --dry-run, and makes none', async () => {
    const { run, aws, s3 } = await cloud()
    const shown = await run('deploy', '--dry-run', '--json')
    expect(shown.code).toBe(0)
    const { dryRun, stacks } = JSON.parse(shown.stdout)
    expect(dryRun).toBe(true)
    expect(stacks[2]).toMatchObject({
      stack: 'data',
      state: 'new',
      changes: [{ kind: 'create', id: 'Database', loss: null }, { id: 'Queue' }],
    })
    expect({ stacks: aws.stacks.size, buckets: s3.buckets.size }).toEqual({ stacks: 0, buckets: 0 })
  })
  test('writes templates, parameters and bundles without an account or credentials', async () => {
    const cwd = project()
    const root = installation()
    const { code, stdout, stderr } = await run(['deploy', '--dry-run', '--out', 'build'], { cwd, root })
    expect(code, stderr).toBe(0)
    expect(stdout).toBe('Wrote 19 files to build.\n')
    expect(readFileSync(join(cwd, 'build/data.yaml'), 'utf8')).toBe(
      readFileSync(join(root, 'templates/stacks/data.yaml'), 'utf8'),
    )
    const parameters: { ParameterKey: string; ParameterValue: string }[] = JSON.parse(
      readFileSync(join(cwd, 'build/worker.parameters.json'), 'utf8'),
    )
    const value = (name: string) => parameters.find(({ ParameterKey }) => ParameterKey === name)?.ParameterValue
    expect(value('CodeBucket')).toBe('apigw-artifacts-ACCOUNT-ap-northeast-2')
    expect(readdirSync(join(cwd, 'build/assets'))).toContain(value('WorkerCodeKey'))
    expect(shownError(await run(['deploy', '--out', 'build'], { cwd, root })).next).toBe('apigw deploy --dry-run --out build')
    const commands = stderr.split('\n').filter((line) => line.startsWith('  aws cloudformation create-stack '))
    expect(commands.map((line) => /--stack-name (\S+)/.exec(line)?.[1])).toEqual(keys.map((key) => `apigw-prod-${key}`))
    // Each command reads the files that were written.
    const named = commands.flatMap((line) => [...line.matchAll(/file:\/\/(\S+)/g)].map(([, path = '']) => path))
    expect(named).toHaveLength(2 * keys.length)
    for (const path of named) expect(readFileSync(join(cwd, path), 'utf8')).not.toBe('')
    expect(stderr).toContain('aws s3 cp --recursive build/assets s3://apigw-artifacts-ACCOUNT-ap-northeast-2')
  })
  test('an output folder that cannot be written is an input error, not a bug', async () => {
    const options = { cwd: project(), root: installation() }
    const refused = await run(['deploy', '--dry-run', '--out', 'apigw.yaml'], options)
    expect(refused.code).toBe(2)
    expect(shownError(refused)).toEqual({
      message: 'apigw.yaml is not writable: ENOTDIR.',
      next: 'give --out a writable folder or one that does not exist yet',
    })
  })
  test('resumes after a failure from the stack that failed', async () => {
    const { run, aws } = await cloud()
    aws.scripts.set('apigw-prod-data', {
      says: [['Queue', 'AWS::SQS::Queue', 'CREATE_FAILED', 'You have reached the maximum number of queues; limit exceeded']],
      ends: ['ROLLBACK_COMPLETE'],
    })
    const failed = await run('deploy', '--yes')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(
      /Error: apigw-prod-data could not be updated; .*limit exceeded\nNext: {2}request an increase in the Service Quotas/,
    )
    expect(names(failed.stdout)).toEqual(['apigw-prod-security', 'apigw-prod-network'])
    const again = await run('deploy', '--yes')
    expect(again.code, again.stderr).toBe(0)
    expect(again.stderr).toMatch(/apigw-prod-data {2}failed before; will be recreated/)
    expect(names(again.stdout)).toEqual(['data', 'edge', 'gateway', 'worker', 'admin'].map((key) => `apigw-prod-${key}`))
  })
  describe('that would lose data', () => {
    const replaced = [
      {
        Action: 'Modify',
        Replacement: 'True',
        LogicalResourceId: 'Database',
        ResourceType: 'AWS::RDS::DBInstance',
        PolicyAction: 'ReplaceAndDelete',
      },
    ]
    test('is refused with --yes, and done when the name of the stage is given', async () => {
      const { run, aws } = await cloud()
      await run('deploy', '--yes')
      aws.scripts.set('apigw-prod-data', { changes: replaced })
      const refused = await run('deploy', 'data', '--yes')
      expect(refused.code).toBe(2)
      expect(refused.stderr).toMatch(/! replace +Database {2}AWS::RDS::DBInstance {2}DATA LOSS/)
      expect(refused.stderr).toMatch(
        /Error: Data would be lost\..*\nNext: {2}apigw deploy --stage prod --yes --confirm apigw-prod-data/,
      )
      const before = aws.stacks.get('apigw-prod-data')?.events.length
      expect((await run('deploy', 'data', '--yes')).code).toBe(2)
      expect(aws.stacks.get('apigw-prod-data')?.events).toHaveLength(before ?? 0)
      expect((await run('deploy', 'data', '--yes', '--confirm', 'apigw-prod-edge')).code).toBe(2)
      const done = await run('deploy', 'data', '--yes', '--confirm', 'apigw-prod-data')
      expect(done.code, done.stderr).toBe(0)
    })
    test('asks again when its turn comes', async () => {
      const { run, aws } = await cloud()
      await run('deploy', '--yes')
      let looks = 0
      const scripts = aws.scripts.get.bind(aws.scripts)
      // The first change set is for the overview, the second is the one about to be executed.
      aws.scripts.get = (name) => (name === 'apigw-prod-data' && ++looks === 2 ? { changes: replaced } : scripts(name))
      const refused = await run('deploy', 'data', '--yes')
      expect(refused.stderr).toMatch(/apigw-prod-data {2}has other changes than shown/)
      expect(refused.code).toBe(2)
    })
  })
  test('asks again when it would lose more data than it showed', async () => {
    const { run, aws } = await cloud()
    await run('deploy', '--yes')
    const replaced = (PolicyAction: string) => ({
      Action: 'Modify',
      Replacement: 'True',
      LogicalResourceId: 'Database',
      ResourceType: 'AWS::RDS::DBInstance',
      PolicyAction,
    })
    let looks = 0
    const policies = ['ReplaceAndSnapshot', 'ReplaceAndDelete']
    aws.scripts.get = (name) => (name === 'apigw-prod-data' ? { changes: [replaced(policies[looks++] ?? '')] } : undefined)
    const { stderr } = await run('deploy', 'data', '--yes', '--confirm', 'apigw-prod-data')
    expect(stderr).toMatch(/DATA LOSS: only a final snapshot is kept.*has other changes than shown.*DATA LOSS/s)
  })
  test('Ctrl-C during a deployment exits with 130, says that AWS continues, and names the command to check it with', async () => {
    let aws: FakeCloudFormation | undefined
    const { run, ...world } = await cloud(
      {
        DescribeStackEvents: () => {
          // The first poll comes before anything has started.
          if (aws?.stacks.get('apigw-prod-security')?.status === 'CREATE_IN_PROGRESS') process.emit('SIGINT')
          return aws?.query.DescribeStackEvents ?? ''
        },
      },
      {},
      1,
    )
    aws = world.aws
    const stopped = await run('deploy', '--yes')
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).toMatch(
      /Error: Stopped watching apigw-prod-security; AWS continues to change it\.\nNext: {2}apigw status --stage prod\n$/,
    )
    expect([...aws.stacks.keys()]).toEqual(['apigw-prod-security'])
  })
  test('says which setting is missing, and which stacks exist', async () => {
    const { server, root } = await cloud()
    const bare = project({ alerts: 'none' })
    expect(shownError(await run(['deploy'], { cwd: bare, root, env: server.env })).next).toMatch(
      /^set deploy\.domain of the stage/,
    )
    expect(shownError(await run(['deploy', 'databse'], { cwd: bare, root, env: server.env })).message).toBe(
      'Unknown stack "databse".',
    )
    expect(shownError(await run(['deploy'], { cwd: temporaryFolder(), root, env: server.env })).next).toMatch(/apigw init/)
  })
  test('a region other than the stage’s is refused', async () => {
    const { server, cwd, root } = await cloud()
    const refused = await run(['deploy', '--yes'], { cwd, root, env: { ...server.env, AWS_REGION: 'us-east-1' } })
    expect(shownError(refused).message).toBe('AWS_REGION is us-east-1, but the stage prod is in ap-northeast-2.')
    expect(server.asked).toEqual([])
  })
  test('without credentials, the error says so', async () => {
    const { server, cwd, root } = await cloud()
    const { AWS_ENDPOINT_URL = '' } = server.env
    const env = {
      AWS_ENDPOINT_URL,
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: cwd,
      AWS_SHARED_CREDENTIALS_FILE: join(cwd, 'none'),
      AWS_CONFIG_FILE: join(cwd, 'none'),
    }
    const refused = await run(['deploy', '--json'], { cwd, root, env })
    expect(jsonError(refused).code).toBe('aws-credentials')
  })
})

describe('diff', () => {
  test('exits with 3 when anything differs', async () => {
    const { run, aws } = await cloud()
    await run('deploy', '--yes')
    const same = await run('diff', '--json')
    expect({ code: same.code, ...JSON.parse(same.stdout) }).toMatchObject({ code: 0, stage: 'prod', differs: false })
    aws.stacks.delete('apigw-prod-worker')
    const differs = await run('diff')
    expect(differs.code).toBe(3)
    expect(differs.stdout).toMatch(
      /^apigw-prod-worker {2}not deployed {2}1 to create\n {2}\+ create +Logs {2}AWS::Logs::LogGroup\n$/,
    )
    expect(aws.changeSets).toBe(0)
  })
  test('with --drift shows what was changed outside CloudFormation, and exits with 3', async () => {
    const { run, aws } = await cloud()
    await run('deploy', '--yes')
    expect((await run('diff', '--drift')).code).toBe(0)
    const differences = [['/CidrBlock', '10.40.0.0/16', '10.50.0.0/16']] as const
    const resources = [
      { id: 'Vpc', type: 'AWS::EC2::VPC', status: 'MODIFIED', differences },
      { id: 'Log', type: 'AWS::EC2::FlowLog', status: 'DELETED' },
    ]
    aws.drifts.set('apigw-prod-network', { resources })
    const shown = await run('diff', '--drift')
    expect(shown.code).toBe(3)
    expect(shown.stdout.split('\n')).toEqual([
      'apigw-prod-network  2 drifted',
      '  * changed outside CloudFormation Vpc  AWS::EC2::VPC',
      '      /CidrBlock changed: 10.40.0.0/16 -> 10.50.0.0/16',
      '  * deleted outside CloudFormation Log  AWS::EC2::FlowLog',
      '',
    ])
    const json = await run('diff', '--drift', '--json', 'network')
    expect({ code: json.code, ...JSON.parse(json.stdout) }).toMatchObject({
      code: 3,
      differs: true,
      stacks: [{ stack: 'network', changes: [], drift: { incomplete: null, resources: [{ id: 'Vpc' }, { id: 'Log' }] } }],
    })
    expect(JSON.parse((await run('diff', '--json', 'network')).stdout)).toMatchObject({
      differs: false,
      stacks: [{ drift: null }],
    })
  })
})

describe('status and outputs', () => {
  test('show which stacks exist, which do not, and other stacks with the name of the stage', async () => {
    const { run, aws } = await cloud()
    await run('deploy', 'security', 'network', '--yes')
    aws.put('apigw-prod-trail', { status: 'UPDATE_ROLLBACK_COMPLETE', reason: 'it failed' })
    aws.put('apigw-prod-eu-data')
    const { stdout, code } = await run('status')
    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['STACK', 'STATUS', 'CHANGED AT', 'REASON'],
      ['security', 'CREATE_COMPLETE', '2026-11-24T00:00:00'],
      ['network', 'CREATE_COMPLETE', '2026-11-24T00:00:00'],
      ...['data', 'edge', 'gateway', 'worker', 'admin'].map((key) => [key, 'not deployed']),
      ['trail', 'UPDATE_ROLLBACK_COMPLETE', '2026-11-24T00:00:00', 'it failed'],
      [''],
    ])
    const shown = JSON.parse((await run('status', '--json')).stdout)
    expect(shown.stacks[2]).toEqual({ stack: 'data', name: null, status: null, changedAt: null, reason: null })
    expect(JSON.parse((await run('outputs', 'network', '--json')).stdout)).toEqual({
      stage: 'prod',
      region: 'ap-northeast-2',
      outputs: { network: { Key: 'apigw-prod-network:network' } },
    })
    expect((await run('outputs')).stdout).toMatch(/security +Key +apigw-prod-security:security/)
    expect(shownError(await run('outputs', 'data')).message).toMatch(/prod has no stack "data"/)
  })
  test('a stage that is not deployed and stacks without outputs get different messages', async () => {
    const { run, aws } = await cloud()
    expect((await run('outputs')).stderr).toBe('Nothing of prod is deployed in ap-northeast-2.\n')
    aws.put('apigw-prod-security')
    expect((await run('outputs')).stderr).toBe('The deployed stacks of prod have no outputs.\n')
    expect((await run('diff', 'security')).code).toBe(3)
  })
  test('--wait prints events until the update is complete', async () => {
    const { run, aws } = await cloud({}, {}, 1)
    const said = ['.', 'AWS::CloudFormation::Stack', 'UPDATE_IN_PROGRESS'] as const
    aws.put('apigw-prod-data', {
      status: 'UPDATE_IN_PROGRESS',
      events: [{ id: 'e0', said, token: undefined }],
      coming: [
        [['Queue', 'AWS::SQS::Queue', 'UPDATE_COMPLETE'], undefined],
        [['Other', 'AWS::SQS::Queue', 'UPDATE_COMPLETE'], undefined],
        [['.', 'AWS::CloudFormation::Stack', 'UPDATE_COMPLETE'], undefined],
      ],
    })
    const { stdout, stderr } = await run('status', '--wait')
    expect(stderr).toMatch(/UPDATE_COMPLETE +Other/)
    expect(stdout).toMatch(/data +UPDATE_COMPLETE/)
  })
})

describe('destroy', () => {
  test('asks for the name of the stage, deletes in reverse order, and lists what is kept', async () => {
    const { run, aws } = await cloud()
    await run('deploy', '--yes')
    const data = aws.stacks.get('apigw-prod-data')
    if (data === undefined) throw new Error('there is no data stack')
    data.parameters.DeletionProtection = 'false'
    data.template = data.template
      .replace('AWS::RDS::DBInstance', 'AWS::RDS::DBInstance\n    DeletionPolicy: Retain')
      .replace(/^Resources:\n/m, 'Resources:\n  Ledger:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n')
    const refused = await run('destroy', '--yes')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/Next: {2}apigw destroy --stage prod --yes --confirm prod/)
    const shown = await run('destroy', '--dry-run')
    expect(shown.stderr).toMatch(/- delete +Queue {2}AWS::SQS::Queue {2}DATA LOSS/)
    expect(shown.stderr.match(/Termination protection is turned off first/g)).toHaveLength(2)
    // Neither the refused run nor the dry run has turned it off.
    expect([...aws.stacks.values()].filter(({ isProtected }) => isProtected).map(({ name }) => name)).toEqual([
      'apigw-prod-data',
      'apigw-prod-edge',
    ])
    expect([...aws.stacks.values()].every(({ status }) => /^(?:CREATE|UPDATE)_COMPLETE$/.test(status))).toBe(true)
    const gone = await run('destroy', '--yes', '--confirm', 'prod')
    expect(gone.code, gone.stderr).toBe(0)
    expect(names(gone.stdout)).toEqual(keys.toReversed().map((key) => `apigw-prod-${key}`))
    expect(gone.stderr).toMatch(/Retained resources.*\n {2}AWS::DynamoDB::Table ledger-1\n {2}AWS::RDS::DBInstance database-1/)
    // A new deployment takes over what is kept.
    expect(gone.stderr).toMatch(/ {4}deploy:\n {6}restore:\n {8}ledger: ledger-1\n {8}database: SNAPSHOT/)
    const nothing = await run('destroy', '--yes', '--json')
    expect(JSON.parse(nothing.stdout)).toEqual({ stage: 'prod', region: 'ap-northeast-2', dryRun: false, stacks: [] })
  })
  test('refuses a protected stack before it deletes anything', async () => {
    const { run, aws } = await cloud()
    const { name } = aws.put('apigw-prod-data', { parameters: { DeletionProtection: 'true' } })
    const { message, next } = shownError(await run('destroy', '--yes', '--confirm', 'prod'))
    expect(message).toBe(`${name} has deletion protection enabled.`)
    expect(next).toMatch(/deploy\.parameters\.data\.DeletionProtection/)
  })
  test('takes the users out of its groups first, because IAM deletes no group with users', async () => {
    const users = new Set(['jane', 'bob'])
    const listed = () => `<Users>${[...users].map((user) => `<member><UserName>${user}</UserName></member>`).join('')}</Users>`
    const { run, aws, server } = await cloud({
      GetGroup: listed,
      RemoveUserFromGroup: ({ parameters }: { parameters: URLSearchParams }) => {
        users.delete(parameters.get('UserName') ?? '')
        return ''
      },
    })
    aws.put('apigw-prod-security', { template: 'Resources: {Operators: {Type: "AWS::IAM::Group"}}' })
    const shown = await run('destroy', '--dry-run')
    expect(shown.stderr).toMatch(/The user jane leaves the group operators-1\./)
    expect([...users]).toEqual(['jane', 'bob'])
    const gone = await run('destroy', '--yes')
    expect(gone.code, gone.stderr).toBe(0)
    expect([...users]).toEqual([])
    const actions = server.asked.map(({ action }) => action)
    expect(actions.lastIndexOf('RemoveUserFromGroup')).toBeLessThan(actions.indexOf('DeleteStack'))
  })
  test('keeps a stack that other stacks depend on', async () => {
    const { run, aws } = await cloud()
    await run('deploy', '--yes')
    const refused = shownError(await run('destroy', 'network', '--yes'))
    expect(refused).toEqual({
      message: 'data, edge, gateway, worker, admin of prod depend on the stacks to delete.',
      next: 'apigw destroy network data edge gateway worker admin',
    })
    expect(aws.stacks.get('apigw-prod-network')?.status).toBe('CREATE_COMPLETE')
  })
})

describe('bootstrap', () => {
  test('creates the bucket once, and a dry run only names it', async () => {
    const { run, s3 } = await cloud()
    const bucket = `apigw-artifacts-${account}-ap-northeast-2`
    expect((await run('bootstrap', '--dry-run')).stdout).toBe(`${bucket} in ap-northeast-2\n`)
    expect(s3.buckets.size).toBe(0)
    expect(JSON.parse((await run('bootstrap', '--json')).stdout)).toEqual({ bucket, region: 'ap-northeast-2', dryRun: false })
    expect((await run('bootstrap')).code).toBe(0)
    s3.buckets.set(bucket, { owner: '999999999999', settings: new Map(), objects: new Map() })
    expect(jsonError(await run('bootstrap', '--json')).code).toBe('bucket-taken')
  })
})

describe('logs', () => {
  const events = [
    { eventId: '1', timestamp: Date.UTC(2026, 10, 24), message: '{"event":"call","status":202}\n' },
    { eventId: '2', timestamp: Date.UTC(2026, 10, 24, 0, 0, 1), message: 'colour \u001b[31mred\u001b[0m\n' },
  ]
  test('shows the lines of all log groups in order, without control characters', async () => {
    const { run } = await cloud({}, { FilterLogEvents: () => JSON.stringify({ events }) })
    await run('deploy', '--yes')
    const { stdout, code, stderr } = await run('logs', 'gateway', '--since', '1h')
    expect(code, stderr).toBe(0)
    expect(stdout).toBe(
      '2026-11-24T00:00:00.000Z logs-1 {"event":"call","status":202}\n2026-11-24T00:00:01.000Z logs-1 colour red\n',
    )
    const shown = JSON.parse((await run('logs', 'gateway', '--json')).stdout)
    expect(shown).toMatchObject({ stage: 'prod', groups: ['logs-1'], lines: [{ group: 'logs-1' }, {}] })
    expect(shownError(await run('logs', '--since', 'yesterday')).message).toMatch(/is not a duration/)
  })
  test('--follow shows each line once, until Ctrl-C', async () => {
    let asked = 0
    const now = Date.now()
    const recent = events.map((event, at) => ({ ...event, timestamp: now + at }))
    const { run } = await cloud(
      {},
      {
        FilterLogEvents: () => {
          if (++asked === 3) process.emit('SIGINT')
          return JSON.stringify({ events: recent.slice(0, asked) })
        },
      },
    )
    await run('deploy', '--yes')
    const { stdout, code } = await run('logs', 'gateway', '--follow', '--json')
    expect(code).toBe(0)
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      { at: new Date(now).toISOString(), group: 'logs-1', text: '{"event":"call","status":202}' },
      { at: new Date(now + 1).toISOString(), group: 'logs-1', text: expect.stringContaining('red') },
    ])
  })
  test('fails when nothing is deployed', async () => {
    const { run } = await cloud()
    expect(shownError(await run('logs')).message).toBe('gateway and worker of prod have no logs in ap-northeast-2.')
  })
})
