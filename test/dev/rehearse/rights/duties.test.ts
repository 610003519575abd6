import { expect, test } from 'vitest'
import { dutiesOf } from '../../../../src/dev/rehearse/rights/duties.ts'
import { Judge } from '../../../../src/dev/rehearse/rights/judge.ts'
import { rightsOf } from '../../../../src/dev/rehearse/rights/rights.ts'
import { resolveStage } from '../../../../src/dev/rehearse/template/stage.ts'
import { place, sentStage, shipped, variants } from '../stages.ts'

const installation = shipped()

test.each(Object.entries(variants))('AWS may do everything that the stage needs of it: %s', async (_name, settings) => {
  const stacks = resolveStage(await sentStage(settings, installation), place)
  const all = [...stacks.values()].flatMap(({ resources }) => [...resources.values()])
  const judge = new Judge(rightsOf(all), place)
  const duties = dutiesOf(all)
  const denied = duties.flatMap((duty) => {
    const verdict = duty.kind === 'assume' ? judge.mayAssume(duty.service, duty.role) : judge.judge(duty.sender, duty.request)
    return verdict.allowed ? [] : [`${duty.what}: ${verdict.reason}`]
  })
  expect(denied).toEqual([])
  expect(duties.length).toBeGreaterThan(40)
})
