import { describe, expect, it } from 'vitest'
import type { SlackAnswer } from '../../support/slack.ts'
import { bridged, example, sns, world } from './world.ts'

const records = (count: number) =>
  Array.from({ length: count }, () =>
    sns(bridged(example('s3-bucket-deleted', { userIdentity: { arn: `arn:aws:iam::1:user/u${Math.random()}` } }))),
  )

const failures: [string, SlackAnswer][] = [
  ['429 with Retry-After', { status: 429, body: 'rate_limited', retryAfter: '2' }],
  ['429 without Retry-After', { status: 429, body: 'rate_limited' }],
  ['500', { status: 500, body: 'oops' }],
  ['a reset connection', 'reset'],
  ['a hang', 'hang'],
]

describe.each(failures)('when Slack occasionally answers with %s', (_, failure) => {
  it('every alert is delivered once', async () => {
    const answers: SlackAnswer[] = [failure, 'ok', failure, failure, 'ok', 'ok']
    const { slack, invoke } = await world({ answers, timeoutMs: 150 })
    for (const record of records(6)) expect(await invoke({ Records: [record] })).toBe('handled')
    expect(slack.delivered).toHaveLength(6)
    expect(new Set(slack.delivered.map((message) => JSON.stringify(message))).size).toBe(6)
  })
})

describe.each<[string, SlackAnswer]>([
  ['is down for an hour', { status: 503, body: 'down' }],
  ['resets every connection', 'reset'],
  ['asks to wait for an hour', { status: 429, body: 'rate_limited', retryAfter: '3600' }],
  ['no longer knows the webhook', { status: 404, body: 'no_service' }],
])('when Slack %s', (_, failure) => {
  it('every alert becomes a dead letter, and is delivered once from there', async () => {
    const { slack, invoke, clock } = await world({ answers: Array.from({ length: 200 }, () => failure) })
    const all = records(4).map((record) => ({ Records: [record] }))
    for (const event of all) expect(await invoke(event)).toBe('dead')
    expect(slack.delivered).toHaveLength(0)
    // Slack is back, and every waiting record is handed to the function again, twice.
    const back = await world()
    clock.now += 3_600_000
    for (const event of [...all, ...all]) expect(await back.invoke(event)).toBe('handled')
    expect(back.slack.delivered).toHaveLength(4)
  })
})

it('a bad record never causes the loss of another', async () => {
  const { slack, run } = await world({ answers: ['ok', 'reset', 'reset', 'reset'] })
  const [a, b, c] = records(3)
  await expect(run({ Records: [a, b, null, c] })).rejects.toMatchObject({ name: 'DeliveryFailed', failures: 1 })
  expect(slack.delivered).toHaveLength(3)
})

it('a repeated run posts only what is missing', async () => {
  const { slack, invoke } = await world({ answers: ['ok', 'reset', 'reset', 'reset'] })
  expect(await invoke({ Records: records(3) })).toBe('handled')
  expect(slack.delivered).toHaveLength(3)
})

it('reports the failed records to SQS, and keeps the others from being delivered again', async () => {
  const { slack, run } = await world({ answers: ['ok', 'reset', 'reset', 'reset'] })
  const Records = records(3).map(({ Sns }, at) => ({
    messageId: `sqs-${at}`,
    body: JSON.stringify({ Type: 'Notification', ...Sns }),
  }))
  const { batchItemFailures } = await run({ Records })
  expect(batchItemFailures).toEqual([{ itemIdentifier: 'sqs-1' }])
  expect(slack.delivered).toHaveLength(2)
})

it('logs neither the webhook nor the text of an alert', async () => {
  const { slack, run, logs } = await world({ answers: [{ status: 404, body: 'no_service' }] })
  await run({ Records: records(2) }).catch(() => undefined)
  const text = JSON.stringify(logs)
  expect(text).toContain('alert-failed')
  expect(text).not.toContain('secret-part')
  expect(text).not.toContain(slack.url)
  expect(text).not.toContain('user/u')
})
