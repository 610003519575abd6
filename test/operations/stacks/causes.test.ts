import { expect, test } from 'vitest'
import { causeOf } from '../../../src/operations/stacks/causes.ts'
import type { StackEvent } from '../../../src/operations/stacks/events.ts'

function event(status: string, reason: string | undefined, ofStack: boolean): StackEvent {
  const type = ofStack ? 'AWS::CloudFormation::Stack' : 'AWS::SQS::Queue'
  const resource = ofStack ? 'apigw-prod-data' : 'Queue'
  return { id: `${resource}-${status}`, at: 0, resource, type, physicalId: 'id', status, reason, ofStack, token: undefined }
}

const start = event('UPDATE_IN_PROGRESS', 'User Initiated', true)

test('a rollback that no resource caused has the reason of the stack', () => {
  const rollback = event('UPDATE_ROLLBACK_IN_PROGRESS', 'Unable to fetch parameters [x] from parameter store', true)
  const restored = event('UPDATE_COMPLETE', undefined, false)
  expect(causeOf([start, rollback, restored])).toMatchObject({
    resource: 'apigw-prod-data',
    reason: 'Unable to fetch parameters [x] from parameter store',
  })
})

test('the failed resource comes before the rollback that it caused', () => {
  const failed = event('UPDATE_FAILED', 'no capacity', false)
  const rollback = event('UPDATE_ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to update: [Queue].', true)
  expect(causeOf([start, failed, rollback])).toMatchObject({ resource: 'Queue', reason: 'no capacity' })
})

test('an operation that succeeded has no cause', () => {
  expect(causeOf([start, event('UPDATE_COMPLETE', undefined, true)])).toBeUndefined()
})
