import { expect, it } from 'vitest'
import { customResource, type Resource } from '../../../src/runtime/resources/custom-resource.ts'
import { cloudFormation } from './cloudformation.ts'

function resource(changes: Partial<Resource> = {}): Resource {
  return { id: 'thing', ensure: async () => ({ Answer: '42' }), remove: async () => undefined, ...changes }
}

it('answers every request type, and remains the same resource', async () => {
  const { responses, event } = await cloudFormation()
  const handle = customResource(resource())
  await handle(event('Create', {}))
  await handle(event('Update', {}, 'thing'))
  await handle(event('Delete', {}, 'of-an-older-version'))
  expect(responses.map(({ Status, PhysicalResourceId, Data }) => [Status, PhysicalResourceId, Data])).toEqual([
    ['SUCCESS', 'thing', { Answer: '42' }],
    ['SUCCESS', 'thing', { Answer: '42' }],
    ['SUCCESS', 'of-an-older-version', {}],
  ])
  expect(responses[0]).toMatchObject({ RequestId: 'request-0', LogicalResourceId: 'Thing' })
})

it('reports a failure and its reason', async () => {
  const { responses, event } = await cloudFormation()
  const fails = async () => Promise.reject(new TypeError(`no, ${'x'.repeat(1_000)}`))
  await customResource(resource({ ensure: fails }))(event('Create', {}))
  expect(responses).toMatchObject([
    { Status: 'FAILED', PhysicalResourceId: 'thing', Reason: expect.stringContaining('TypeError: no') },
  ])
  expect(responses[0]?.Reason?.length).toBeLessThanOrEqual(500)
})

it('sends its answer again when it does not arrive', async () => {
  const { responses, event } = await cloudFormation(2)
  await customResource(resource())(event('Create', {}))
  expect(responses).toMatchObject([{ Status: 'SUCCESS' }])
})
