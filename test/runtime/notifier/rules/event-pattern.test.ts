import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { compilePattern, PatternFault } from '../../../../src/runtime/notifier/rules/event-pattern.ts'

function holds(pattern: unknown, event: unknown): boolean {
  return compilePattern(pattern)(event)
}

describe('each operator, matching and not matching', () => {
  it.each<[unknown, readonly unknown[], readonly unknown[]]>([
    ['text', ['text'], ['Text', 'tex', '', 0, null, true, undefined, {}]],
    ['', [''], [' ', null, undefined]],
    [5, [5, 5.0], ['5', 6, null, true]],
    [null, [null], ['null', undefined, 0, false]],
    [true, [true], ['true', 1, false]],
    [{ prefix: 'Get' }, ['Get', 'GetUser'], ['get', 'Ge', 'aGet', 5, null, undefined]],
    [{ prefix: { 'equals-ignore-case': 'get' } }, ['GETUser', 'get'], ['put', undefined]],
    [{ suffix: '.png' }, ['.png', 'a.png'], ['a.PNG', 'png', 5, undefined]],
    [{ suffix: { 'equals-ignore-case': '.png' } }, ['a.PNG'], ['a.gif']],
    [{ 'equals-ignore-case': 'alice' }, ['ALICE', 'alice'], ['alic', 'alices', undefined]],
    [{ 'anything-but': 'a' }, ['b', '', 5, null, true], ['a', undefined, {}]],
    [{ 'anything-but': ['a', 'b'] }, ['c', 1], ['a', 'b', undefined]],
    [{ 'anything-but': [1, 2] }, [3, '1'], [1, 2, undefined]],
    [{ 'anything-but': { prefix: 'a' } }, ['ba', 5], ['a', 'ab', undefined]],
    [{ 'anything-but': { prefix: ['a', 'b'] } }, ['c'], ['ab', 'bc', undefined]],
    [{ 'anything-but': { suffix: ['.a', '.b'] } }, ['x.c'], ['x.a', 'x.b']],
    [{ 'anything-but': { 'equals-ignore-case': ['a', 'b'] } }, ['c'], ['A', 'B', undefined]],
    [{ 'anything-but': { wildcard: '*/lib/*' } }, ['/usr/bin/a'], ['/usr/lib/a', undefined]],
    [{ exists: true }, ['a', '', 0, false, null, ['a']], [undefined, {}, [], { b: 1 }]],
    [{ exists: false }, [undefined, {}, [], { b: 1 }], ['a', '', 0, false, null, ['a']]],
    [{ numeric: ['=', 5] }, [5], ['5', 6, null, undefined]],
    [{ numeric: ['<', 5] }, [4.9, -1], [5, 6, '4']],
    [{ numeric: ['>', 0, '<=', 5] }, [1, 5], [0, 5.1, undefined]],
    [{ numeric: ['>=', 4, '<', 7] }, [4, 6.9], [3.9, 7]],
    [{ cidr: '203.0.113.0/24' }, ['203.0.113.7', '203.0.113.255'], ['203.0.114.1', 'AWS Internal', 5, undefined]],
    [{ cidr: '2001:db8::/32' }, ['2001:db8::1'], ['2001:db9::1', '203.0.113.7']],
    [{ wildcard: 'a*c' }, ['ac', 'abc', 'a*c', 'acc'], ['ab', 'bac', 'acb', 5, undefined]],
    [{ wildcard: 'a\\*c' }, ['a*c'], ['abc', 'a\\*c']],
    [{ wildcard: 'a\\\\*' }, ['a\\', 'a\\b'], ['ab']],
    [{ wildcard: '*' }, ['', 'a'], [5, undefined]],
  ])('%j', (operator, matching, missing) => {
    for (const value of matching) expect(holds({ a: [operator] }, { a: value }), `matches ${JSON.stringify(value)}`).toBe(true)
    for (const value of missing) expect(holds({ a: [operator] }, { a: value }), `misses ${JSON.stringify(value)}`).toBe(false)
  })
})

describe('how members and lists combine', () => {
  it.each<[unknown, readonly unknown[], readonly unknown[]]>([
    // All members, and one alternative of each.
    [{ a: [1, 2], b: ['x'] }, [{ a: 2, b: 'x', c: 0 }], [{ a: 3, b: 'x' }, { a: 1 }]],
    [{ a: { b: { c: [1] } } }, [{ a: { b: { c: 1 } } }], [{ a: { b: 1 } }, { a: null }, { 'a.b.c': 1 }]],
    // A list in the event matches when any element does, including elements of nested lists.
    [{ a: ['x'] }, [{ a: ['y', 'x'] }, { a: [['y', ['x']]] }], [{ a: ['y'] }, { a: [] }, { a: [{ x: 1 }] }]],
    [{ a: [{ 'anything-but': ['x'] }] }, [{ a: ['x', 'y'] }], [{ a: ['x'] }, { a: [] }]],
    // In a list of objects, a single object must match everything.
    [
      { a: { b: [1], c: [2] } },
      [{ a: [{ b: 1, c: 2 }] }, { a: [{ b: 0 }, { b: 1, c: 2 }] }],
      [
        {
          a: [
            { b: 1, c: 0 },
            { b: 0, c: 2 },
          ],
        },
      ],
    ],
    // Absent means absent from all of them.
    [{ a: { b: [{ exists: false }] } }, [{}, { a: [] }, { a: [{ c: 1 }] }, { a: { b: {} } }], [{ a: [{ c: 1 }, { b: 1 }] }]],
    [{ a: [{ exists: false }, 'No'] }, [{}, { a: 'No' }], [{ a: 'Yes' }]],
    [{ $or: [{ a: [1] }, { b: [2] }] }, [{ a: 1 }, { b: 2 }], [{ a: 2, b: 1 }, {}]],
    [{ c: [3], $or: [{ a: [1] }, { b: [2] }] }, [{ a: 1, c: 3 }], [{ a: 1 }, { c: 3 }]],
    [
      { a: { $or: [{ b: [1] }, { c: [{ exists: false }] }] } },
      [{ a: { b: 1, c: 1 } }, {}, { a: { b: 2 } }],
      [{ a: { b: 2, c: 1 } }],
    ],
    [{ $or: [{ a: [1], $or: [{ b: [1] }, { c: [1] }] }, { d: [1] }] }, [{ a: 1, c: 1 }, { d: 1 }], [{ a: 1 }, { b: 1, c: 1 }]],
    // Names that JavaScript objects inherit.
    [{ constructor: [{ exists: false }], __proto__x: [{ exists: false }] }, [{}], [JSON.parse('{"constructor": 1}')]],
    [{ toString: [{ exists: true }] }, [{ toString: 'x' }], [{}]],
  ])('%j', (pattern, matching, missing) => {
    for (const event of matching) expect(holds(pattern, event), `matches ${JSON.stringify(event)}`).toBe(true)
    for (const event of missing) expect(holds(pattern, event), `misses ${JSON.stringify(event)}`).toBe(false)
  })

  it('matches only objects', () => {
    for (const event of [undefined, null, 'a', 5, true, [], [{}]]) expect(holds({ a: [{ exists: false }] }, event)).toBe(false)
  })

  it('looks into lists that are nested deeper than the stack', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(50_000)}"x"${']'.repeat(50_000)}`)
    expect(holds({ a: ['x'] }, { a: deep })).toBe(true)
    expect(holds({ a: ['y'], b: [{ exists: false }] }, { a: deep })).toBe(false)
  })
})

describe('an invalid pattern', () => {
  it.each<[unknown, string]>([
    [undefined, ''],
    ['a', ''],
    [[], ''],
    [{}, ''],
    [{ a: {} }, 'a'],
    [{ a: 'x' }, 'a'],
    [{ a: null }, 'a'],
    [{ a: [] }, 'a'],
    [{ a: { b: [[1]] } }, 'a.b[0]'],
    [{ a: ['x', { perfix: 'x' }] }, 'a[1].perfix'],
    [{ a: [{ constructor: 'x' }] }, 'a[0].constructor'],
    [{ a: [{}] }, 'a[0]'],
    [{ a: [{ prefix: 'x', suffix: 'y' }] }, 'a[0]'],
    [{ a: [{ prefix: 5 }] }, 'a[0].prefix'],
    [{ a: [{ prefix: { wildcard: 'x' } }] }, 'a[0].prefix.wildcard'],
    [{ a: [{ suffix: { 'equals-ignore-case': 5 } }] }, 'a[0].suffix.equals-ignore-case'],
    [{ a: [{ exists: 'yes' }] }, 'a[0].exists'],
    [{ a: [{ exists: true, prefix: 'x' }] }, 'a[0].exists'],
    [{ a: [{ 'anything-but': [] }] }, 'a[0].anything-but'],
    [{ a: [{ 'anything-but': ['x', 5] }] }, 'a[0].anything-but'],
    [{ a: [{ 'anything-but': null }] }, 'a[0].anything-but'],
    [{ a: [{ 'anything-but': { numeric: ['=', 1] } }] }, 'a[0].anything-but.numeric'],
    [{ a: [{ 'anything-but': { prefix: [] } }] }, 'a[0].anything-but.prefix'],
    [{ a: [{ numeric: 5 }] }, 'a[0].numeric'],
    [{ a: [{ numeric: ['>'] }] }, 'a[0].numeric'],
    [{ a: [{ numeric: ['!', 5] }] }, 'a[0].numeric[0]'],
    [{ a: [{ numeric: ['toString', 5] }] }, 'a[0].numeric[0]'],
    [{ a: [{ numeric: ['>', 0, '<', '5'] }] }, 'a[0].numeric[3]'],
    [{ a: [{ cidr: 'nope' }] }, 'a[0].cidr'],
    [{ a: [{ cidr: '10.0.0.0/33' }] }, 'a[0].cidr'],
    [{ a: [{ wildcard: 'a**' }] }, 'a[0].wildcard'],
    [{ a: [{ wildcard: 'a\\b' }] }, 'a[0].wildcard'],
    [{ a: [{ wildcard: 'a\\' }] }, 'a[0].wildcard'],
    [{ $or: [{ a: [1] }] }, '$or'],
    [{ $or: { a: [1] } }, '$or'],
    [{ a: { $or: [{ b: [1] }, { b: [] }] } }, 'a.$or[1].b'],
    [{ $or: [{ prefix: 'a' }, { b: [1] }] }, '$or[0].prefix'],
  ])('%j gets an error with its position', (pattern, place) => {
    expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ place }))
  })

  it('is the only thing that throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (pattern, event) => {
        let test: ((event: unknown) => boolean) | undefined
        try {
          test = compilePattern(pattern)
        } catch (error) {
          if (!(error instanceof PatternFault)) throw error
        }
        expect(test?.(event) ?? false).toBeTypeOf('boolean')
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('wildcards', () => {
  /** The same by exhaustive search: slow, and obviously correct. */
  function naive(pattern: string, text: string): boolean {
    if (pattern === '') return text === ''
    if (pattern.startsWith('*')) return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)))
    const literal = pattern.startsWith('\\') ? pattern.slice(1, 2) : pattern.charAt(0)
    return text !== '' && text.startsWith(literal) && naive(pattern.slice(pattern.startsWith('\\') ? 2 : 1), text.slice(1))
  }
  const patterns = fc
    .array(fc.constantFrom('a', 'b', '*', '\\*', '\\\\'), { maxLength: 9 })
    .map((parts) => parts.filter((part, index) => part !== '*' || parts[index - 1] !== '*').join(''))
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\'), maxLength: 10 })

  test('agree with a matcher that tries everything', () => {
    fc.assert(
      fc.property(patterns, texts, (wildcard, a) => {
        expect(holds({ a: [{ wildcard }] }, { a })).toBe(naive(wildcard, a))
        expect(holds({ a: [{ 'anything-but': { wildcard } }] }, { a })).toBe(!naive(wildcard, a))
      }),
      { numRuns: 20_000 },
    )
  })

  test('end quickly on patterns that cause backtracking', () => {
    expect(holds({ a: [{ wildcard: `${'*a'.repeat(500)}*b` }] }, { a: 'a'.repeat(200_000) })).toBe(false)
  })
})
