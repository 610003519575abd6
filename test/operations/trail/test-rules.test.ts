import { expect, it } from 'vitest'
import { entryOf } from '../../../src/operations/trail/test-rules.ts'
import { deployedPatterns } from '../../../src/runtime/notifier/index.ts'
import { compilePattern } from '../../../src/runtime/notifier/rules/event-pattern.ts'
import { rules, uuid, world } from '../../runtime/notifier/world.ts'

const deployed = deployedPatterns(rules).map(({ pattern }) => compilePattern(pattern))

/** The event that EventBridge delivers for an entry. */
function delivered(rule: (typeof rules)[number]) {
  const { Source, DetailType, Detail } = entryOf(rule, uuid())
  return { id: uuid(), source: Source, 'detail-type': DetailType, detail: JSON.parse(Detail) }
}

it.each(rules)('the test event of $id passes EventBridge, and its rule posts it as a test', async (rule) => {
  const event = delivered(rule)
  expect(deployed.some((matches) => matches(event))).toBe(true)
  const { run, slack } = await world()
  const { outcomes } = await run(event)
  expect(outcomes).toMatchObject([{ outcome: 'posted' }])
  expect(JSON.stringify(slack.delivered)).toContain('TEST')
  expect(JSON.stringify(slack.delivered)).toContain(rule.id)
})
