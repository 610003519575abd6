import { expect, it } from 'vitest'
import { Turns } from '../../../src/runtime/ports/turns.ts'

it('runs a limited number at a time, in order, and continues after a failure', async () => {
  const turns = new Turns(2)
  let running = 0
  let largest = 0
  const began: number[] = []
  const results = await Promise.allSettled(
    Array.from({ length: 9 }, (_, at) =>
      turns.run(async () => {
        began.push(at)
        largest = Math.max(largest, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        if (at % 3 === 0) throw new Error('no')
        return at
      }),
    ),
  )
  expect(largest).toBe(2)
  expect(began).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual(began.map((at) => at % 3 !== 0))
  expect(await turns.run(async () => 'free')).toBe('free')
})
