import { describe, expect, test } from 'vitest'
import { jsonError, shownError } from '../../cli/run.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { type Cloud, cloud, home, secretPart } from './cloud.ts'

async function ready(): Promise<Cloud> {
  return cloud({ APIGW_SLACK_WEBHOOK: (await loopbackSlack()).url })
}

const failing = {
  says: [
    ['Key', 'AWS::KMS::Key', 'CREATE_FAILED', 'Resource creation cancelled'],
    ['Bucket', 'AWS::S3::Bucket', 'CREATE_FAILED', 'You have reached the maximum number of buckets; limit exceeded'],
    ['Trail', 'AWS::CloudTrail::Trail', 'CREATE_FAILED', 'Resource creation cancelled'],
  ],
  ends: ['ROLLBACK_COMPLETE'],
} as const

const statuses = ({ aws }: Cloud) => Object.fromEntries([...aws.stacks].map(([name, { status }]) => [name, status]))

describe('a stack that fails', () => {
  test('shows the root cause; once that is fixed, it is created again after confirmation', async () => {
    const made = await ready()
    made.aws.scripts.set('apigw-trail', failing)
    const failed = await made.run('install', '--yes')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(
      /Error: apigw-trail could not be updated; .* Bucket \(AWS::S3::Bucket\): You have reached .*limit exceeded\nNext: {2}request an increase in the Service Quotas/,
    )
    expect(statuses(made)).toEqual({ 'apigw-trail': 'ROLLBACK_COMPLETE' })

    const asked = await made.run('install')
    expect(asked.code).toBe(2)
    expect(shownError(asked)).toEqual({
      message:
        'apigw-trail failed during creation (ROLLBACK_COMPLETE), so it can only be deleted and created again. It has no resources. Remove it? Confirmation required, and there is no terminal to ask on.',
      next: 'add --yes',
    })
    expect(statuses(made)).toEqual({ 'apigw-trail': 'ROLLBACK_COMPLETE' })

    const again = await made.run('install', '--yes')
    expect(again.code, again.stderr).toBe(0)
    expect(statuses(made)).toEqual({ 'apigw-trail': 'CREATE_COMPLETE', 'apigw-trail-global': 'CREATE_COMPLETE' })
  })

  test('in us-east-1 keeps the home stack, and the next install creates only what is missing', async () => {
    const made = await ready()
    made.aws.scripts.set('apigw-trail-global', {
      says: [['ForwardRole', 'AWS::IAM::Role', 'CREATE_FAILED', 'User: jane is not authorized to perform: iam:CreateRole']],
      ends: ['ROLLBACK_COMPLETE'],
    })
    const failed = await made.run('install', '--yes')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(
      /Error: apigw-trail-global could not be updated.*\nNext: {2}ask an administrator to allow iam:CreateRole/,
    )
    expect(statuses(made)['apigw-trail']).toBe('CREATE_COMPLETE')
    const again = await made.run('install', '--yes')
    expect(again.code, again.stderr).toBe(0)
    expect(statuses(made)).toEqual({ 'apigw-trail': 'CREATE_COMPLETE', 'apigw-trail-global': 'CREATE_COMPLETE' })
  })

  test('shows no webhook', async () => {
    const made = await ready()
    made.aws.scripts.set('apigw-trail', failing)
    const { stdout, stderr } = await made.run('install', '--yes', '--json')
    expect(stdout + stderr + made.sentElsewhere()).not.toContain(secretPart)
  })
})

describe('names a missing permission:', () => {
  test.each([
    ['DescribeTrails', 'cloudtrail:DescribeTrails'],
    ['GetSecretValue', 'secretsmanager:GetSecretValue'],
    ['CreateSecret', 'secretsmanager:CreateSecret'],
    ['DescribeStacks', 'cloudformation:DescribeStacks'],
    ['CreateChangeSet', 'cloudformation:CreateChangeSet'],
    ['ExecuteChangeSet', 'cloudformation:ExecuteChangeSet'],
  ])('%s', async (action, right) => {
    const made = await ready()
    made.denied.add(action)
    const refused = await made.run('install', '--yes', '--json')
    expect(refused.code).toBe(1)
    const { code, message, next } = jsonError(refused)
    expect({ code, message }).toEqual({ code: 'aws-denied', message: `You lack the right ${right} on *.` })
    expect(next).toContain(`allow ${right}`)
    expect(statuses(made)).toEqual({})
    expect(made.aws.changeSets).toBe(0)
    made.denied.clear()
    expect((await made.run('install', '--yes')).code).toBe(0)
  })
})

describe('Ctrl-C', () => {
  test('before the first change exits with 130, and leaves nothing', async () => {
    const made = await ready()
    const before = made.state()
    made.onCall = (action) => void (action === 'CreateChangeSet' && process.emit('SIGINT'))
    const { code, stderr } = await made.run('install', '--yes')
    expect(code, stderr).toBe(130)
    expect(stderr).toContain('Interrupted before apigw-trail was changed.')
    expect(made.state()).toEqual(before)
  })

  test('during the operation exits with 130, and says that AWS continues and how to follow it', async () => {
    const made = await ready()
    made.onCall = (action) => void (action === 'ExecuteChangeSet' && process.emit('SIGINT'))
    const { code, stderr } = await made.run('install', '--yes')
    expect(code, stderr).toBe(130)
    expect(stderr).toMatch(/Stopped watching apigw-trail; AWS continues to change it\.\nNext: {2}apigw trail status/)
    expect(Object.keys(statuses(made))).toEqual(['apigw-trail'])
  })

  test('between the two stacks keeps the first, and the next install creates the second', async () => {
    const made = await ready()
    made.onCall = (action, stack) => void (action === 'CreateChangeSet' && /-global$/.test(stack) && process.emit('SIGINT'))
    const { code, stderr } = await made.run('install', '--yes')
    expect(code, stderr).toBe(130)
    expect(statuses(made)).toEqual({ 'apigw-trail': 'CREATE_COMPLETE' })
    made.onCall = () => undefined
    const again = await made.run('install', '--yes')
    expect(again.stdout, again.stderr).toBe(`Installed the trail in ${home}.\n`)
    expect(Object.keys(statuses(made))).toEqual(['apigw-trail', 'apigw-trail-global'])
  })
})
