import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type PlannedSending,
  plainSending,
  planFrom,
  planText,
  type Rejection,
  rangesFrom,
  rangesText,
} from '../../../../src/runtime/gateway/messages/plan.ts'

const rejection: fc.Arbitrary<Rejection> = fc
  .record({
    code: fc.constantFrom('invalid-request', 'media-unavailable'),
    detail: fc.string({ maxLength: 40 }),
    errors: fc.option(fc.array(fc.record({ pointer: fc.string(), detail: fc.string() }), { minLength: 1, maxLength: 5 })),
  })
  .map(({ errors, ...rest }) => (errors === null ? rest : { ...rest, errors }))
const rows = fc.array(fc.option(rejection, { freq: 2 }), { minLength: 1, maxLength: 40 })

const prices = fc.constantFrom([1], [3], [1, 2, 12])
const mornings = fc.constantFrom<number | undefined>(undefined, 1_795_000_000_000)

function sendingOf(sent: readonly number[], units: readonly number[], until: number | undefined): PlannedSending {
  const priced = sent.map((index) => [index, units[index % units.length] ?? 1] as const)
  return {
    units: new Map(priced.filter(([, one]) => one !== 1)),
    heldUntil: new Map(until === undefined ? [] : sent.map((index) => [index, until + (index % 3) * 86_400_000] as const)),
    ...(until !== undefined && { adNight: 'hold' as const, originCode: 'A-1' }),
  }
}

describe('a stored plan', () => {
  test('reproduces the decision for every row', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom('euc-kr/1', 'cp949/1', 'cp949/27'), prices, mornings, (all, texts, units, until) => {
        const sent = all.flatMap((row, index) => (row === null ? [index] : []))
        const rejected = new Map(all.flatMap((row, index) => (row === null ? [] : [[index, row] as const])))
        const plan = { texts, rows: sent, rejected, sending: sendingOf(sent, units, until) }
        const read = planFrom(planText(plan), all.length)
        expect(read.texts).toBe(texts)
        expect(read.rows).toEqual(sent)
        expect(read.sending).toEqual(plan.sending)
        expect([...read.rejected.keys()].sort()).toEqual([...rejected.keys()].sort())
        const kept = planText(plan).length < 8_000
        if (kept) expect(read.rejected).toEqual(rejected)
      }),
    )
  })

  test('takes a few bytes when every row is sent, and is small for any rows', () => {
    const all = Array.from({ length: 500 }, (_, index) => index)
    expect(planText({ texts: 'euc-kr/1', rows: all, rejected: new Map(), sending: plainSending })).toBe('0-499')
    expect(planText({ texts: 'cp949/1', rows: all, rejected: new Map(), sending: plainSending })).toBe('cp949/1 0-499')
    const long = (index: number): Rejection => ({ code: 'invalid-request', detail: `${index} ${'x'.repeat(500)}` })
    const rejected = new Map(Array.from({ length: 250 }, (_, at) => [2 * at, long(at)]))
    const plan = { texts: 'euc-kr/1', rows: Array.from({ length: 250 }, (_, at) => 2 * at + 1), rejected, sending: plainSending }
    expect(planText(plan).length).toBeLessThan(10_000)
    expect(planFrom(planText(plan), 500).rejected.get(498)?.detail).toMatch(/first answer/)
  })

  test('keeps what a policy decided in a few bytes, for any rows', () => {
    const all = Array.from({ length: 500 }, (_, index) => index)
    const plain = { texts: 'euc-kr/1', rows: all, rejected: new Map() }
    const units = new Map(all.map((index) => [index, 3] as const))
    const held = { units, heldUntil: new Map([[7, 1_795_000_000_000]]), adNight: 'hold' as const }
    const text = planText({ ...plain, sending: held })
    expect(text).toBe('["0-499",{"u":[["0-499",3]],"h":[["7",1795000000000]],"n":"hold"}]')
    expect(planFrom(text, 500).sending).toEqual(held)
    const mixed = { ...plain, sending: sendingOf(all, [2, 3, 4, 5, 6, 7, 8, 9], 1_795_000_000_000) }
    expect(planText(mixed).length).toBeLessThan(6_000)
  })

  test.each(['0-1', 'cp949/1 0-1', '["0-1",["2","invalid-request","/to: is missing"]]'])(
    'of an earlier version is read: %s',
    (text) => {
      expect(planFrom(text, 3)).toMatchObject({ rows: [0, 1], sending: plainSending })
    },
  )

  test('with a rule of a newer version holds advertising', () => {
    expect(planFrom('["0",{"n":"ask","x":[1]}]', 1)).toMatchObject({ rows: [0], sending: { adNight: 'hold' } })
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
