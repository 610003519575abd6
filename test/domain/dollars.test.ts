import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  costOf,
  dollarsExact,
  dollarsFixed,
  quantityOf,
  quantityText,
  quotient,
  rateOf,
  rateText,
  shareOf,
  sumOf,
  timesOf,
} from '../../src/domain/dollars.ts'

test('amounts are exact where floating-point numbers are not', () => {
  // 0.1 + 0.2 is 0.30000000000000004.
  const tenths = [rateOf('0.1', 1), rateOf('0.2', 1)].map((rate) => costOf(rate, quantityOf(1)))
  expect(dollarsExact(sumOf(tenths))).toBe('0.3')
  // Ten million times $0.0000133334.
  expect(dollarsExact(costOf(rateOf('0.0000133334', 1), quantityOf(10_000_000)))).toBe('133.334')
})

test('a sum of parts is the whole, in any order', () => {
  const rate = rateOf('0.1355', 1_000_000)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000_000 }), { maxLength: 30 }), (counts) => {
      const parts = sumOf(counts.map((count) => costOf(rate, quantityOf(count))))
      expect(parts).toBe(costOf(rate, quantityOf(counts.reduce((sum, one) => sum + one, 0))))
    }),
  )
})

describe('an amount is shown', () => {
  const dollars = costOf(rateOf('0.005', 1), quantityOf(1))
  test('rounded once, halves away from zero', () => {
    expect(dollarsFixed(dollars)).toBe('0.01')
    expect(dollarsFixed(-dollars)).toBe('-0.01')
    expect(dollarsFixed(-1n)).toBe('0.00')
    expect(dollarsFixed(costOf(rateOf('1234.5', 1), quantityOf(1)), 0)).toBe('1235')
  })
  test('as it is', () => {
    expect(dollarsExact(dollars)).toBe('0.005')
    expect(dollarsExact(0n)).toBe('0')
    expect(dollarsExact(costOf(rateOf('10', 1), quantityOf(10)))).toBe('100')
    expect(rateText(rateOf('0.1355', 1_000_000), 1_000_000)).toBe('0.1355')
  })
})

test('quantities have millionths, and are grouped', () => {
  expect(quantityText(quantityOf(4_583_293))).toBe('4,583,293')
  expect(quantityText(quantityOf(1.5))).toBe('1.5')
  expect(quantityText(quotient(2, 3))).toBe('0.667')
  // A quotient is rounded up, so that no byte is free.
  expect(quotient(1, 1_000_000_000)).toBe(1n)
  expect(timesOf(quantityOf(730), 0.5)).toBe(quantityOf(365))
})

test('shares of an amount are at most the amount', () => {
  const whole = costOf(rateOf('1', 1), quantityOf(1))
  const third = shareOf(whole, 1n, 3n)
  expect(third * 3n).toBeLessThanOrEqual(whole)
  expect(whole - third * 3n).toBeLessThan(3n)
  expect(shareOf(whole, 1n, 0n)).toBe(0n)
})
