import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { jsonError, shownError } from '../../cli/run.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { account, cloud, home, installed, secretPart } from './cloud.ts'

const bucket = `apigw-artifacts-${account}-${home}`

describe('install', () => {
  test('creates both stacks from change sets, uploads the code, stores the webhook, and reports progress', async () => {
    const slack = await loopbackSlack()
    const made = await cloud({ APIGW_SLACK_WEBHOOK: slack.url })
    const { stdout, stderr, code } = await made.run('install', '--yes', '--email', 'ops@example.com')
    expect(code, stderr).toBe(0)
    expect(stdout).toBe(`Installed the trail in ${home}.\n`)
    expect(stderr).toMatch(/^ {2}\+ create +Trail {2}AWS::CloudTrail::Trail$/m)
    expect(stderr).toMatch(/CREATE_COMPLETE +Trail/)
    expect(stderr).toMatch(/CREATE_COMPLETE +ForwardRole/)
    expect(made.aws.stacks.get('apigw-trail')).toMatchObject({ status: 'CREATE_COMPLETE' })
    const parameters = made.aws.stacks.get('apigw-trail')?.parameters
    expect(parameters).toMatchObject({ Email: 'ops@example.com', CodeBucket: bucket, AdoptLogGroup: '' })
    expect([...(made.s3.buckets.get(bucket)?.objects.keys() ?? [])]).toEqual([parameters?.CodeKey])
    expect(made.secrets.get('apigw-trail-slack')).toBe(slack.url)
    // The probe posts nothing, because Slack rejects an empty message.
    expect(slack.posted).toEqual([{}])
  })

  test('a stack in us-east-1 forwards the events of global services', async () => {
    const made = await installed((await loopbackSlack()).url)
    expect(made.aws.stacks.get('apigw-trail-global')?.parameters).toEqual({
      Prefix: 'apigw-trail',
      HomeRegion: home,
      Email: 'ops@example.com',
    })
    expect([...made.regions]).toEqual([
      ['apigw-trail', home],
      ['apigw-trail-global', 'us-east-1'],
    ])
  })

  test('with us-east-1 as home region there is no second stack', async () => {
    const made = await installed((await loopbackSlack()).url, { AWS_REGION: 'us-east-1' })
    expect([...made.aws.stacks.keys()]).toEqual(['apigw-trail'])
  })

  test('the program reads the webhook from stdin, and never shows it', async () => {
    const slack = await loopbackSlack()
    const made = await cloud()
    const { stdout, stderr, code } = await made.program(`${slack.url}\n`, 'install', '--webhook', '-', '--yes', '--json')
    expect(code, stdout + stderr).toBe(0)
    expect(made.secrets.get('apigw-trail-slack')).toBe(slack.url)
    expect(JSON.parse(stdout)).toEqual({
      dryRun: false,
      changed: true,
      region: home,
      trail: 'apigw-trail',
      logGroup: 'eventsloggroup-1',
      topic: expect.stringContaining(':apigw-trail-alerts'),
      stacks: ['apigw-trail', 'apigw-trail-global'],
    })
    expect(stdout + stderr + made.sentElsewhere()).not.toContain(secretPart)
  })

  test('the template has all rules and the benchmark, and no secret', async () => {
    const made = await installed((await loopbackSlack()).url)
    const template = made.aws.stacks.get('apigw-trail')?.template ?? ''
    const types: string[] = Object.values<{ Type: string }>(parse(template, { logLevel: 'silent' }).Resources).map(
      ({ Type }) => Type,
    )
    const count = (type: string) => types.filter((one) => one === type).length
    expect(count('AWS::CloudTrail::Trail')).toBe(1)
    expect(count('AWS::Logs::MetricFilter')).toBe(14)
    expect(made.sentElsewhere()).not.toContain(secretPart)
  })
})

describe('a second install', () => {
  test('changes nothing without differences, and keeps earlier options', async () => {
    const slack = await loopbackSlack()
    const made = await installed(slack.url)
    const before = made.state()
    const puts = made.s3.asked.length
    for (const env of [{}, { APIGW_SLACK_WEBHOOK: slack.url }]) {
      Object.assign(made.env, env)
      const { stdout, stderr, code } = await made.run('install')
      expect(code, stderr).toBe(0)
      expect(stdout).toBe(`The trail in ${home} is up to date.\n`)
    }
    expect(made.state()).toEqual(before)
    expect(made.s3.asked.slice(puts).filter((one) => one.startsWith('PUT'))).toEqual([])
    expect(JSON.parse((await made.run('install', '--json')).stdout)).toMatchObject({ changed: false, trail: 'apigw-trail' })
  })

  test('updates what differs', async () => {
    const made = await installed((await loopbackSlack()).url)
    const stack = made.aws.stacks.get('apigw-trail')
    if (stack !== undefined) stack.template = stack.template.replace(/^ {2}Eventsreads1: .*\n/m, '')
    const { stdout, stderr, code } = await made.run('install', '--yes', '--email', 'night@example.com')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('Installed the trail')
    expect(stderr).toMatch(/\+ create +Eventsreads1 {2}AWS::Events::Rule/)
    expect(made.aws.stacks.get('apigw-trail')).toMatchObject({
      status: 'UPDATE_COMPLETE',
      parameters: { Email: 'night@example.com' },
    })
  })

  test('replaces a webhook after confirmation, and nothing else', async () => {
    const [old, other] = [await loopbackSlack(), await loopbackSlack()]
    const made = await installed(old.url)
    Object.assign(made.env, { APIGW_SLACK_WEBHOOK: other.url })
    expect((await made.run('install')).code).toBe(2)
    expect(made.secrets.get('apigw-trail-slack')).toBe(old.url)
    const { stdout, stderr, code } = await made.run('install', '--yes')
    expect(code, stderr).toBe(0)
    expect(made.secrets.get('apigw-trail-slack')).toBe(other.url)
    expect(stdout + stderr + made.sentElsewhere()).not.toContain(secretPart)
    expect(made.aws.stacks.get('apigw-trail')?.status).toBe('CREATE_COMPLETE')
  })
})

describe('nothing changes', () => {
  test('without confirmation', async () => {
    const made = await cloud({ APIGW_SLACK_WEBHOOK: (await loopbackSlack()).url })
    const before = made.state()
    const refused = await made.run('install', '--json')
    expect(refused.code).toBe(2)
    expect(jsonError(refused)).toMatchObject({ code: 'input-missing', next: 'add --yes' })
    expect(made.state()).toEqual(before)
    expect(made.aws.changeSets).toBe(0)
  })

  test('with --dry-run, which shows both stacks, and none once they are deployed', async () => {
    const made = await cloud()
    const before = made.state()
    const { stdout, stderr, code } = await made.run('install', '--dry-run', '--yes')
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('Dry run: nothing was changed.')
    expect(stdout).toMatch(/^apigw-trail {2}\d+ to create$[\s\S]*^apigw-trail-global {2}\d+ to create$/m)
    expect(made.state()).toEqual(before)
    expect(made.aws.changeSets).toBe(0)

    const there = await installed((await loopbackSlack()).url)
    const stood = there.state()
    const asked = there.server.asked.length
    const shown = await there.run('install', '--dry-run', '--json')
    expect(JSON.parse(shown.stdout)).toEqual({
      dryRun: true,
      stacks: ['apigw-trail', 'apigw-trail-global'].map((stack) => ({ stack, changes: [] })),
    })
    expect(there.state()).toEqual(stood)
    const set = there.server.asked.slice(asked).find(({ action }) => action === 'CreateChangeSet')
    // Unchanged code is not a change, because its key is its hash.
    expect([...(set?.parameters.values() ?? [])]).toContain(there.aws.stacks.get('apigw-trail')?.parameters.CodeKey)
  })

  test('without permission for the first call', async () => {
    const made = await cloud({ APIGW_SLACK_WEBHOOK: (await loopbackSlack()).url })
    made.denied.add('DescribeTrails')
    expect(shownError(await made.run('install', '--yes'))).toMatchObject({
      message: 'You lack the right cloudtrail:DescribeTrails on *.',
    })
    expect(made.state()).toMatchObject({ stacks: [], buckets: [], secrets: [] })
  })
})
