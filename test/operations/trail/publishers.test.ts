import { expect, it } from 'vitest'
import { publishersWithout } from '../../../src/operations/trail/publishers.ts'

const Service = ['cloudwatch.amazonaws.com', 'events.amazonaws.com', 'budgets.amazonaws.com']
const Condition = { StringEquals: { 'aws:SourceAccount': '123456789012' } }
const policy = (...Statement: readonly object[]) => JSON.stringify({ Statement })

it.each<[string, string, readonly string[]]>([
  ['all are let in', policy({ Effect: 'Allow', Principal: { Service }, Action: 'sns:Publish' }), []],
  [
    'one is missing',
    policy({ Effect: 'Allow', Principal: { Service: Service.slice(0, 2) }, Action: 'sns:*' }),
    [Service[2] ?? ''],
  ],
  [
    'EventBridge has a condition',
    policy({ Effect: 'Allow', Principal: { Service }, Action: '*', Condition }),
    ['events.amazonaws.com'],
  ],
  ['another right', policy({ Effect: 'Allow', Principal: { Service }, Action: 'sns:Subscribe' }), Service],
  ['refused', policy({ Effect: 'Deny', Principal: { Service }, Action: 'sns:Publish' }), Service],
  ['no policy', '', Service],
])('%s', (_, text, missing) => {
  expect(publishersWithout(text, ['sns:Publish'])).toEqual(missing)
})

it('requires every action', () => {
  const half = policy({ Effect: 'Allow', Principal: { Service }, Action: ['kms:GenerateDataKey*'] })
  expect(publishersWithout(half, ['kms:Decrypt', 'kms:GenerateDataKey'])).toEqual(Service)
  const whole = policy({ Effect: 'Allow', Principal: { Service }, Action: ['kms:GenerateDataKey*', 'kms:Decrypt'] })
  expect(publishersWithout(whole, ['kms:Decrypt', 'kms:GenerateDataKey'])).toEqual([])
})
