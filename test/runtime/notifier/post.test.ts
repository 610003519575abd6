import { expect, it } from 'vitest'
import { NotPosted, post, retryAfterMs } from '../../../src/runtime/notifier/slack/post.ts'
import { loopbackSlack, type SlackAnswer } from '../../support/slack.ts'

const message = {
  text: 'something happened',
  unfurl_links: false,
  unfurl_media: false,
  attachments: [{ color: '#000000', fallback: 'something happened, in words', blocks: [] }],
} as const

/** Posts with its own clock: waiting takes no time, and is counted. */
async function posting(answers: SlackAnswer[], { within = 50_000, timeoutMs = 5_000 } = {}) {
  const slack = await loopbackSlack(answers)
  const waits: number[] = []
  let left = within
  const options = {
    timeoutMs,
    remaining: () => left,
    pause: async (ms: number) => {
      waits.push(ms)
      left -= ms
    },
  }
  const error: unknown = await post(slack.url, message, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return { slack, waits, error }
}

it('posts once when Slack answers ok', async () => {
  const { slack, error } = await posting([])
  expect(error).toBeUndefined()
  expect(slack.posted).toHaveLength(1)
  expect(slack.delivered[0]).toMatchObject({ text: 'something happened', attachments: [{ color: '#000000' }] })
})

it('waits as long as Slack asks after a 429, and then posts', async () => {
  const { slack, waits, error } = await posting([{ status: 429, body: 'rate_limited', retryAfter: '7' }])
  expect(error).toBeUndefined()
  expect(waits).toEqual([7_000])
  expect(slack.delivered).toHaveLength(1)
})

it('waits a second after a 429 without a Retry-After', async () => {
  const { waits, error } = await posting([{ status: 429, body: 'rate_limited' }])
  expect(error).toBeUndefined()
  expect(waits).toEqual([1_000])
})

it('gives up at once when Slack asks for more time than is left', async () => {
  const { slack, waits, error } = await posting([{ status: 429, body: '', retryAfter: '60' }])
  expect(error).toBeInstanceOf(NotPosted)
  expect(error).toMatchObject({ retryable: true, message: expect.stringContaining('60 s') })
  expect(waits).toEqual([])
  expect(slack.posted).toHaveLength(1)
})

it.each<[string, SlackAnswer]>([
  ['a 500', { status: 500, body: 'oops' }],
  ['a reset connection', 'reset'],
])('retries after %s', async (_, answer) => {
  const { slack, error } = await posting([answer, answer])
  expect(error).toBeUndefined()
  expect(slack.delivered).toHaveLength(1)
})

it('retries when Slack did not answer in time', async () => {
  const { slack, error } = await posting(['hang'], { timeoutMs: 100 })
  expect(error).toBeUndefined()
  expect(slack.delivered).toHaveLength(1)
})

it('gives up after three failures, so that Lambda delivers the report again', async () => {
  const { slack, error } = await posting(['reset', 'reset', 'reset', 'reset'])
  expect(error).toMatchObject({ name: 'NotPosted', retryable: true })
  expect(slack.posted).toHaveLength(3)
})

it.each([
  [404, 'no_service'],
  [403, 'invalid_token'],
  [410, 'channel_is_archived'],
])('does not retry after %i %s: the webhook is wrong', async (status, body) => {
  const { slack, error } = await posting([{ status, body }])
  expect(error).toMatchObject({ retryable: false, message: expect.stringContaining(body) })
  expect(slack.posted).toHaveLength(1)
})

it('posts plain text when Slack refuses the blocks', async () => {
  const { slack, error } = await posting([{ status: 400, body: 'invalid_blocks' }])
  expect(error).toBeUndefined()
  expect(slack.delivered[0]).toMatchObject({ text: 'something happened, in words', attachments: [] })
})

it('gives up when Slack refuses the plain text too', async () => {
  const { error } = await posting([
    { status: 400, body: 'invalid_blocks' },
    { status: 400, body: 'no_text' },
  ])
  expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('no_text') })
})

it('never discloses the address of the webhook', async () => {
  for (const answer of [{ status: 404, body: 'no_service' }, 'reset'] as const) {
    const { slack, error } = await posting([answer, answer, answer])
    expect(String(error)).not.toContain('secret-part')
    expect(JSON.stringify(error)).not.toContain(slack.url)
  }
})

it.each([
  ['3', 3_000],
  ['0', 1_000],
  ['', 1_000],
  [null, 1_000],
  ['soon', 1_000],
  ['Wed, 25 Nov 2026 00:00:30 GMT', 30_000],
])('reads Retry-After %j as %i ms', (header, ms) => {
  expect(retryAfterMs(header, Date.parse('2026-11-25T00:00:00Z'))).toBe(ms)
})
