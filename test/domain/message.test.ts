import { hash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eucKrLength } from '../../src/domain/euc-kr.ts'
import { randomId } from '../../src/domain/ids.ts'
import {
  envelope,
  type MessageRequest,
  message,
  messageOf,
  messageRequest,
  messageRequestIn,
  messageType,
  sendAtError,
} from '../../src/domain/message.ts'
import { normalized, tableVersion } from '../../src/domain/normalize.ts'

const valid = { to: '010-1234-5678', from: '1588-1234', text: '안녕하세요' }

/** The invalid fields of a body, as dotted paths. */
const image = randomId()

function wrongIn(body: unknown): string[] {
  const parsed = messageRequest.safeParse(body)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

type Given = Omit<Partial<MessageRequest>, 'normalized'> & { normalize?: boolean }

function parsed(more: Given): MessageRequest {
  return messageRequest.parse({ ...valid, ...more })
}

describe('EUC-KR', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['~\\', 2],
    ['\r\n\t', 3],
    ['가', 2],
    ['힝', 2],
    ['한글 abc', 8],
    ['①★♥', 6],
    ['漢字', 4],
    ['ㄱㅏ', 4],
    ['　', 2],
  ])('%j takes %d bytes', (text, bytes) => {
    expect(eucKrLength(text)).toEqual({ bytes })
  })

  test.each([
    ['안녕😀', '😀', 2],
    ['😀', '😀', 0],
    ['a😀é', '😀', 1],
    ['똠방각하', '똠', 0],
    ['펲시 뷁', '펲', 0],
    ['a\u0000', '\u0000', 1],
    ['\u007f', '\u007f', 0],
    ['a\ufffd', '\ufffd', 1],
    ['a\ud800b', '\ud800', 1],
    ['é', 'é', 0],
    ['한\u200b', '\u200b', 1],
    ['\u00a0', '\u00a0', 0],
    ['가\ue000', '\ue000', 1],
  ])('%j is refused for %j at character %d', (text, character, position) => {
    expect(eucKrLength(text)).toEqual({ character, position })
  })

  test('every character of KS X 1001 takes two bytes, and only ASCII is allowed besides', () => {
    const held = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter(
      (text) => 'bytes' in eucKrLength(text),
    )
    const [ascii, others] = [held.filter((text) => text < '\u0080'), held.filter((text) => text >= '\u0080')]
    expect(ascii).toHaveLength(95 + 3)
    for (const text of others) expect(eucKrLength(text)).toEqual({ bytes: 2 })
    expect(others.filter((text) => /[가-힣]/.test(text))).toHaveLength(2350)
    // 4,888 hanja, 268 of which occur twice for their two readings, as compatibility ideographs.
    expect(others.filter((text) => /\p{Script=Han}/u.test(text) && /[一-鿿豈-﫿]/.test(text))).toHaveLength(4888)
    expect(others).toHaveLength(986 + 2350 + 4888)
  })

  test('surrogate pairs and lone surrogates are never counted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0x1_0000, max: 0x10_ffff }),
        (code) => 'character' in eucKrLength(String.fromCodePoint(code)),
      ),
    )
    fc.assert(
      fc.property(fc.integer({ min: 0xd800, max: 0xdfff }), (code) => 'character' in eucKrLength(String.fromCharCode(code))),
    )
  })
})

describe('a message request', () => {
  test('is read with its numbers in E.164', () => {
    expect(messageRequest.parse(valid)).toEqual({ to: '+821012345678', from: '+8215881234', text: '안녕하세요' })
  })

  test.each([
    ['to', { to: '1588-1234' }],
    ['to', { to: 1 }],
    ['from', { from: '' }],
    ['text', { text: '' }],
    ['text', { type: 'sms', text: '' }],
    ['text', { normalize: false, text: '' }],
    ['subject', { normalize: false, subject: '' }],
    ['text', { text: '가'.repeat(1001) }],
    ['text', { text: 'a'.repeat(2001) }],
    ['text', { text: 'hi 😀' }],
    ['text', { type: 'sms', text: 'a'.repeat(91) }],
    ['subject', { subject: '가'.repeat(21) }],
    ['subject', { type: 'sms', subject: 'hello' }],
    ['type', { type: 'fax' }],
    ['media', { type: 'mms' }],
    ['media', { type: 'sms', media: [image] }],
    ['media', { type: 'lms', media: [image] }],
    ['media', { media: [] }],
    ['media', { media: [image, image, image, image] }],
    ['media.0', { media: ['../etc/passwd'] }],
    ['ref', { ref: 'a b' }],
    ['ref', { ref: 'a'.repeat(65) }],
    ['ref', { ref: '가' }],
    ['sendAt', { sendAt: 'tomorrow' }],
    ['sendAt', { sendAt: '2026-11-23T10:00:00' }],
    ['ttl', { ttl: 0 }],
    ['ttl', { ttl: 1.5 }],
    ['ttl', { ttl: 259_201 }],
    ['', { extra: 1 }],
  ])('is refused at %j because of %j', (path, change) => {
    const wrong = wrongIn({ ...valid, ...change })
    expect(wrong).toHaveLength(1)
    expect(wrong[0]?.split(' ')[0]).toBe(path)
  })

  test.each([{ type: 'sms' }, { normalize: false }])('is refused for a text that is not read at all, with %j', (change) => {
    expect(wrongIn({ ...valid, ...change, text: 'a'.repeat(100_000) })).toHaveLength(1)
  })

  test('says which character EUC-KR cannot hold, and where', () => {
    expect(wrongIn({ ...valid, text: '안녕😀' })).toEqual([
      'text has the character U+1F600 at position 2, which EUC-KR cannot hold',
    ])
  })

  test('lists every invalid field at once', () => {
    const paths = wrongIn({ to: 'x', text: '😀', ttl: -1, more: 1 }).map((issue) => issue.split(' ')[0])
    expect(paths.toSorted()).toEqual(['', 'from', 'text', 'to', 'ttl'])
  })

  test('any JSON is read or refused, without an exception', () => {
    const field = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.constant(valid.to), fc.constant('가'.repeat(60)))
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { to: field, from: field, text: field, type: field, subject: field, ref: field, sendAt: field, ttl: field },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(body, (value) => {
        messageRequest.safeParse(value)
        envelope.safeParse(value)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a message', () => {
  test.each([
    ['sms', { text: 'a'.repeat(90) }],
    ['sms', { text: '가'.repeat(45) }],
    ['lms', { text: 'a'.repeat(91) }],
    ['lms', { text: `${'가'.repeat(45)}a` }],
    ['lms', { text: 'a', subject: 'b' }],
    ['lms', { text: 'a', type: 'lms' as const }],
    ['mms', { text: 'a', media: [image] }],
    ['mms', { text: 'a', subject: 'b', media: [image, image] }],
  ])('is an %s when it asks for %j', (type, change) => {
    expect(messageType(parsed(change))).toBe(type)
  })

  test('is valid when made from a valid request, and identical for the same id and time', () => {
    const request = parsed({ text: 'a'.repeat(2000), subject: '제목', ref: 'r-1', sendAt: '2026-11-23T10:00:00+09:00', ttl: 60 })
    const id = randomId()
    const made = messageOf(request, id, 1000)
    expect(message.parse(made)).toEqual(made)
    const sendAt = Date.parse('2026-11-23T10:00:00+09:00')
    expect(made).toMatchObject({ id, acceptedAt: 1000, sendAt, expiresAt: sendAt + 60_000, type: 'lms' })
    expect(messageOf(request, id, 1000)).toEqual(made)
    expect(messageOf(parsed({ ttl: 60 }), id, 1000)).toMatchObject({ expiresAt: 61_000 })
    expect(Object.keys(messageOf(parsed({}), id, 1000))).toEqual(['id', 'to', 'from', 'type', 'text', 'acceptedAt'])
  })

  test('can be opened by the worker when made from an accepted request', () => {
    const phones = fc.constantFrom('010-1234-5678', '+82 (0)10 1234 5678', '02-123-4567', '+1 (202) 555-0123')
    const character = fc.oneof(
      { weight: 100, arbitrary: fc.constantFrom(...'a가힣한₩—’\u00a0\u200b\n', '한'.normalize('NFD')) },
      { weight: 1, arbitrary: fc.constantFrom(...'샾똠😀é') },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    )
    const text = fc.array(character, { minLength: 1, maxLength: 60 }).map((some) => some.join(''))
    const year = fc.oneof(fc.constantFrom(0, 1, 1969, 1970, 2026, 9999), fc.nat(9999))
    const sendAt = fc
      .tuple(
        year,
        fc.constantFrom('-01-01', '-12-31', '-02-28'),
        fc.constantFrom('T00:00', 'T23:59:59', 'T23:59:59.999999999'),
        fc.constantFrom('Z', '+23:59', '-23:59', '+09:00'),
      )
      .map(([y, ...rest]) => String(y).padStart(4, '0') + rest.join(''))
    const request = fc.record(
      {
        to: phones,
        from: fc.oneof(phones, fc.constantFrom('1588-1234', '080-123-4567')),
        text,
        subject: text,
        type: fc.constantFrom('sms', 'lms', 'mms'),
        media: fc.constant([image]),
        normalize: fc.boolean(),
        ref: fc.stringMatching(/^[\x21-\x7e]{1,64}$/),
        sendAt,
        ttl: fc.oneof(fc.constantFrom(1, 259_200), fc.integer({ min: 1, max: 259_200 })),
      },
      { requiredKeys: ['to', 'from', 'text'] },
    )
    const now = fc.constantFrom(0, 1, Date.parse('2026-11-26T00:00:00Z'))
    let accepted = 0
    fc.assert(
      fc.property(request, now, fc.constantFrom('euc-kr' as const, 'cp949' as const), (body, at, charset) => {
        const result = messageRequestIn(charset).safeParse(body)
        if (!result.success) return
        accepted += 1
        const made = messageOf(result.data, randomId(), at)
        expect(made.sendAt ?? at).toBeGreaterThanOrEqual(at)
        expect(made.expiresAt ?? at + 1).toBeGreaterThan(at)
        const sent = JSON.stringify({ v: 1, customer: 'acme', environment: 'live', route: 'carrier-a', messages: [made] })
        expect(envelope.parse(JSON.parse(sent)).messages).toEqual([made])
      }),
      { numRuns: 3000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  test('is read without the fields that a newer gateway added', () => {
    const made = messageOf(parsed({}), randomId(), 1000)
    expect(message.parse({ ...made, mood: 'auth', more: { a: 1 } })).toEqual(made)
  })

  test.each(['+8201012345678', '01012345678', '+0', '+821'])('to %j is not sent', (to) => {
    expect(message.safeParse({ ...messageOf(parsed({}), randomId(), 1000), to }).success).toBe(false)
  })

  test('may be scheduled up to 30 days ahead, and up to 15 minutes in the past', () => {
    const now = Date.parse('2026-11-01T00:00:00Z')
    expect(sendAtError(parsed({}), now)).toBeUndefined()
    expect(sendAtError(parsed({ sendAt: '2026-10-31T23:45:00Z' }), now)).toBeUndefined()
    expect(sendAtError(parsed({ sendAt: '2026-10-31T23:44:59Z' }), now)).toMatch(/15 minutes ago/)
    expect(sendAtError(parsed({ sendAt: '0000-01-01T00:00:00Z' }), now)).toMatch(/15 minutes ago/)
    expect(sendAtError(parsed({ sendAt: '2026-12-01T00:00:00Z' }), now)).toBeUndefined()
    expect(sendAtError(parsed({ sendAt: '2026-12-01T00:00:01Z' }), now)).toMatch(/30 days/)
  })
})

describe('a text that is normalized', () => {
  const nfd = '안녕하세요 각설이'.normalize('NFD')

  test.each([
    ['₩1,000', '￦1,000'],
    [nfd, '안녕하세요 각설이'],
    ['a\u00a0b\u2003c', 'a b c'],
    ['1\u20132\u20143\u22124', '1-2-3-4'],
    ['\u201abc\u201b \u201ed\u201f', '\'bc\' "d"'],
    ['\ufeffa\u200bb\u200dc\ufe0f\u202e', 'abc'],
    ['10\u301c20 • £5', '10～20 · ￡5'],
    ['a\u2028b', 'a\nb'],
  ])('%j is sent as %j, and the answer shows it', (text, sent) => {
    expect(parsed({ text })).toMatchObject({ text: sent, normalized: { text: sent } })
    expect(parsed({ text, subject: '₩' })).toMatchObject({ subject: '￦', normalized: { text: sent, subject: '￦' } })
    expect(wrongIn({ ...valid, text, normalize: false })).toHaveLength(1)
  })

  test('keeps the characters that the charset has', () => {
    // Curly quotes, the horizontal bar, the soft hyphen and compatibility hanja are characters of KS X 1001.
    const text = '‘a’ “b” ― \u00ad \uf900 ㅋㅋ'
    expect(parsed({ text })).not.toHaveProperty('normalized')
    expect(parsed({ text }).text).toBe(text)
    expect(parsed({ text, normalize: false }).text).toBe(text)
  })

  test.each([
    ['₩😀', 'text has the character U+1F600 at position 1, which EUC-KR cannot hold'],
    [`${'가나'.normalize('NFD')}😀`, 'text has the character U+1F600 at position 4, which EUC-KR cannot hold'],
    [`a${'똠'.normalize('NFD')}`, 'text has the character U+B620 at position 1, which EUC-KR cannot hold'],
    ['각\u11a8', 'text has the character U+11A8 at position 1, which EUC-KR cannot hold'],
    ['\u200b\u200b', 'text has nothing but invisible characters'],
  ])('%j is refused, with its position in the original text: %s', (text, why) => {
    expect(wrongIn({ ...valid, text })).toEqual([why])
  })

  test('is measured as it is sent', () => {
    const text = '가'.repeat(45).normalize('NFD')
    expect(messageType(parsed({ text }))).toBe('sms')
    expect(parsed({ text, type: 'sms' }).text).toBe('가'.repeat(45))
    expect(wrongIn({ ...valid, text: '₩'.repeat(46), type: 'sms' })).toEqual([
      'text takes 92 bytes in EUC-KR, and an SMS holds 90',
    ])
    expect(parsed({ text: '각'.repeat(1000).normalize('NFD') }).text).toHaveLength(1000)
  })

  test('may have every syllable in CP949, at two bytes each', () => {
    const syllables = Array.from({ length: 11_172 }, (_, at) => String.fromCharCode(0xac00 + at))
    expect(eucKrLength(syllables.join(''), 'cp949')).toEqual({ bytes: 2 * 11_172 })
    expect(syllables.filter((syllable) => 'bytes' in eucKrLength(syllable))).toHaveLength(2350)
    expect(messageRequestIn('cp949').parse({ ...valid, text: '샾 똠방각하 힣' }).text).toBe('샾 똠방각하 힣')
    expect(wrongIn({ ...valid, text: '샾' })).toEqual(['text has the character U+C0FE at position 0, which EUC-KR cannot hold'])
    const more = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter(
      (text) => 'bytes' in eucKrLength(text, 'cp949') && !('bytes' in eucKrLength(text)),
    )
    expect(more).toHaveLength(8822)
  })

  test('contains only characters of its charset, and is a fixed point', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.constantFrom('euc-kr' as const, 'cp949' as const),
        (text, charset) => {
          const fold = normalized(text, charset)
          if ('text' in fold) {
            expect(eucKrLength(fold.text, charset)).toHaveProperty('bytes')
            expect(normalized(fold.text, charset)).toEqual(fold)
          } else {
            expect(fold.position).toBeLessThan([...text].length)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

/** What the table of a charset does with every character of the Basic Multilingual Plane. */
function digestOf(charset: 'euc-kr' | 'cp949'): string {
  const all = Array.from({ length: 0x1_0000 }, (_, code) => {
    const fold = normalized(String.fromCharCode(code), charset)
    return 'text' in fold ? fold.text : ''
  })
  return hash('sha256', JSON.stringify(all), 'base64url').slice(0, 16)
}

test('the table of replacements changes only with its number, because earlier calls are replayed with it', () => {
  expect({ tableVersion, 'euc-kr': digestOf('euc-kr'), cp949: digestOf('cp949') }).toMatchInlineSnapshot(`
    {
      "cp949": "bqXS_gDGNatazZB3",
      "euc-kr": "hv60CD_b_ZmuUyNO",
      "tableVersion": 1,
    }
  `)
})
