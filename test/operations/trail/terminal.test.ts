import { describe, expect, test } from 'vitest'
import { ctrlC, enter, hasPython, talk } from '../../cli/talk.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { account, type Cloud, cloud, home, installed, secretPart } from './cloud.ts'

const statuses = ({ aws }: Cloud) => Object.fromEntries([...aws.stacks].map(([name, { status }]) => [name, status]))
const say = (made: Cloud, args: string[], pairs: readonly (readonly [string, string])[]) =>
  talk(made.cwd, ['trail', ...args], pairs, made.env)

describe.skipIf(!hasPython())('on a terminal', () => {
  test('install asks for the webhook without echo, and once for all changes', async () => {
    const { url } = await loopbackSlack()
    const made = await cloud()
    const before = made.state()
    for (const answer of [`no${enter}`, enter, ctrlC]) {
      const { screen, code } = await say(
        made,
        ['install'],
        [
          ['incoming webhook', `${url}${enter}`],
          ['Apply these changes?', answer],
        ],
      )
      expect(code, screen).toBe(answer === ctrlC ? 130 : 1)
      expect(screen).toMatch(/create +Trail[\s\S]*create +ForwardRole/)
      expect(screen).not.toContain(secretPart)
      expect(made.state()).toEqual(before)
      expect(made.aws.changeSets).toBe(0)
    }
    const { screen, code } = await say(
      made,
      ['install'],
      [
        ['incoming webhook', `${url}${enter}`],
        ['Apply these changes?', `yes${enter}`],
      ],
    )
    expect(code, screen).toBe(0)
    expect(screen).not.toContain(secretPart)
    expect(statuses(made)).toEqual({ 'apigw-trail': 'CREATE_COMPLETE', 'apigw-trail-global': 'CREATE_COMPLETE' })
    expect(made.secrets.get('apigw-trail-slack')).toBe(url)
  })

  test('install asks what to do with an existing trail', async () => {
    const question = 'already exists: management-events'
    const made = await cloud({ APIGW_SLACK_WEBHOOK: (await loopbackSlack()).url })
    made.trails.push({
      Name: 'management-events',
      IsMultiRegionTrail: true,
      CloudWatchLogsLogGroupArn: `arn:aws:logs:${home}:${account}:log-group:cloudtrail/all:*`,
    })
    const neither = await say(made, ['install'], [[question, `yes${enter}`]])
    expect(neither.code, neither.screen).toBe(1)
    expect(neither.screen).toContain('Nothing was changed')
    expect(made.aws.stacks.size).toBe(0)
    for (const [answer, group] of [
      ['own', ''],
      ['adopt', 'cloudtrail/all'],
    ] as const) {
      made.aws.stacks.clear()
      const { screen, code } = await say(
        made,
        ['install'],
        [
          [question, `${answer}${enter}`],
          ['Apply these changes?', `yes${enter}`],
        ],
      )
      expect(code, screen).toBe(0)
      expect(made.aws.stacks.get('apigw-trail')?.parameters.AdoptLogGroup).toBe(group)
    }
  })

  test('uninstall asks once; a refusal keeps both stacks', async () => {
    const made = await installed((await loopbackSlack()).url)
    const before = made.state()
    const refused = await say(made, ['uninstall'], [['Apply these changes?', `no${enter}`]])
    expect(refused.code, refused.screen).toBe(1)
    expect(made.state()).toEqual(before)
    const wrong = await say(made, ['uninstall', '--delete-logs'], [['Type apigw-trail', `yes${enter}`]])
    expect(wrong.code, wrong.screen).toBe(1)
    expect(made.state()).toEqual(before)
    const { screen, code } = await say(made, ['uninstall'], [['Apply these changes?', `yes${enter}`]])
    expect(code, screen).toBe(0)
    expect(statuses(made)).toEqual({ 'apigw-trail': 'DELETE_COMPLETE', 'apigw-trail-global': 'DELETE_COMPLETE' })
  })
})
