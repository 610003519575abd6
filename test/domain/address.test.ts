import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressKey, addressRange, inRanges } from '../../src/domain/address.ts'

const v4 = fc.ipV4()
const v6 = fc.ipV6()
const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })

/** The value of an IPv6 address written with all its groups. */
const numberOf = (parts: readonly number[]): bigint => parts.reduce((value, group) => (value << 16n) | BigInt(group), 0n)
const textOf = (value: bigint): string =>
  Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(':')
const v4NumberOf = (text: string): bigint => text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n)
const mapped = 0xffffn << 32n

function serves(range: string, address: string): boolean {
  const key = addressKey(address)
  return key !== undefined && inRanges(key, [addressRange(range)])
}

describe('addresses', () => {
  test('have 32 digits, also in the short forms', () => {
    fc.assert(fc.property(v6, (text) => /^[0-9a-f]{32}$/.test(addressKey(text) ?? '')))
    fc.assert(
      fc.property(groups, (parts) => addressKey(textOf(numberOf(parts))) === numberOf(parts).toString(16).padStart(32, '0')),
    )
    expect(addressKey('::')).toBe('0'.repeat(32))
    expect(addressKey('1::')).toBe(`0001${'0'.repeat(28)}`)
    expect(addressKey('2001:DB8::0:1')).toBe(addressKey('2001:db8:0:0:0:0:0:1'))
    expect(addressKey('fe80::1%eth0')).toBe(addressKey('fe80::1'))
  })

  test('of version 4 are the same as their mapped form', () => {
    fc.assert(
      fc.property(v4, (text) => {
        expect(addressKey(`::ffff:${text}`)).toBe(addressKey(text))
        expect(addressKey(text)).toBe((mapped | v4NumberOf(text)).toString(16).padStart(32, '0'))
      }),
    )
  })

  test.each(['', ' ', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', ':::', '1::2::3', 'localhost', '1.2.3.4:80', '[::1]'])(
    '%j is none',
    (text) => {
      expect(addressKey(text)).toBeUndefined()
      expect(() => addressRange(text)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    },
  )
})

describe('ranges', () => {
  test('of version 4 hold what shares the prefix, and nothing else', () => {
    fc.assert(
      fc.property(
        v4,
        v4,
        fc.integer({ min: 0, max: 32 }),
        fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
        (base, any, bits, noise) => {
          const rest = BigInt(32 - bits)
          const near = ((v4NumberOf(base) >> rest) << rest) | (noise & ((1n << rest) - 1n))
          const nearText = [24n, 16n, 8n, 0n].map((shift) => (near >> shift) & 255n).join('.')
          expect(serves(`${base}/${bits}`, nearText)).toBe(true)
          expect(serves(`${base}/${bits}`, any)).toBe(v4NumberOf(base) >> rest === v4NumberOf(any) >> rest)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('of version 6 hold what shares the prefix, and nothing else', () => {
    fc.assert(
      fc.property(groups, groups, fc.integer({ min: 0, max: 128 }), fc.nat(127), (base, any, bits, flipped) => {
        const rest = BigInt(128 - bits)
        const range = `${textOf(numberOf(base))}/${bits}`
        const other = numberOf(base) ^ (1n << BigInt(127 - flipped))
        expect(serves(range, textOf(other))).toBe(flipped >= bits)
        expect(serves(range, textOf(numberOf(any)))).toBe(numberOf(base) >> rest === numberOf(any) >> rest)
      }),
      { numRuns: 500 },
    )
  })

  test('a version 4 range never holds a version 6 address, however wide', () => {
    fc.assert(fc.property(v4, fc.integer({ min: 0, max: 32 }), (base, bits) => !serves(`${base}/${bits}`, '2001:db8::1')))
    // A scope has no place in a version 4 address, and must not make the range one of version 6.
    expect(serves('203.0.113.0%eth0/24', '198.51.100.1')).toBe(false)
  })

  test.each(['1.2.3.4/33', '1.2.3.4/-1', '1.2.3.4/', '1.2.3.4/a', '::/129', '1.2.3.4/24/8', '/24', '1.2.3.4/ 8', '1.2.3.4/1e1'])(
    '%j is none',
    (text) => {
      expect(() => addressRange(text)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    },
  )

  test('keep what was typed', () => {
    expect(addressRange('203.0.113.7/24').text).toBe('203.0.113.7/24')
    expect(inRanges(addressKey('::1') ?? '', [])).toBe(false)
  })
})
