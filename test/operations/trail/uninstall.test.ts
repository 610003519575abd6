import { describe, expect, test } from 'vitest'
import { jsonError, shownError } from '../../cli/run.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { type Cloud, cloud, home, installed } from './cloud.ts'

const ready = async (more: Readonly<Record<string, string>> = {}): Promise<Cloud> => installed((await loopbackSlack()).url, more)
const statuses = ({ aws }: Cloud) => Object.fromEntries([...aws.stacks].map(([name, { status }]) => [name, status]))
const gone = { 'apigw-trail': 'DELETE_COMPLETE', 'apigw-trail-global': 'DELETE_COMPLETE' }
const confirmed = ['--delete-logs', '--yes', '--confirm', 'apigw-trail']
const recorded = /AWS::(?:S3::Bucket|Logs::LogGroup) /

describe('uninstall', () => {
  test('changes nothing without confirmation, and lists once what would be deleted', async () => {
    const made = await ready()
    const before = made.state()
    const { code, stderr } = await made.run('uninstall')
    expect(code).toBe(2)
    expect(stderr).toMatch(/- delete +Bucket {2}AWS::S3::Bucket {2}data is retained outside the stack/)
    expect(stderr).toMatch(/- delete +ForwardRole {2}AWS::IAM::Role/)
    expect(stderr).toMatch(/Next: {2}add --yes/)
    expect(made.state()).toEqual(before)
  })

  test('deletes both stacks and the webhook, retains recorded events, and says so', async () => {
    const made = await ready()
    const { code, stdout, stderr } = await made.run('uninstall', '--yes')
    expect(code, stderr).toBe(0)
    expect(statuses(made)).toEqual(gone)
    expect([...made.secrets]).toEqual([])
    expect(stdout).toMatch(/^Removed the activity trail\.\nRetained:\n/)
    for (const kept of ['KMS::Key key-1', 'S3::Bucket bucket-1', 'Logs::LogGroup eventsloggroup-1', 'SQS::Queue deadletters-1']) {
      expect(stdout).toContain(`  AWS::${kept}\n`)
    }
    expect(made.s3.buckets.get('bucket-1')?.objects.size).toBe(1)
    expect(made.logGroups).toContain('eventsloggroup-1')
  })

  test('has the same as JSON', async () => {
    const made = await ready()
    const { code, stdout } = await made.run('uninstall', '--yes', '--json')
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      stacks: ['apigw-trail', 'apigw-trail-global'],
      left: expect.arrayContaining(['AWS::S3::Bucket bucket-1', 'AWS::Logs::LogGroup eventsloggroup-1']),
    })
  })

  test('with us-east-1 as home region there is one stack', async () => {
    const made = await ready({ AWS_REGION: 'us-east-1' })
    const { stdout } = await made.run('uninstall', '--yes', '--json')
    expect(JSON.parse(stdout).stacks).toEqual(['apigw-trail'])
  })

  test('without a trail says so, and keeps what belongs to a trail of a different region', async () => {
    expect(jsonError(await (await cloud()).run('uninstall', '--yes', '--json'))).toMatchObject({ code: 'trail-missing' })
    const made = await cloud()
    made.aws.put('apigw-trail-global', { parameters: { HomeRegion: 'eu-west-1' } })
    const { message } = shownError(await made.run('uninstall', '--yes'))
    expect(message).toBe(`The activity trail is not installed in ${home}.`)
    expect(statuses(made)).toEqual({ 'apigw-trail-global': 'CREATE_COMPLETE' })
  })

  test('deletes a trail whose creation failed', async () => {
    const made = await cloud()
    made.aws.put('apigw-trail', { status: 'ROLLBACK_COMPLETE' })
    made.secrets.set('apigw-trail-slack', 'x')
    expect((await made.run('uninstall', '--yes')).stdout).toBe('Removed the activity trail.\nNothing was retained.\n')
    expect(made.secrets.size).toBe(0)
  })
})

describe('uninstall --delete-logs', () => {
  test('requires the name to be typed', async () => {
    const made = await ready()
    const before = made.state()
    const refused = await made.run('uninstall', '--delete-logs', '--yes')
    expect(refused.code).toBe(2)
    expect(shownError(refused).next).toBe('apigw trail uninstall --delete-logs --yes --confirm apigw-trail')
    expect(made.state()).toEqual(before)
  })

  test('empties the bucket page by page, and deletes it, the log group and nothing else', async () => {
    const made = await ready()
    const bucket = made.s3.buckets.get('bucket-1')
    for (let file = 2; file <= 5; file++) bucket?.objects.set(`AWSLogs/${file}.gz`, '{}')
    const { code, stdout, stderr } = await made.run('uninstall', ...confirmed)
    expect(code, stderr).toBe(0)
    expect(made.s3.buckets.has('bucket-1')).toBe(false)
    expect([...made.logGroups]).toEqual(['/someone/else'])
    expect(stdout).not.toMatch(recorded)
    expect(stdout).toContain('AWS::KMS::Key key-1')
    expect([...made.s3.buckets.keys()]).toEqual([expect.stringMatching(/^apigw-artifacts-/)])
  })

  test('keeps an adopted log group, which belongs to a different trail', async () => {
    const made = await ready()
    made.aws.outputs.set('apigw-trail', { LogGroup: '/someone/else', TrailName: '', BucketName: '' })
    const { code, stderr } = await made.run('uninstall', ...confirmed)
    expect(code, stderr).toBe(0)
    expect(made.logGroups).toContain('/someone/else')
    expect(made.s3.asked.filter((one) => one.startsWith('DELETE'))).toEqual([])
  })

  test('fails if S3 keeps an object, and says what is left', async () => {
    const made = await ready()
    made.s3.locked.add('AWSLogs/1.gz')
    const { code, stderr } = await made.run('uninstall', ...confirmed)
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /Error: The trail is deleted, but some recorded events remain\. You lack the right s3:DeleteObjectVersion on bucket-1/,
    )
    expect(stderr).toMatch(/delete the bucket bucket-1 and the log group eventsloggroup-1 in the console/)
  })
})

describe('an interrupted uninstall can be run again', () => {
  test.each([
    ['DeleteSecret', 'secretsmanager:DeleteSecret'],
    ['DeleteStack', 'cloudformation:DeleteStack'],
  ])('after a missing permission: %s', async (action, right) => {
    const made = await ready()
    made.denied.add(action)
    const refused = await made.run('uninstall', '--yes')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`Error: You lack the right ${right}`)
    expect(statuses(made)['apigw-trail']).toBe('CREATE_COMPLETE')
    made.denied.clear()
    expect((await made.run('uninstall', '--yes')).code).toBe(0)
    expect(statuses(made)).toEqual(gone)
    expect(made.secrets.size).toBe(0)
  })

  test('after a failed deletion, which shows its root cause', async () => {
    const made = await ready()
    made.aws.scripts.set('apigw-trail', {
      says: [['NotifierRole', 'AWS::IAM::Role', 'DELETE_FAILED', 'Cannot delete entity, must detach all policies first.']],
      ends: ['DELETE_FAILED'],
    })
    const failed = await made.run('uninstall', '--yes')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(
      /apigw-trail could not be deleted completely \(DELETE_FAILED\)\. NotifierRole \(AWS::IAM::Role\): Cannot delete entity/,
    )
    const again = await made.run('uninstall', '--yes')
    expect(again.code, again.stderr).toBe(0)
    expect(statuses(made)).toEqual(gone)
  })

  test('after Ctrl-C, which exits with 130 while AWS continues', async () => {
    const made = await ready()
    made.onCall = (action) => void (action === 'DeleteStack' && process.emit('SIGINT'))
    const { code, stderr } = await made.run('uninstall', '--yes')
    expect(code, stderr).toBe(130)
    expect(stderr).toMatch(/Stopped watching apigw-trail-global; AWS continues/)
    expect(statuses(made)['apigw-trail']).toBe('CREATE_COMPLETE')
    made.onCall = () => undefined
    made.aws.put('apigw-trail-global', { status: 'DELETE_COMPLETE' })
    const again = await made.run('uninstall', '--yes', '--json')
    expect(JSON.parse(again.stdout).stacks).toEqual(['apigw-trail'])
    expect(statuses(made)).toEqual(gone)
  })
})
