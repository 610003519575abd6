import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nationalNumber, phoneNumber } from '../../src/domain/phone.ts'

describe('a Korean number', () => {
  test.each([
    ['+82 010-1234-5678', '+821012345678'],
    ['+82 (0)10 1234 5678', '+821012345678'],
    ['+82(0)2-123-4567', '+8221234567'],
    ['(02) 123-4567', '+8221234567'],
    ['+82\u00a010\u20111234\u20115678', '+821012345678'],
    ['\u202a010-1234-5678\u202c', '+821012345678'],
    ['011-123-4567', '+82111234567'],
    ['031-8000-1234', '+823180001234'],
    ['070-1234-5678', '+827012345678'],
  ])('%s is %s', (text, number) => {
    expect(phoneNumber(text, 'recipient')).toBe(number)
    expect(phoneNumber(text, 'sender')).toBe(number)
  })

  test.each([
    '010-1234-567',
    '010-1234-56789',
    '+82 10 1234 567',
    '+82 010 1234 56789',
    '+82 0010 1234 5678',
    '02-123-456',
    '02-12345-67890',
    '070-123-4567',
    '080-1234-5678',
    '080-123-456',
    '060-100-1234',
    '060-7000-1234',
    '012-1234-5678',
    '015-1234-567',
    '031-120',
    '03-123-4567',
    '00821012345678',
    '821012345678',
    '001-1-202-555-0123',
    '+82',
    '+44 (0)20 7946 0958',
    '(0)10-1234-5678',
    '010)1234-5678',
    '+82 1588-12345',
    '1588-123',
    '1588-12345',
    '030-123-456',
    '030-12345-67890',
    // What dials abroad, and what cannot be dialled: a prefix of a carrier, another country's prefix, other digits, an extension.
    '002-81-90-1234-5678',
    '00700 1 202 555 0123',
    '011 81 90 1234 5678',
    '+82 00 1 202 555 0123',
    '+82 (0)0 1 202 555 0123',
    '０１０-１２３４-５６７８',
    '+８２ 10 1234 5678',
    '٠١٠12345678',
    '010-CALL-NOW',
    '010-1234-5678 ext. 9',
    '010-1234-5678;ext=9',
    '010-1234-5678#9',
    '010-1234-5678,9',
    'tel:+821012345678',
    '++821012345678',
    '+82+1012345678',
  ])('%s is refused', (text) => {
    expect(phoneNumber(text, 'recipient')).toBeUndefined()
    expect(phoneNumber(text, 'sender')).toBeUndefined()
  })

  test.each([
    ['080-123-4567', '+82801234567'],
    ['060-700-1234', '+82607001234'],
    ['1588-1234', '+8215881234'],
    ['+82 1588-1234', '+8215881234'],
    ['030-1234-5678', '+823012345678'],
    ['030-12345-6789', '+8230123456789'],
  ])('%s is valid only as a sender', (text, number) => {
    expect(phoneNumber(text, 'sender')).toBe(number)
    expect(phoneNumber(text, 'recipient')).toBeUndefined()
  })
})

describe('a sender', () => {
  test.each(['02-1588-1234', '+82 2 1588 1234', '031-1600-1234', '0505-123-4567', '050-7123-45678'])('%s is refused', (text) => {
    expect(phoneNumber(text, 'sender')).toBeUndefined()
  })

  test('of a kind that only receives is valid as a recipient', () => {
    expect(phoneNumber('0505-123-4567', 'recipient')).toBe('+825051234567')
    // A local number that only begins like one.
    expect(phoneNumber('02-1588-123', 'sender')).toBe('+8221588123')
  })
})

/** The E.164 number that a telephone in Korea reaches with these digits; 00 and the like reach other countries or nothing. */
function reached(dialled: string): string | undefined {
  if (dialled.startsWith('+')) return dialled
  if (/^1[568]\d{6}$/.test(dialled)) return `+82${dialled}`
  return /^0[1-9]\d+$/.test(dialled) ? `+82${dialled.slice(1)}` : undefined
}

const spelled = fc.stringMatching(/^[+0-9() -]{0,22}$/)
const near = fc
  .tuple(
    fc.constantFrom('+82', '+82 0', '+82 (0)', '+82 00', '0', '00', '', '+', '+1', '+15', '+44'),
    fc.constantFrom('10', '2', '31', '70', '80', '505', '1588', '588', '202'),
    fc.stringMatching(/^[0-9 -]{3,11}$/),
  )
  .map((parts) => parts.join(''))
const role = fc.constantFrom('recipient' as const, 'sender' as const)

describe('any spelling of a number', () => {
  test('is dialled exactly as it was validated', () => {
    let read = 0
    fc.assert(
      fc.property(fc.oneof({ weight: 1, arbitrary: spelled }, { weight: 4, arbitrary: near }), role, (text, as) => {
        const number = phoneNumber(text, as)
        if (number === undefined) return
        read += 1
        expect(number).toMatch(/^\+(?!820)[1-9]\d{6,14}$/)
        expect(phoneNumber(number, as)).toBe(number)
        expect(reached(nationalNumber(number))).toBe(number)
        // The digits are the ones entered, except for a trunk 0.
        const typed = text.replaceAll(/\D/g, '')
        const digits = number.slice(1)
        expect([digits, `0${digits.slice(2)}`, `820${digits.slice(2)}`, digits.slice(2)]).toContain(typed)
        // A number without a plus sign belongs to this country.
        if (!text.includes('+')) expect(number.startsWith('+82')).toBe(true)
      }),
      { numRuns: 20_000 },
    )
    expect(read).toBeGreaterThan(500)
  })

  test('behind a prefix that dials abroad is refused', () => {
    const abroad = fc.constantFrom(
      '00',
      '001',
      '002',
      '005',
      '006',
      '00700',
      '00345',
      '008',
      '+82 00',
      '+82 (0)0',
      '+82 001',
      '0 0',
      '(00)',
    )
    fc.assert(
      fc.property(abroad, fc.stringMatching(/^[0-9 -]{5,14}$/), role, (prefix, rest, as) => {
        expect(phoneNumber(prefix + rest, as)).toBeUndefined()
      }),
    )
  })

  test('of another country keeps its plus sign in a national table', () => {
    expect(nationalNumber('+15881234')).toBe('+15881234')
    expect(nationalNumber('+12025550123')).toBe('+12025550123')
    expect(nationalNumber('+821012345678')).toBe('01012345678')
    expect(nationalNumber('+8215881234')).toBe('15881234')
    expect(nationalNumber('+8201012345678')).toBe('+8201012345678')
  })
})
