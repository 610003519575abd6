import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern, PatternError, wildcardFits } from '../../../../src/runtime/notifier/rules/event-pattern.ts'

const fits = (wanted: unknown, value: unknown): boolean => compilePattern({ a: wanted })(value === undefined ? {} : { a: value })

describe('a pattern of EventBridge', () => {
  it.each<[string, unknown, unknown, unknown]>([
    ['a text', ['x'], 'x', 'y'],
    ['one of several', ['x', 'y'], 'y', 'z'],
    ['a number, not its text', [1], 1, '1'],
    ['true', [true], true, 'true'],
    ['null', [null], null, undefined],
    ['prefix', [{ prefix: 'ab' }], 'abc', 'cab'],
    ['prefix without case', [{ prefix: { 'equals-ignore-case': 'AB' } }], 'abc', 'bab'],
    ['suffix', [{ suffix: 'bc' }], 'abc', 'bcd'],
    ['suffix without case', [{ suffix: { 'equals-ignore-case': 'BC' } }], 'abc', 'bcd'],
    ['equals-ignore-case', [{ 'equals-ignore-case': 'Alice' }], 'aLICE', 'bob'],
    ['anything-but', [{ 'anything-but': 'x' }], 'y', 'x'],
    ['anything-but of a list', [{ 'anything-but': ['x', 1] }], 2, 1],
    ['anything-but of what is missing', [{ 'anything-but': 'x' }], 'y', undefined],
    ['anything-but prefix', [{ 'anything-but': { prefix: 'x' } }], 'yx', 'xy'],
    ['anything-but prefixes', [{ 'anything-but': { prefix: ['x', 'y'] } }], 'zx', 'yx'],
    ['anything-but suffix', [{ 'anything-but': { suffix: 'x' } }], 'xy', 'yx'],
    ['anything-but wildcard', [{ 'anything-but': { wildcard: 'a*c' } }], 'ab', 'abc'],
    ['anything-but without case', [{ 'anything-but': { 'equals-ignore-case': 'X' } }], 'y', 'x'],
    ['exists', [{ exists: true }], 0, undefined],
    ['exists, not of an object', [{ exists: true }], null, { b: 1 }],
    ['does not exist', [{ exists: false }], undefined, ''],
    ['an empty list is nothing', [{ exists: false }], [], ['x']],
    ['numeric', [{ numeric: ['>', 0, '<=', 5] }], 5, 0],
    ['numeric, not of texts', [{ numeric: ['=', 5] }], 5, '5'],
    ['cidr', [{ cidr: '10.0.0.0/24' }], '10.0.0.255', '10.0.1.0'],
    ['cidr of version 6', [{ cidr: '2001:db8::/32' }], '2001:db8::1', '10.0.0.1'],
    ['wildcard', [{ wildcard: 'a*c*e' }], 'abcde', 'abcd'],
    ['any element of a list', ['x'], ['y', 'x'], ['y', 'z']],
    ['several ways in one list', ['x', { prefix: 'ab' }, { exists: false }], 'abc', 'b'],
  ])('%s', (_, wanted, yes, no) => {
    expect(fits(wanted, yes)).toBe(true)
    expect(fits(wanted, no)).toBe(false)
  })

  it('wants every member', () => {
    const both = compilePattern({ a: ['x'], b: { c: ['y'] } })
    expect(both({ a: 'x', b: { c: 'y' } })).toBe(true)
    expect(both({ a: 'x', b: { c: 'z' } })).toBe(false)
    expect(both({ a: 'x' })).toBe(false)
  })

  it('$or wants one of its patterns, and the members beside it', () => {
    const pattern = compilePattern({ a: ['x'], $or: [{ b: ['1'] }, { c: ['2'] }] })
    expect(pattern({ a: 'x', c: '2' })).toBe(true)
    expect(pattern({ a: 'x', b: '2' })).toBe(false)
    expect(pattern({ b: '1' })).toBe(false)
  })

  it('looks into lists of objects', () => {
    const pattern = compilePattern({ items: { id: ['x'] } })
    expect(pattern({ items: [{ id: 'y' }, { id: 'x' }] })).toBe(true)
    expect(pattern({ items: [{ id: 'y' }] })).toBe(false)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a value without a list', { a: 'x' }, 'a: is neither a list nor an object'],
    ['an empty list', { a: { b: [] } }, 'a.b: is an empty list'],
    ['an unknown operator', { a: [{ like: 'x' }] }, 'a: "like" is no operator'],
    ['two operators at once', { a: [{ prefix: 'x', suffix: 'y' }] }, 'a: "prefix" is no operator'],
    ['a prefix that is no text', { a: [{ prefix: 1 }] }, 'a.prefix: is not a text'],
    ['exists of no boolean', { a: [{ exists: 'yes' }] }, 'a.exists: is neither true nor false'],
    ['a range that is none', { a: [{ cidr: '10.0.0.0' }] }, 'a.cidr: is not a range'],
    ['a comparison that is none', { a: [{ numeric: ['~', 1] }] }, 'a.numeric: "~ 1" is not a comparison'],
    ['a $or of one', { $or: [{ a: ['x'] }] }, '$or: is not a list of at least two'],
    ['a list in a list', { a: [['x']] }, 'a: is a list in a list'],
    ['nothing', {}, 'the pattern: is empty'],
  ])('that is wrong names the place: %s', (_, pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(PatternError)
    expect(() => compilePattern(pattern)).toThrow(message)
  })

  it('never throws, whatever the event', () => {
    const pattern = compilePattern({
      a: { b: [{ wildcard: 'x*' }, { cidr: '10.0.0.0/8' }, { numeric: ['>', 1] }, { 'anything-but': 'q' }] },
    })
    fc.assert(
      fc.property(
        fc.anything(),
        fc.anything(),
        (whole, inner) => typeof pattern(whole) === 'boolean' && typeof pattern({ a: { b: inner } }) === 'boolean',
      ),
    )
  })
})

/** What a wildcard means, said as simply as can be. */
function naive(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern.startsWith('*')) return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)))
  return text.startsWith(pattern.charAt(0)) && naive(pattern.slice(1), text.slice(1))
}

it('finds wildcards as a naive matcher does', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
  fc.assert(
    fc.property(pattern, text, (one, other) => wildcardFits(one, other) === naive(one, other)),
    { numRuns: 5_000 },
  )
})
