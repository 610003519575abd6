import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arnMatches, matches, overlap, overlapArn } from '../../../src/operations/policy/match.ts'

/** A reference implementation: slow, but obviously correct. */
function naive(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const [head = '', rest] = [pattern.charAt(0), pattern.slice(1)]
  if (head === '*') return naive(rest, text) || (text !== '' && naive(pattern, text.slice(1)))
  return text !== '' && (head === '?' || head === text.charAt(0)) && naive(rest, text.slice(1))
}

const patterns = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?'), maxLength: 8 })
const texts = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 10 })

describe('wildcards', () => {
  test('agree with the reference implementation', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => matches(pattern, text) === naive(pattern, text)),
      { numRuns: 20_000 },
    )
  })
  test('an overlap matches both patterns, and is found if there is one', () => {
    fc.assert(
      fc.property(patterns, patterns, texts, (left, right, text) => {
        const shared = overlap(left, right)
        if (shared !== undefined) return naive(left, shared) && naive(right, shared)
        return !(naive(left, text) && naive(right, text))
      }),
      { numRuns: 20_000 },
    )
  })
  test('stay fast on patterns that cause catastrophic backtracking', () => {
    const hostile = `${'*a'.repeat(60)}b`
    expect(matches(hostile, 'a'.repeat(5_000))).toBe(false)
    expect(overlap(hostile, 'a'.repeat(500))).toBeUndefined()
  })
})

describe('ARNs', () => {
  test.each([
    ['*', 'arn:aws:s3:::bucket/key', true],
    ['arn:aws:s3:::bucket/*', 'arn:aws:s3:::bucket/a/b:c', true],
    ['arn:aws:s3:::bucket', 'arn:aws:s3:::Bucket', false],
    ['arn:aws:iam::*:role/*', 'arn:aws:iam::123456789012:role/x', true],
    // A wildcard does not span fields, except in the last one.
    ['arn:aws:*:role/x', 'arn:aws:iam::123456789012:role/x', false],
    ['arn:aws:iam::*', 'arn:aws:iam::123456789012:role/x', true],
    // Missing fields are filled with wildcards.
    ['arn:aws:sqs', 'arn:aws:sqs:us-east-1:123456789012:queue', true],
    ['arn:aws:sqs:eu-west-1', 'arn:aws:sqs:us-east-1:123456789012:queue', false],
    ['arn:aws:ec2:*:*:instance/i-?', 'arn:aws:ec2:us-east-1:1:instance/i-1', true],
    ['arn:aws:ec2:*:*:instance/i-?', 'arn:aws:ec2:us-east-1:1:instance/i-12', false],
    // An action without resource-level permissions needs `*`.
    ['arn:aws:s3:::*', '*', false],
    ['*', '*', true],
  ])('%s matches %s: %s', (pattern, arn, expected) => {
    expect(arnMatches(pattern, arn)).toBe(expected)
  })
  test('the overlap of two ARNs is found field by field', () => {
    expect(overlapArn('arn:aws:lambda:*:*:function:dev-*', 'arn:*:lambda:*:123456789012:function:*')).toBe(
      'arn:aws:lambda::123456789012:function:dev-',
    )
    expect(overlapArn('arn:aws:s3:::bucket/*', 'arn:*:lambda:*:123456789012:function:*')).toBeUndefined()
    expect(overlapArn('*', 'arn:aws:sqs:*:1:x*')).toMatch(/^arn:aws:sqs::1:x/)
  })
})
