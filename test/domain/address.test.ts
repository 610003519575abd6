import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressKey, addressRange, forwardedAddress, forwardedFor, inRanges, networkKey } from '../../src/domain/address.ts'

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
  test('have 32 digits, for short forms too', () => {
    fc.assert(fc.property(v6, (text) => /^[0-9a-f]{32}$/.test(addressKey(text) ?? '')))
    fc.assert(
      fc.property(groups, (parts) => addressKey(textOf(numberOf(parts))) === numberOf(parts).toString(16).padStart(32, '0')),
    )
    expect(addressKey('::')).toBe('0'.repeat(32))
    expect(addressKey('1::')).toBe(`0001${'0'.repeat(28)}`)
    expect(addressKey('2001:DB8::0:1')).toBe(addressKey('2001:db8:0:0:0:0:0:1'))
    expect(addressKey('fe80::1%eth0')).toBe(addressKey('fe80::1'))
  })

  test('of version 4 equal their mapped form', () => {
    fc.assert(
      fc.property(v4, (text) => {
        expect(addressKey(`::ffff:${text}`)).toBe(addressKey(text))
        expect(addressKey(text)).toBe((mapped | v4NumberOf(text)).toString(16).padStart(32, '0'))
      }),
    )
  })

  test.each(['', ' ', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', ':::', '1::2::3', 'localhost', '1.2.3.4:80', '[::1]'])(
    '%j is not an address',
    (text) => {
      expect(addressKey(text)).toBeUndefined()
      expect(() => addressRange(text)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    },
  )
})

describe('ranges', () => {
  test('of version 4 contain exactly the addresses with the prefix', () => {
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

  test('of version 6 contain exactly the addresses with the prefix', () => {
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

  test('of version 4 never contain a version 6 address, however wide', () => {
    fc.assert(fc.property(v4, fc.integer({ min: 0, max: 32 }), (base, bits) => !serves(`${base}/${bits}`, '2001:db8::1')))
    // A version 4 address has no scope, and a scope must not make the range a version 6 range.
    expect(serves('203.0.113.0%eth0/24', '198.51.100.1')).toBe(false)
  })

  test.each(['1.2.3.4/33', '1.2.3.4/-1', '1.2.3.4/', '1.2.3.4/a', '::/129', '1.2.3.4/24/8', '/24', '1.2.3.4/ 8', '1.2.3.4/1e1'])(
    '%j is not a range',
    (text) => {
      expect(() => addressRange(text)).toThrow(expect.objectContaining({ code: 'input-invalid' }))
    },
  )

  test('keep the text that was entered', () => {
    expect(addressRange('203.0.113.7/24').text).toBe('203.0.113.7/24')
    expect(inRanges(addressKey('::1') ?? '', [])).toBe(false)
  })
})

describe('X-Forwarded-For', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    [' 1.2.3.4:5678 ', '1.2.3.4'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[::1]:80', '::1'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ])('%s is %s', (entry, address) => {
    expect(forwardedAddress(entry)).toBe(address)
  })
  test.each([
    '',
    'unknown',
    '_hidden',
    '1.2.3',
    '1.2.3.4:',
    '1.2.3.4:123456',
    '1.2.3.4:x',
    '[1.2.3.4]:80',
    '[::1',
    '::1]:80',
    '[::1]80',
    'a.example:80',
    `[${'0'.repeat(100)}::1]`,
  ])('%j is unknown', (entry) => {
    expect(forwardedAddress(entry)).toBeUndefined()
  })
  test('a port does not change the address', () => {
    fc.assert(
      fc.property(v4, v6, fc.integer({ min: 0, max: 65_535 }), (four, six, port) => {
        expect(forwardedAddress(`${four}:${port}`)).toBe(four)
        expect(forwardedAddress(`[${six}]:${port}`)).toBe(six)
        expect(forwardedAddress(six)).toBe(six)
      }),
    )
  })
  test('any text is an address or unknown, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 3 }), (text, place) => {
        const found = forwardedFor([text], place)
        expect(found === undefined || found === '' || addressKey(found) !== undefined).toBe(true)
      }),
    )
  })
  test('with fewer entries than proxies, or a malformed one, the caller is unknown and not the proxy', () => {
    expect(forwardedFor([], 1)).toBeUndefined()
    expect(forwardedFor(['1.2.3.4'], 2)).toBe('')
    expect(forwardedFor(['1.2.3.4, nonsense'], 1)).toBe('')
    expect(forwardedFor(['9.9.9.9', '1.2.3.4:1, 10.0.0.1:2'], 2)).toBe('1.2.3.4')
    expect(forwardedFor(['1.2.3.4:1, 10.0.0.1:2'], 2, '10.0.0.1')).toBe('1.2.3.4')
    expect(forwardedFor(['1.2.3.4:1'], 2, '10.0.0.1')).toBe('1.2.3.4')
  })
})

describe('the network of an address', () => {
  test('is the first half of an IPv6 address, and all of an IPv4 address', () => {
    expect(networkKey('2001:db8:1:2:a::1')).toBe(networkKey('2001:db8:1:2::ffff'))
    expect(networkKey('2001:db8:1:2::1')).not.toBe(networkKey('2001:db8:1:3::1'))
    expect(networkKey('203.0.113.7')).toBe(networkKey('::ffff:203.0.113.7'))
    expect(networkKey('203.0.113.7')).not.toBe(networkKey('203.0.113.8'))
    expect(networkKey('')).toBeUndefined()
  })
})
