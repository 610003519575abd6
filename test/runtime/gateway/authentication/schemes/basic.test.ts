import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBasic } from '../../../../../src/runtime/gateway/authentication/schemes/basic.ts'

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')

describe('parseBasic', () => {
  const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !/[:\p{Cc}]/u.test(text))
  const parts = fc.tuple(part, part, part)

  it('parses every credential that can be written', () => {
    const scheme = fc.constantFrom('Basic ', 'basic ', 'BASIC  ', 'bAsIc    ')
    fc.assert(
      fc.property(scheme, parts, ([...name], [customer, secret, keyId]) => {
        const header = name.join('') + base64(`${customer}:${secret}:${keyId}`)
        fc.pre(header.length <= 1024)
        expect(parseBasic(header)).toEqual({ customer, secret, keyId })
      }),
    )
  })

  it('accepts base64 with and without padding', () => {
    for (const secret of ['b', 'bb', 'bbb']) {
      const encoded = base64(`a:${secret}:c`)
      expect(parseBasic(`Basic ${encoded.replace(/=+$/, '')}`)).toEqual({ customer: 'a', secret, keyId: 'c' })
      expect(parseBasic(`Basic ${encoded}`)).toEqual({ customer: 'a', secret, keyId: 'c' })
    }
  })

  it.each(['', ':', '::', ':::', 'a', 'a:b', 'a:b:', ':b:c', 'a::c', 'a:b:c:', ':a:b:c', 'a:b:c:d', '::c'])(
    'refuses "%s", which is not three parts',
    (text) => expect(parseBasic(`Basic ${base64(text)}`)).toBeUndefined(),
  )

  it('refuses a colon in any part', () => {
    fc.assert(
      fc.property(parts, fc.nat(2), fc.nat(40), (three, which, at) => {
        const changed = three.map((text, i) => (i === which ? `${text.slice(0, at)}:${text.slice(at)}` : text))
        expect(parseBasic(`Basic ${base64(changed.join(':'))}`)).toBeUndefined()
      }),
    )
  })

  it('refuses a control character in any part', () => {
    const control = fc
      .oneof(fc.integer({ min: 0, max: 0x1f }), fc.integer({ min: 0x7f, max: 0x9f }))
      .map((code) => String.fromCharCode(code))
    fc.assert(
      fc.property(parts, fc.nat(2), control, (three, which, character) => {
        const changed = three.map((text, i) => (i === which ? text + character : text))
        expect(parseBasic(`Basic ${base64(changed.join(':'))}`)).toBeUndefined()
      }),
    )
  })

  it('refuses bytes that are not UTF-8', () => {
    const broken = fc.constantFrom([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc3])
    fc.assert(
      fc.property(broken, fc.nat(2), (bytes, which) => {
        const three = [[0x61], [0x62], [0x63]].map((one, i) => (i === which ? [...one, ...bytes] : one))
        const all = three.flatMap((one, i) => (i === 0 ? one : [0x3a, ...one]))
        expect(parseBasic(`Basic ${base64(new Uint8Array(all))}`)).toBeUndefined()
      }),
    )
  })

  it.each([
    ['too much padding', 'YTpiOmM='.padEnd(10, '=')],
    ['padding of the wrong length', 'YTpiOmM=='],
    ['one padding character instead of two', 'YTpiOmNjYw='],
    ['unnecessary padding', 'YTpiOmNj='],
    ['padding in the middle', 'YTpiOmM=YTpiOmM='],
    ['only padding', '===='],
    ['a space', 'YTpi OmM='],
    ['the URL-safe alphabet', 'YTpi-mM_'],
    ['leftover bits', 'YTpiOmN='],
    ['a leftover character', 'YTpiOmNjY'],
  ])('refuses base64 with %s', (_, text) => {
    expect(parseBasic(`Basic ${text}`)).toBeUndefined()
  })

  it('refuses 64 KB, and never throws', () => {
    expect(parseBasic(`Basic ${base64(`a:${'b'.repeat(65_536)}:c`)}`)).toBeUndefined()
    expect(parseBasic('Basic'.padEnd(65_536))).toBeUndefined()
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 2000 }),
          fc.base64String().map((text) => `Basic ${text}`),
        ),
        (text) => {
          const given = parseBasic(text)
          if (given === undefined) return
          const { customer, secret, keyId } = given
          expect(`Basic ${base64(`${customer}:${secret}:${keyId}`)}`).toBe(text)
        },
      ),
    )
  })
})
