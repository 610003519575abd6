import type { HttpFault } from '../faulty-http.ts'
import { pause } from '../patience.ts'
import { always, type Fault, type World } from './fault.ts'

const forMs = 2_000

async function meets({ signal }: World, service: { set(fault: HttpFault): void }, fault: HttpFault): Promise<string> {
  service.set(fault)
  await pause(forMs, signal)
  return `for ${forMs / 1000} s`
}

export const queueRefuses: Fault = {
  name: 'queue-refuses',
  title: 'SQS answers 500',
  holds: 'no call is answered 202, and its units come back',
  possible: always,
  inject: (world) => meets(world, world.stage.sqs, 'refuse'),
  heal: async ({ stage }) => stage.sqs.set('none'),
}

export const queueSilent: Fault = {
  name: 'queue-answer-lost',
  title: 'SQS does what it is asked, and the answers are lost',
  holds: 'what is sent again has the same ids, and is written once',
  possible: always,
  inject: (world) => meets(world, world.stage.sqs, 'lose'),
  heal: async ({ stage }) => stage.sqs.set('none'),
}

export const ledgerRefuses: Fault = {
  name: 'ledger-refuses',
  title: 'DynamoDB answers 500',
  holds: 'messages are sent, and their reports follow',
  possible: always,
  inject: (world) => meets(world, world.stage.ledger, 'refuse'),
  heal: async ({ stage }) => stage.ledger.set('none'),
}
