import { expect, onTestFinished, test } from 'vitest'
import { startEmulator } from '../../../src/dev/local/index.ts'
import { checkRouted } from '../../../src/operations/doctor/checks/queues.ts'
import { openQueue } from '../../../src/runtime/ports/index.ts'

test('a route to the sandbox is checked with the queue of the stage, or the one that is called so', async () => {
  const sqs = await startEmulator({ port: 0 })
  onTestFinished(() => sqs.stop())
  const queue = openQueue({ endpoint: sqs.address })
  const nameOf = async (stage: string | undefined) => (await checkRouted(queue, 'sandbox', stage)).name
  const stateOf = async (stage: string | undefined) => (await checkRouted(queue, 'sandbox', stage)).state

  expect([await nameOf('prod'), await stateOf('prod')]).toEqual(['queue sandbox-apigw-prod', 'fail'])
  sqs.createQueue('sandbox')
  expect([await nameOf('prod'), await stateOf('prod')]).toEqual(['queue sandbox', 'warn'])
  sqs.createQueue('sandbox-apigw-prod')
  expect(await nameOf('prod')).toBe('queue sandbox-apigw-prod')
  expect(await nameOf(undefined)).toBe('queue sandbox')
})
