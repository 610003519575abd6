import { expect, it } from 'vitest'
import { heldResult } from '../../../src/operations/doctor/checks/held.ts'

it('held messages are late two minutes after they were due', () => {
  const state = { queue: 'carrier-a', count: 3, oldestDueAt: 1_000 }
  expect(heldResult({ queue: 'carrier-a', count: 0 }, 9).state).toBe('ok')
  expect(heldResult(state, 121_000).state).toBe('ok')
  expect(heldResult(state, 121_001)).toMatchObject({ state: 'warn', detail: expect.stringContaining('120 s ago') })
})
