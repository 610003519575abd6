import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noticeText, type ThresholdNotice } from '../../../src/domain/threshold-notice.ts'
import { openNotices } from '../../../src/runtime/ports/index.ts'
import type { WebhookWorkerEvent } from '../../../src/runtime/webhooks/index.ts'
import { type NoticeChannel, sendNotices } from '../../../src/runtime/webhooks/notices.ts'
import { type Dynamo, startDynamo } from '../../support/dynamodb.ts'

let dynamo: Dynamo
beforeAll(async () => {
  dynamo = await startDynamo()
})
afterAll(() => dynamo.stop())

const started = Date.parse('2026-11-23T12:00:00Z')
const clock = { at: started }
const now = (): number => clock.at

function noticeOf(customer: string, percent = 80): ThresholdNotice {
  const used = { used: percent * 10, limit: 1_000, resetsAt: started + 10_800_000, at: clock.at }
  return { key: `quota#day#2026-11-23#${percent}`, customer, environment: 'live', window: 'day', percent, ...used }
}

function newWorld(...names: string[]) {
  const notices = openNotices({ endpoint: dynamo.endpoint, region: 'ap-northeast-2', now })
  if (notices === undefined) throw new Error('an endpoint is there')
  const got: Record<string, string[]> = Object.fromEntries(names.map((name) => [name, []]))
  const broken = new Set<string>()
  const channels = names.map(
    (name): NoticeChannel => ({
      name,
      send: async ({ text }) => {
        if (broken.has(name)) throw new Error('refused')
        got[name]?.push(text)
      },
    }),
  )
  const events: WebhookWorkerEvent[] = []
  const observe = (event: WebhookWorkerEvent): void => void events.push(event)
  const send = (holder = 'one') => sendNotices({ notices, channels, observe, now, random: () => 0.5 }, holder)
  const add = (notice: ThresholdNotice) => dynamo.open(now).addNotice(notice)
  return { notices, got, broken, events, send, add, waiting: () => notices.waiting(100) }
}

describe('a notice of a quota that is used in part', () => {
  it('comes once by each channel, from any number of workers, also where a gateway adds it again', async () => {
    const world = newWorld('mail', 'slack')
    await world.add(noticeOf('acme'))
    await world.add(noticeOf('acme'))
    await world.add(noticeOf('beta', 100))
    await Promise.all(['one', 'two', 'three'].map(world.send))
    await world.add(noticeOf('acme'))
    await world.send('four')
    const text = [
      'acme (live): 80 % of the day: 800 of 1000 units, until 2026-11-23T15:00:00.000Z',
      'beta (live): 100 % of the day: 1000 of 1000 units, until 2026-11-23T15:00:00.000Z',
    ].join('\n')
    expect(world.got).toEqual({ mail: [text], slack: [text] })
    expect(await world.waiting()).toEqual([])
  })

  it('waits for a channel that fails without being sent twice by the other, and is given up after a day', async () => {
    const world = newWorld('mail', 'slack')
    world.broken.add('mail')
    await world.add(noticeOf('gamma'))
    await world.send()
    await world.send()
    expect(world.got).toMatchObject({ mail: [], slack: [expect.stringContaining('gamma')] })
    // The second turn came before the pause was over.
    expect(world.events.filter(({ kind }) => kind === 'notice-failed')).toHaveLength(1)
    world.broken.clear()
    clock.at += 60_000
    await world.send()
    expect([world.got.mail?.length, world.got.slack?.length, (await world.waiting()).length]).toEqual([1, 1, 0])
    world.broken.add('mail')
    await world.add(noticeOf('delta'))
    for (let turn = 0; turn < 3; turn++) {
      await world.send()
      clock.at += 43_260_000
    }
    expect(await world.waiting()).toEqual([])
    expect(world.events.at(-1)).toMatchObject({ kind: 'notice-failed', channel: 'all', notices: 1 })
  })

  it('does not throw where the ledger is away, and costs nothing without a channel', async () => {
    const before = [...dynamo.seen.values()].reduce((sum, one) => sum + one, 0)
    await newWorld().send()
    expect([...dynamo.seen.values()].reduce((sum, one) => sum + one, 0)).toBe(before)
    const world = newWorld('mail')
    world.notices.waiting = () => Promise.reject(new Error('away'))
    await world.send()
    expect(world.events).toMatchObject([{ kind: 'webhook-failed' }])
  })

  it('is short, however many there are', () => {
    const { subject, text } = noticeText(Array.from({ length: 90 }, (_, at) => noticeOf(`customer-${at}`)))
    expect(subject).toBe('apigw: 90 quotas are at 80 % or more')
    expect(text.split('\n')).toHaveLength(51)
    expect(text.split('\n').at(-1)).toBe('and 40 more')
    // What SNS takes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    expect(noticeText([noticeOf('c'.repeat(40))]).subject).toMatch(/^[\x20-\x7e]{1,99}$/)
  })
})
