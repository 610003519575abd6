import { describe, expect, test } from 'vitest'
import { jsonError } from '../../cli/run.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { type Cloud, cloud, secretPart } from './cloud.ts'

const refusedEverywhere = /hooks\.slack|secret-part|evil/

/** Holds a refusal to what it promises: nothing of the webhook is shown, and nothing was made. */
async function refused(made: Cloud, ...args: string[]) {
  const before = made.state()
  const result = await made.run('install', '--yes', '--json', ...args)
  expect(result.code).toBe(2)
  expect(result.stdout).not.toMatch(/T0\/B0|secret-part|evil\.example/)
  expect(made.state()).toEqual(before)
  expect(made.sentElsewhere()).not.toMatch(refusedEverywhere)
  return jsonError(result)
}

describe('a webhook is refused before anything is made', () => {
  test('as the value of a flag: others can read arguments', async () => {
    const made = await cloud()
    const { code, next } = await refused(made, '--webhook', `https://hooks.slack.com/services/T0/B0/${secretPart}`)
    expect(code).toBe('secret-in-argument')
    expect(next).toContain('APIGW_SLACK_WEBHOOK')
    expect(made.called).toEqual([])
  })

  test.each([
    ['another host', `https://evil.example/services/T0/B0/${secretPart}`],
    ['another host that looks alike', `https://hooks.slack.com.evil.example/services/T0/B0/${secretPart}`],
    ['no TLS', `http://hooks.slack.com/services/T0/B0/${secretPart}`],
    ['another path', 'https://hooks.slack.com/evil'],
    ['words', secretPart],
    ['one of several', JSON.stringify({ default: 'https://hooks.slack.com/services/T0/B0/x', oncall: secretPart })],
    ['none of several', '{}'],
    ['a text that begins as JSON', `{"default": "${secretPart}`],
  ])('that is no address of Slack: %s', async (_, webhook) => {
    const { code, message } = await refused(await cloud({ APIGW_SLACK_WEBHOOK: webhook }))
    expect(code).toBe('input-invalid')
    expect(message).toMatch(/webhook/)
  })

  test('where channels have no default', async () => {
    const { url } = await loopbackSlack()
    const { message } = await refused(await cloud({ APIGW_SLACK_WEBHOOK: JSON.stringify({ oncall: url }) }))
    expect(message).toMatch(/No webhook is named "default"/)
  })

  test.each([
    [404, 'no_service'],
    [403, 'action_prohibited'],
    [410, 'channel_is_archived'],
  ])('that Slack refuses with %i %s', async (status, body) => {
    const [good, revoked] = [await loopbackSlack(), await loopbackSlack([{ status, body }])]
    const webhooks = JSON.stringify({ default: good.url, oncall: revoked.url })
    const { code, message } = await refused(await cloud({ APIGW_SLACK_WEBHOOK: webhooks }))
    expect(code).toBe('input-invalid')
    expect(message).toBe(`The webhook of "oncall" does not work: Slack answered ${status} ${body}.`)
    expect([...good.posted, ...revoked.posted]).toEqual([{}, {}])
  })

  test('where there is none, and none is stored', async () => {
    const { code, next } = await refused(await cloud())
    expect(code).toBe('input-missing')
    expect(next).toContain('--webhook -')
  })
})

describe('a webhook is taken', () => {
  test.each([
    ['Slack says what it says to an empty message', [{ status: 400, body: 'no_text' }], ''],
    ['Slack asks to slow down', [{ status: 429, body: 'rate_limited' }], ''],
    ['Slack is down', [{ status: 503, body: 'down' }], 'Slack answered 503 down: whether the webhook of "default" works'],
    ['Slack is out of reach', ['reset' as const], 'Slack cannot be reached: whether the webhook of "default" works'],
  ])('where %s', async (_, answers, said) => {
    const { url } = await loopbackSlack([...answers])
    const made = await cloud({ APIGW_SLACK_WEBHOOK: url })
    const { code, stdout, stderr } = await made.run('install', '--yes')
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(said)
    expect(made.secrets.get('apigw-trail-slack')).toBe(url)
    expect(stdout + stderr + made.sentElsewhere()).not.toContain(secretPart)
  })

  test('that is stored already, without being given again', async () => {
    const made = await cloud()
    made.secrets.set('apigw-trail-slack', 'https://hooks.slack.com/services/T0/B0/kept')
    const { code, stdout, stderr } = await made.run('install', '--yes')
    expect(code, stderr).toBe(0)
    expect(made.secrets.get('apigw-trail-slack')).toBe('https://hooks.slack.com/services/T0/B0/kept')
    expect(stdout + stderr + made.sentElsewhere()).not.toContain('B0/kept')
  })
})
