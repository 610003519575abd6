import { describe, expect, test } from 'vitest'
import { jsonError } from '../../cli/run.ts'
import { loopbackSlack } from '../../support/slack.ts'
import { type Cloud, cloud, secretPart } from './cloud.ts'

const refusedEverywhere = /hooks\.slack|secret-part|evil/

/** Checks that a rejection shows no part of the webhook and creates nothing. */
async function refused(made: Cloud, ...args: string[]) {
  const before = made.state()
  const result = await made.run('install', '--yes', '--json', ...args)
  expect(result.code).toBe(2)
  expect(result.stdout).not.toMatch(/T0\/B0|secret-part|evil\.example/)
  expect(made.state()).toEqual(before)
  expect(made.sentElsewhere()).not.toMatch(refusedEverywhere)
  return jsonError(result)
}

describe('a webhook is rejected before anything is created', () => {
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
  ])('that is not a URL of Slack: %s', async (_, webhook) => {
    const { code, message } = await refused(await cloud({ APIGW_SLACK_WEBHOOK: webhook }))
    expect(code).toBe('input-invalid')
    expect(message).toMatch(/webhook/)
  })

  test('if the channels have no default', async () => {
    const { url } = await loopbackSlack()
    const { message } = await refused(await cloud({ APIGW_SLACK_WEBHOOK: JSON.stringify({ oncall: url }) }))
    expect(message).toMatch(/have no "default" channel/)
  })

  test.each([
    [404, 'no_service'],
    [403, 'action_prohibited'],
    [410, 'channel_is_archived'],
  ])('that Slack rejects with %i %s', async (status, body) => {
    const [good, revoked] = [await loopbackSlack(), await loopbackSlack([{ status, body }])]
    const webhooks = JSON.stringify({ default: good.url, oncall: revoked.url })
    const { code, message } = await refused(await cloud({ APIGW_SLACK_WEBHOOK: webhooks }))
    expect(code).toBe('input-invalid')
    expect(message).toBe(`The webhook of "oncall" does not work: Slack answered ${status} ${body}.`)
    expect([...good.posted, ...revoked.posted]).toEqual([{}, {}])
  })

  test('if none is configured or stored', async () => {
    const { code, next } = await refused(await cloud())
    expect(code).toBe('input-missing')
    expect(next).toContain('--webhook -')
  })
})

describe('a webhook is accepted', () => {
  test.each([
    ['Slack rejects the empty message', [{ status: 400, body: 'no_text' }], ''],
    ['Slack throttles', [{ status: 429, body: 'rate_limited' }], ''],
    ['Slack is down', [{ status: 503, body: 'down' }], 'Slack answered 503 down, so the webhook of "default" was not tested'],
    ['Slack is unreachable', ['reset' as const], 'Slack is unreachable, so the webhook of "default" was not tested'],
  ])('if %s', async (_, answers, said) => {
    const { url } = await loopbackSlack([...answers])
    const made = await cloud({ APIGW_SLACK_WEBHOOK: url })
    const { code, stdout, stderr } = await made.run('install', '--yes')
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(said)
    expect(made.secrets.get('apigw-trail-slack')).toBe(url)
    expect(stdout + stderr + made.sentElsewhere()).not.toContain(secretPart)
  })

  test('that is stored already, without providing it again', async () => {
    const made = await cloud()
    made.secrets.set('apigw-trail-slack', 'https://hooks.slack.com/services/T0/B0/kept')
    const { code, stdout, stderr } = await made.run('install', '--yes')
    expect(code, stderr).toBe(0)
    expect(made.secrets.get('apigw-trail-slack')).toBe('https://hooks.slack.com/services/T0/B0/kept')
    expect(stdout + stderr + made.sentElsewhere()).not.toContain('B0/kept')
  })
})
