import { expect, test } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import type { DeploySettings } from '../../../src/domain/stage.ts'
import { rehearse, type StageRehearsal } from '../../dev/rehearse/cloudformation/stage.ts'
import { account } from '../../dev/rehearse/cloudformation/world.ts'
import { least, shipped } from '../../dev/rehearse/stages.ts'

const msADay = 86_400_000
const root = shipped()

async function deployed(...all: readonly DeploySettings[]): Promise<StageRehearsal> {
  const aws = account()
  const stage = await rehearse(aws, root)
  for (const settings of all) {
    expect(await stage.deploy(settings, ['security', 'network', 'data'])).toBeUndefined()
    aws.pass(msADay)
  }
  return stage
}

const refused = async (stage: StageRehearsal, settings: DeploySettings): Promise<string> => {
  const error: unknown = await stage.diff(settings, ['data']).catch((one: unknown) => one)
  expect(error).toMatchObject({
    code: 'stack-refused',
    message: expect.stringContaining('cannot take back the queue apigw-prod-'),
  })
  return error instanceof Problem ? (error.next ?? '') : ''
}

// The old queue is retained with its messages, outside the stack, and keeps its name.
test('the earlier carrier is refused before anything changes, and comes back as the second carrier', async () => {
  const stage = await deployed(least, { ...least, carrier: 'gamma' })
  expect(await refused(stage, least)).toMatch(
    /^set deploy\.carrier to gamma and deploy\.secondCarrier to carrier-a .* apigw deploy data: it imports the queue/,
  )
  expect(await stage.deploy({ ...least, carrier: 'gamma', secondCarrier: 'carrier-a' }, ['data'])).toBeUndefined()
})

test('an earlier second carrier comes back after the second carrier was removed', async () => {
  const one = { ...least, secondCarrier: 'beta' }
  const stage = await deployed(one, { ...least, secondCarrier: 'gamma' })
  expect(await refused(stage, one)).toMatch(/^remove deploy\.secondCarrier .* set it to beta again/)
  expect(await stage.deploy(least, ['data'])).toBeUndefined()
  expect(await stage.deploy(one, ['data'])).toBeUndefined()
})

test('an earlier carrier beside two others is refused with the carrier that stays', async () => {
  const two = { ...least, secondCarrier: 'beta' }
  const stage = await deployed(two, { ...two, carrier: 'gamma' })
  expect(await refused(stage, two)).toMatch(/^set deploy\.carrier to gamma .* delete its queues .* when they are empty$/)
})
