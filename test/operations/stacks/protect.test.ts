import { describe, expect, test } from 'vitest'
import { deployStage, diffStage, planStage } from '../../../src/operations/stacks/index.ts'
import { installation } from './installation.ts'
import { steps, type World, world } from './world.ts'

async function deploy({ clients }: World, data: Readonly<Record<string, boolean>> = {}) {
  const settings = { domain: 'api.example.com', hostedZoneId: 'Z123', parameters: { data } }
  const stage = { name: 'prod', region: clients.region, settings }
  const plans = await planStage(stage, ['data'], installation())
  const deployments = await diffStage(clients, stage, plans, steps())
  const asked: string[] = []
  const approve = async (name: string) => asked.push(name) > 0
  await deployStage(clients, deployments, stage, { ...steps(), approve }, () => undefined)
  return asked
}

/** The values of DeletionProtection in the change sets that were created, in order. */
function protections({ server }: World): (string | undefined)[] {
  const sets = server.asked.filter(({ action }) => action === 'CreateChangeSet')
  return sets.map(({ parameters }) => {
    for (let at = 1; parameters.has(`Parameters.member.${at}.ParameterKey`); at++) {
      if (parameters.get(`Parameters.member.${at}.ParameterKey`) !== 'DeletionProtection') continue
      return parameters.get(`Parameters.member.${at}.ParameterValue`) ?? undefined
    }
    return undefined
  })
}

const protectedBy = ({ aws }: World) => aws.stacks.get('apigw-prod-data')?.parameters.DeletionProtection
const failing = (status: string) => ({
  says: [['Database', 'AWS::RDS::DBInstance', 'CREATE_FAILED', 'no capacity']] as const,
  ends: [status] as const,
})

// A creation that fails deletes what it has created. A protected database cannot be deleted
// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html).
describe('deletion protection', () => {
  test('is off while the stack is created, and on at the end of the same run, without another question', async () => {
    const here = await world()
    expect(await deploy(here)).toEqual([])
    expect(protections(here)).toEqual(['false', undefined])
    expect(protectedBy(here)).toBeUndefined()
    // The template's default is true.
    await deploy(here)
    expect(here.count('ExecuteChangeSet')).toBe(2)
  })
  test('is off again when a failed creation is repeated', async () => {
    const here = await world()
    here.aws.scripts.set('apigw-prod-data', failing('ROLLBACK_COMPLETE'))
    await expect(deploy(here)).rejects.toMatchObject({ code: 'stack-failed' })
    await deploy(here)
    expect(protections(here)).toEqual(['false', 'false', undefined])
  })
  test('is turned on by the next run if the second step did not happen', async () => {
    const here = await world()
    here.aws.put('apigw-prod-data', { parameters: { DeletionProtection: 'false' } })
    await deploy(here)
    expect(protections(here).at(-1)).toBeUndefined()
    expect(here.count('ExecuteChangeSet')).toBe(1)
  })
  test('stays off if apigw.yaml says so', async () => {
    const here = await world()
    await deploy(here, { DeletionProtection: false })
    expect(protections(here)).toEqual(['false'])
    expect(protectedBy(here)).toBe('false')
  })
  test('of a stack that exists is never turned off in between', async () => {
    const here = await world()
    await deploy(here)
    await deploy(here, { DatabaseMultiAz: false })
    expect(protections(here).slice(2)).not.toContain('false')
  })
})

test('a failed deployment deletes what it has created, also when it was an update', async () => {
  const here = await world()
  await deploy(here)
  const executed = here.server.asked.filter(({ action }) => action === 'ExecuteChangeSet')
  expect(executed.map(({ parameters }) => parameters.get('RetainExceptOnCreate'))).toEqual(['true', 'true'])
})
