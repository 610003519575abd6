import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reportedIn } from '../../../src/runtime/notifier/read/records.ts'
import { signalOf } from '../../../src/runtime/notifier/read/signal.ts'

const noId = () => 'no-id'
const record = { eventVersion: '1.09', eventSource: 'iam.amazonaws.com', eventName: 'CreateUser', eventID: 'e1' }
const event = { id: 'event-1', source: 'aws.iam', 'detail-type': 'AWS API Call via CloudTrail', detail: record }

function sns(Message: string, more: object = {}) {
  return {
    EventSource: 'aws:sns',
    Sns: { MessageId: 'sns-1', TopicArn: 'arn:aws:sns:ap-northeast-2:123456789012:t', Message, ...more },
  }
}

describe('an event from Lambda', () => {
  it.each<[string, unknown, { id: string; body: unknown; sqsId?: string }]>([
    ['an event of EventBridge', event, { id: 'event-1', body: event }],
    ['an event of EventBridge through SNS', { Records: [sns(JSON.stringify(event))] }, { id: 'sns-1', body: event }],
    [
      'an event of EventBridge through SQS',
      { Records: [{ messageId: 'sqs-1', body: JSON.stringify(event) }] },
      { id: 'event-1', body: event, sqsId: 'sqs-1' },
    ],
    [
      'an event through SNS and SQS',
      { Records: [{ messageId: 'sqs-1', body: JSON.stringify({ Type: 'Notification', ...sns(JSON.stringify(event)).Sns }) }] },
      { id: 'sns-1', body: event, sqsId: 'sqs-1' },
    ],
    ['text through SNS', { Records: [sns('hello')] }, { id: 'sns-1', body: 'hello' }],
    ['broken JSON through SNS', { Records: [sns('{"a":')] }, { id: 'sns-1', body: '{"a":' }],
    ['a notification over HTTP', sns(JSON.stringify(event)).Sns, { id: 'sns-1', body: event }],
    ['an invalid record', { Records: [null] }, { id: 'no-id', body: null }],
    ['something unknown', { a: 1 }, { id: 'no-id', body: { a: 1 } }],
    ['nothing', undefined, { id: 'no-id', body: undefined }],
  ])('is read: %s', (_, given, expected) => {
    expect(reportedIn(given, noId)).toEqual([expected])
  })

  it('is split into independent records', () => {
    expect(reportedIn({ Records: [sns('a'), sns('b')] }, noId).map(({ body }) => body)).toEqual(['a', 'b'])
  })

  it('never throws, and every record gives a result', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        for (const given of [value, { Records: [value, sns(text), { messageId: 'm', body: text }] }]) {
          for (const reported of reportedIn(given, noId)) expect(signalOf(reported).kind).toBeTypeOf('string')
        }
      }),
    )
  })
})

describe('a report', () => {
  const kindOf = (body: unknown, subject?: string) => signalOf({ id: '1', body, ...(subject !== undefined && { subject }) }).kind

  it.each<[string, unknown, string | undefined, string]>([
    ['an event of EventBridge', event, undefined, 'activity'],
    ['a record of CloudTrail', record, undefined, 'activity'],
    ['a finding', { 'detail-type': 'GuardDuty Finding', detail: { type: 'x' } }, undefined, 'finding'],
    ['an alarm', { AlarmName: 'a', NewStateValue: 'ALARM' }, undefined, 'alarm'],
    ['a budget', 'AWS Budget Notification …', 'AWS Budgets: month has exceeded your alert threshold', 'budget'],
    ['a line of text', 'deployed', 'CI', 'text'],
    ['the clock', { 'detail-type': 'apigw trail tick' }, undefined, 'tick'],
    ['an unknown object', { hello: 1 }, undefined, 'text'],
    ['a list', [1, 2], undefined, 'text'],
    ['null', null, undefined, 'text'],
  ])('is recognized by its shape: %s', (_, body, subject, kind) => {
    expect(kindOf(body, subject)).toBe(kind)
  })

  it('is a test only when EventBridge says that it comes from apigw', () => {
    expect(signalOf({ id: '1', body: { ...event, source: 'apigw.trail' } })).toMatchObject({ kind: 'activity', test: true })
    expect(signalOf({ id: '1', body: event })).toMatchObject({ test: false })
    expect(signalOf({ id: '1', body: { ...record, source: 'apigw.trail' } })).toMatchObject({ test: false })
  })
})
