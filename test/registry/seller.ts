/**
 * One of many gateways that sell the same customer's units: a separate process for never-oversold.test.ts.
 * It sends `ready`, makes its calls on each message, and reports the units it kept: first a burst with refunds,
 * then the remainder, one unit at a time.
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressKey } from '../../src/domain/address.ts'
import type { Admission } from '../../src/domain/admission.ts'
import { randomId } from '../../src/domain/ids.ts'
import { Problem } from '../../src/domain/problem.ts'
import { openRegistry } from '../../src/registry/index.ts'
import { patientClient } from './dynamo.ts'

export interface Sold {
  /** Units that were admitted and not refunded. */
  readonly kept: number
  readonly givenBack: number
  readonly refused: number
}

const [address = '', customer = '', callsText = '0'] = process.argv.slice(2)
const calls = Number(callsText)
/** Concurrent calls of one gateway; more would only wait in its own queue. */
const atOnce = 100

const registry = await openRegistry(address, { dynamodb: patientClient })
const sold = { kept: 0, givenBack: 0, refused: 0 }

/** Whether nothing was done: SQLite was locked, or other gateways won every race for an item of DynamoDB. */
function isUntouched(error: unknown): boolean {
  return error instanceof Problem && (error.message.includes('locked') || error.extensions?.reason === 'contended')
}

/** Retries what was not begun. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isUntouched(error)) throw error
      await sleep(5)
    }
  }
}

function buy(units: number): Promise<Admission> {
  return untilAnswered(() =>
    registry.admit({
      reservation: randomId(),
      customer,
      keyId: 'k-live',
      environment: 'live',
      api: 'messages',
      units,
      address: addressKey('203.0.113.7') ?? '',
    }),
  )
}

async function call(index: number): Promise<void> {
  const admission = await buy(1 + (index % 3))
  if (admission.kind !== 'admitted') {
    sold.refused += 1
    return
  }
  const { reservation } = admission
  if (index % 4 !== 0) {
    sold.kept += reservation.units
    return
  }
  const said = await Promise.all([1, 2].map(() => untilAnswered(() => registry.settle(reservation, { kind: 'failed' }))))
  if (said.filter(Boolean).length !== 1) throw new Error(`given back ${said} times`)
  sold.givenBack += reservation.units
}

async function rush(): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < calls) await call(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

async function buyTheRest(): Promise<void> {
  while ((await buy(1)).kind === 'admitted') sold.kept += 1
}

// A gateway's listener keeps its process alive. A pooled connection does not, even while an answer is waited for
// (https://github.com/nodejs/undici/pull/772), and Node ends a process that waits for nothing else with exit code 13.
const alive = setInterval(() => undefined, 60_000)
process.send?.('ready')
for (const phase of [rush, buyTheRest]) {
  await once(process, 'message')
  await phase()
  process.send?.(sold satisfies Sold)
}
await registry.close()
clearInterval(alive)
process.disconnect?.()
