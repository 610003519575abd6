import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileFilter, FilterError } from '../../../../src/runtime/notifier/rules/metric-filter.ts'

describe('a metric filter', () => {
  it.each<[string, unknown, unknown]>([
    ['{ $.a = "x" }', { a: 'x' }, { a: 'xy' }],
    ['{ $.a = x }', { a: 'x' }, { a: 'y' }],
    ['{ $.a = "x*" }', { a: 'xyz' }, { a: 'ax' }],
    ['{ $.a = "*x" }', { a: 'yx' }, { a: 'xy' }],
    ['{ $.a = *.8xlarge }', { a: 'm5.8xlarge' }, { a: 'm5x8xlarge' }],
    ['{ $.a = 5 }', { a: 5 }, { a: 6 }],
    ['{ $.a != "x" }', { a: 'y' }, { a: 'x' }],
    // The trap: a field that is missing is not unequal.
    ['{ $.a != "x" }', { a: '' }, {}],
    ['{ $.a > 5 }', { a: 6 }, { a: 5 }],
    ['{ $.a >= 5 }', { a: 5 }, { a: 4 }],
    ['{ $.a < 5 }', { a: 4 }, { a: '4' }],
    ['{ $.a <= 5 }', { a: 5 }, { a: 6 }],
    ['{ $.a NOT EXISTS }', {}, { a: null }],
    ['{ $.a EXISTS }', { a: 0 }, {}],
    ['{ $.a IS NULL }', { a: null }, { a: 0 }],
    ['{ $.a IS TRUE }', { a: true }, { a: 'true' }],
    ['{ $.a IS FALSE }', { a: false }, {}],
    ['{ $.a.b = "x" }', { a: { b: 'x' } }, { a: 'x' }],
    ['{ $.a[0].b = "x" }', { a: [{ b: 'x' }] }, { a: [{ b: 'y' }, { b: 'x' }] }],
    ['{ ($.a = 1) && ($.b = 2) }', { a: 1, b: 2 }, { a: 1 }],
    ['{ ($.a = 1) || ($.b = 2) }', { b: 2 }, { b: 1 }],
    ['{ $.a = 1 || $.b = 2 && $.c = 3 }', { a: 1 }, { b: 2 }],
    ['{ ($.a = 1 || $.b = 2) && $.c = 3 }', { b: 2, c: 3 }, { a: 1 }],
    ['{$.a="x"}', { a: 'x' }, { a: 'y' }],
    ['{ $.a = "say \\"x\\"" }', { a: 'say "x"' }, { a: 'x' }],
  ])('%s', (pattern, yes, no) => {
    const fits = compileFilter(pattern)
    expect(fits(yes)).toBe(true)
    expect(fits(no)).toBe(false)
  })

  it.each([
    ['$.a = 1', 'character 1'],
    ['{ $.a = }', 'a value is missing'],
    ['{ $.a }', 'a comparison is missing'],
    ['{ ($.a = 1 }', '")" is missing'],
    ['{ $.a = 1 ) }', 'character 11: ")" was not expected'],
    ['{ a = 1 }', 'a selector such as $.eventName is missing'],
    ['{ $.a NOT 1 }', 'EXISTS is missing'],
    ['{ $.a IS 1 }', 'NULL, TRUE or FALSE is missing'],
    ['{ $.a > x }', '"x" is no number'],
    ['{ $.a = "x }', 'cannot be read'],
  ])('that is wrong says where: %s', (pattern, message) => {
    expect(() => compileFilter(pattern)).toThrow(FilterError)
    expect(() => compileFilter(pattern)).toThrow(message)
  })

  it('of the benchmark is read, each of them, and throws at no event', () => {
    const path = new URL('../../../../templates/trail/cis-metric-filters.json', import.meta.url)
    const { filters }: { filters: Record<string, { filter_pattern: string }> } = JSON.parse(readFileSync(path, 'utf8'))
    const all = Object.values(filters).map(({ filter_pattern }) => compileFilter(filter_pattern))
    expect(all.length).toBeGreaterThan(13)
    fc.assert(fc.property(fc.anything(), (event) => all.every((fits) => typeof fits(event) === 'boolean')))
  })
})
