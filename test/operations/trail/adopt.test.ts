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

/** What the stack is asked to be, and then says of itself. */
function adopting(made: Cloud): void {
  made.aws.outputs.set('apigw-trail', { TopicArn: 'topic', LogGroup: 'cloudtrail/all', TrailName: '', BucketName: '' })
}

const groupOf = (made: Cloud) => made.aws.stacks.get('apigw-trail')?.parameters.AdoptLogGroup

describe('an account that has a trail of all regions', () => {
  test('is not given a second one in silence', async () => {
    const made = await withTrail(management)
    const before = made.state()
    const refused = await made.run('install', '--yes', '--json')
    expect(refused.code).toBe(2)
    expect(jsonError(refused)).toEqual({
      code: 'trail-exists',
      message: 'There is a trail of all regions already: management-events. AWS bills a second one for every event.',
      next: 'apigw trail install --adopt management-events, or --own for another',
    })
    expect(made.state()).toEqual(before)
  })

  test('has its log group used with --adopt, and a later install needs no flag for it', async () => {
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

  test('a trail of one region that was adopted stays so too', async () => {
    const made = await withTrail({ ...management, IsMultiRegionTrail: false })
    adopting(made)
    expect((await made.run('install', '--adopt', 'management-events', '--yes')).code).toBe(0)
    expect(JSON.parse((await made.run('install', '--yes', '--json')).stdout)).toMatchObject({ changed: false })
    expect(groupOf(made)).toBe('cloudtrail/all')
  })

  test('gets another with --own, and is not asked about it again', async () => {
    const made = await withTrail(management)
    expect((await made.run('install', '--own', '--yes')).code).toBe(0)
    expect(groupOf(made)).toBe('')
    expect((await made.run('install')).code).toBe(0)
  })

  test('a trail of ours in another region is such a trail', async () => {
    const made = await withTrail({ ...management, Name: 'apigw-trail' })
    expect(jsonError(await made.run('install', '--yes', '--json')).code).toBe('trail-exists')
  })

  test('a trail of one region alone is none', async () => {
    const made = await withTrail({ ...management, IsMultiRegionTrail: false })
    expect((await made.run('install', '--yes')).code).toBe(0)
    expect(groupOf(made)).toBe('')
  })
})

describe('--adopt is refused, before anything is made,', () => {
  test.each([
    ['a name that no trail has', 'nobody', 'There is no trail "nobody".', /describe-trails/],
    ['a trail without a log group', 'quiet', 'The trail "quiet" does not write to CloudWatch Logs.', /update-trail --name quiet/],
    [
      'a trail whose log group is in another region',
      'far',
      `The trail "far" writes to CloudWatch Logs in eu-west-1, and this is ${home}.`,
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
