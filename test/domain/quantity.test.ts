import { expect, test } from 'vitest'
import { quantity } from '../../src/domain/quantity.ts'

test('a number goes with its noun', () => {
  expect([0, 1, 2, 1_000].map((value) => quantity(value, 'unit'))).toEqual(['0 units', '1 unit', '2 units', '1,000 units'])
  expect([1, 2].map((value) => quantity(value, 'retry', 'retries'))).toEqual(['1 retry', '2 retries'])
})
