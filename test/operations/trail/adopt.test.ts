import { describe, expect, test } from 'vitest'
import { jsonError, shownError } from '../../cli/run.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { account, type Cloud, cloud, home } from './cloud.ts'

const groupArn = (region: string, name: string) => `arn:aws:logs:${region}:${account}:log-group:${name}:*`

const management = {
  Name: 'management-events',
  IsMultiRegionTrail: true,
  CloudWatchLogsLogGroupArn: groupArn(home, 'cloudtrail/all'),
}

async function withTrail(...trails: Cloud['trails']): Promise<Cloud> {
  const made = await cloud({ APIGW_SLACK_WEBHOOK: (await loopbackSlack()).url })
  made.trails.push(...trails)
  return made
}

/** The stack's parameter for the adopted log group. */
function adopting(made: Cloud): void {
  made.aws.outputs.set('apigw-trail', { TopicArn: 'topic', LogGroup: 'cloudtrail/all', TrailName: '', BucketName: '' })
}

const groupOf = (made: Cloud) => made.aws.stacks.get('apigw-trail')?.parameters.AdoptLogGroup

describe('an account with a multi-region trail', () => {
  test('does not get a second one without asking', async () => {
    const made = await withTrail(management)
    const before = made.state()
    const refused = await made.run('install', '--yes', '--json')
    expect(refused.code).toBe(2)
    expect(jsonError(refused)).toEqual({
      code: 'trail-exists',
      message: 'The account already has a multi-region trail: management-events. AWS charges for every event of a second one.',
      next: 'apigw trail install --adopt management-events, or --own to create a second one',
    })
    expect(made.state()).toEqual(before)
  })

  test('provides its log group with --adopt, and a later install needs no flag', async () => {
    const made = await withTrail({ Name: 'another', IsMultiRegionTrail: true }, management)
    adopting(made)
    const { stdout, code } = await made.run('install', '--adopt', 'management-events', '--yes', '--json')
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ trail: 'management-events', logGroup: 'cloudtrail/all' })
    expect(groupOf(made)).toBe('cloudtrail/all')
    const again = await made.run('install', '--json')
    expect(again.code, again.stdout).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({ changed: false, trail: 'management-events' })
    expect(groupOf(made)).toBe('cloudtrail/all')
  })

  test('an adopted single-region trail stays adopted', async () => {
    const made = await withTrail({ ...management, IsMultiRegionTrail: false })
    adopting(made)
    expect((await made.run('install', '--adopt', 'management-events', '--yes')).code).toBe(0)
    expect(JSON.parse((await made.run('install', '--yes', '--json')).stdout)).toMatchObject({ changed: false })
    expect(groupOf(made)).toBe('cloudtrail/all')
  })

  test('gets a second one with --own, and is not asked again', async () => {
    const made = await withTrail(management)
    expect((await made.run('install', '--own', '--yes')).code).toBe(0)
    expect(groupOf(made)).toBe('')
    expect((await made.run('install')).code).toBe(0)
  })

  test('apigw’s own trail in a different region counts too', async () => {
    const made = await withTrail({ ...management, Name: 'apigw-trail' })
    expect(jsonError(await made.run('install', '--yes', '--json')).code).toBe('trail-exists')
  })

  test('a single-region trail does not count', async () => {
    const made = await withTrail({ ...management, IsMultiRegionTrail: false })
    expect((await made.run('install', '--yes')).code).toBe(0)
    expect(groupOf(made)).toBe('')
  })
})

describe('--adopt is rejected before anything is created,', () => {
  test.each([
    ['an unknown trail name', 'unknown', 'The trail "unknown" does not exist.', /describe-trails/],
    ['a trail without a log group', 'quiet', 'The trail "quiet" does not write to CloudWatch Logs.', /update-trail --name quiet/],
    [
      'a trail whose log group is in a different region',
      'far',
      `The trail "far" writes to CloudWatch Logs in eu-west-1, not in ${home}.`,
      /install --region eu-west-1 --adopt far/,
    ],
  ])('for %s', async (_, name, message, next) => {
    const far = { Name: 'far', IsMultiRegionTrail: true, CloudWatchLogsLogGroupArn: groupArn('eu-west-1', 'all') }
    const made = await withTrail(management, { Name: 'quiet', IsMultiRegionTrail: true }, far)
    const before = made.state()
    const refused = await made.run('install', '--adopt', name, '--yes')
    expect(refused.code).toBe(2)
    const shown = shownError(refused)
    expect(shown.message).toBe(message)
    expect(shown.next).toMatch(next)
    expect(made.state()).toEqual(before)
  })

  test('together with --own', async () => {
    const made = await withTrail(management)
    expect((await made.run('install', '--adopt', 'management-events', '--own', '--yes')).code).toBe(2)
  })
})
