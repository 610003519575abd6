import type { HttpFault } from '../faulty-http.ts'
import { pause } from '../patience.ts'
import type { Stage } from '../stage.ts'
import type { Fault } from './fault.ts'

const forMs = 2_000

/** A fault of the table that the registry is in. */
function ofTable(fault: HttpFault, described: Pick<Fault, 'name' | 'title' | 'holds'>): Fault {
  const tableOf = ({ registry }: Stage) => registry.faulty?.http
  return {
    ...described,
    possible: (stage) => tableOf(stage) !== undefined,
    inject: async ({ stage, signal }) => {
      tableOf(stage)?.set(fault)
      await pause(forMs, signal)
      return `for ${forMs / 1000} s`
    },
    heal: async ({ stage }) => tableOf(stage)?.set('none'),
  }
}

export const registryThrottled = ofTable('throttle', {
  name: 'registry-throttle',
  title: 'the table of the registry is over its capacity',
  holds: 'calls are refused within a second, and are not counted',
})

export const registryRefuses = ofTable('refuse', {
  name: 'registry-refuses',
  title: 'DynamoDB answers 500 to the registry',
  holds: 'calls are refused within a second, and units of calls that ended unconfirmed come back',
})

export const registryAnswersLost = ofTable('lose', {
  name: 'registry-answer-lost',
  title: 'DynamoDB does what the registry asks, and the answers are lost',
  holds: 'no call is counted twice, and units of calls that were refused come back',
})

export const registryConflicts = ofTable('conflict', {
  name: 'registry-conflicts',
  title: "every other write of a customer's books loses a race",
  holds: 'calls are decided again, and no unit is sold twice',
})
