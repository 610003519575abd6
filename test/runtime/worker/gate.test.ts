import { beforeEach, expect, it, vi } from 'vitest'
import { Gate, type Trouble } from '../../../src/runtime/worker/gate.ts'

vi.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }))

const pauses: number[] = []
beforeEach(() => void pauses.splice(0))

/** A gate whose probe succeeds at the `yes`-th attempt. */
async function closed(trouble: Trouble, yes: number, gate = gateOf(yes)): Promise<Gate> {
  gate.close(trouble, new Error('down'))
  await gate.settled()
  return gate
}

function gateOf(yes: number): Gate {
  const parts = {
    probe: async () => pauses.length >= yes,
    waiting: (_trouble: Trouble, _error: unknown, pauseMs: number) => void pauses.push(pauseMs),
    lasting: async () => undefined,
    opened: () => undefined,
    resumed: () => undefined,
  }
  return new Gate(parts, new AbortController().signal)
}

it('checks a database at least every three seconds, however long it is down', async () => {
  await closed('away', 50)
  expect(pauses.slice(0, 5)).toEqual([250, 500, 1000, 2000, 3000])
  expect(Math.max(...pauses)).toBe(3000)
})

it('tries a table that refuses rows at least every 15 seconds', async () => {
  await closed('refusing', 50)
  expect(pauses.slice(0, 7)).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000])
  expect(Math.max(...pauses)).toBe(15_000)
})

it('keeps its pauses while each probe succeeds and each write fails, until something is written', async () => {
  const gate = await closed('away', 1)
  await closed('away', 2, gate)
  expect(pauses).toEqual([250, 500])
  gate.worked()
  await closed('away', 3, gate)
  expect(pauses).toEqual([250, 500, 250])
})
