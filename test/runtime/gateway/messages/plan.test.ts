import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planFrom, planText, type Rejection, rangesFrom, rangesText } from '../../../../src/runtime/gateway/messages/plan.ts'

const rejection: fc.Arbitrary<Rejection> = fc
  .record({
    code: fc.constantFrom('invalid-request', 'media-unavailable'),
    detail: fc.string({ maxLength: 40 }),
    errors: fc.option(fc.array(fc.record({ pointer: fc.string(), detail: fc.string() }), { minLength: 1, maxLength: 5 })),
  })
  .map(({ errors, ...rest }) => (errors === null ? rest : { ...rest, errors }))
const rows = fc.array(fc.option(rejection, { freq: 2 }), { minLength: 1, maxLength: 40 })

describe('a stored plan', () => {
  test('reproduces the decision for every row', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom('euc-kr/1', 'cp949/1', 'cp949/27'), (all, texts) => {
        const sent = all.flatMap((row, index) => (row === null ? [index] : []))
        const rejected = new Map(all.flatMap((row, index) => (row === null ? [] : [[index, row] as const])))
        const plan = { texts, rows: sent, rejected }
        const read = planFrom(planText(plan), all.length)
        expect(read.texts).toBe(texts)
        expect(read.rows).toEqual(sent)
        expect([...read.rejected.keys()].sort()).toEqual([...rejected.keys()].sort())
        const kept = planText(plan).length < 8_000
        if (kept) expect(read.rejected).toEqual(rejected)
      }),
    )
  })

  test('takes a few bytes when every row is sent, and is small for any rows', () => {
    const all = Array.from({ length: 500 }, (_, index) => index)
    expect(planText({ texts: 'euc-kr/1', rows: all, rejected: new Map() })).toBe('0-499')
    expect(planText({ texts: 'cp949/1', rows: all, rejected: new Map() })).toBe('cp949/1 0-499')
    const long = (index: number): Rejection => ({ code: 'invalid-request', detail: `${index} ${'x'.repeat(500)}` })
    const rejected = new Map(Array.from({ length: 250 }, (_, at) => [2 * at, long(at)]))
    const plan = { texts: 'euc-kr/1', rows: Array.from({ length: 250 }, (_, at) => 2 * at + 1), rejected }
    expect(planText(plan).length).toBeLessThan(10_000)
    expect(planFrom(planText(plan), 500).rejected.get(498)?.detail).toMatch(/first answer/)
  })

  test('lists rows as ranges', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(499)), (indexes) => {
        const sorted = indexes.sort((a, b) => a - b)
        expect(rangesFrom(rangesText(sorted))).toEqual(sorted)
      }),
    )
  })
})
