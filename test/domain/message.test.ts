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
  messageType,
  sendAtError,
} from '../../src/domain/message.ts'

const valid = { to: '010-1234-5678', from: '1588-1234', text: '안녕하세요' }

/** Where a body is wrong, as dotted paths. */
const image = randomId()

function wrongIn(body: unknown): string[] {
  const parsed = messageRequest.safeParse(body)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

function parsed(more: Partial<MessageRequest>): MessageRequest {
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

  test('every character of KS X 1001 takes two bytes, and with ASCII there is no other', () => {
    const held = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter(
      (text) => 'bytes' in eucKrLength(text),
    )
    const [ascii, others] = [held.filter((text) => text < '\u0080'), held.filter((text) => text >= '\u0080')]
    expect(ascii).toHaveLength(95 + 3)
    for (const text of others) expect(eucKrLength(text)).toEqual({ bytes: 2 })
    expect(others.filter((text) => /[가-힣]/.test(text))).toHaveLength(2350)
    // 4,888 hanja, 268 of which stand twice for their two readings: as compatibility ideographs.
    expect(others.filter((text) => /\p{Script=Han}/u.test(text) && /[一-鿿豈-﫿]/.test(text))).toHaveLength(4888)
    expect(others).toHaveLength(986 + 2350 + 4888)
  })

  test('no character of two code units and no lone surrogate is ever counted', () => {
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
  ])('is refused at %j for %j', (path, change) => {
    const wrong = wrongIn({ ...valid, ...change })
    expect(wrong).toHaveLength(1)
    expect(wrong[0]?.split(' ')[0]).toBe(path)
  })

  test('says which character EUC-KR cannot hold, and where', () => {
    expect(wrongIn({ ...valid, text: '안녕😀' })).toEqual([
      'text has the character U+1F600 at position 2, which EUC-KR cannot hold',
    ])
  })

  test('names every wrong field at once', () => {
    const paths = wrongIn({ to: 'x', text: '😀', ttl: -1, more: 1 }).map((issue) => issue.split(' ')[0])
    expect(paths.toSorted()).toEqual(['', 'from', 'text', 'to', 'ttl'])
  })

  test('any JSON at all is read or refused, never thrown at', () => {
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

  test('made from any valid request is a valid message, and the same one for the same id and time', () => {
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

  test('may be sent up to 30 days ahead', () => {
    const now = Date.parse('2026-11-01T00:00:00Z')
    expect(sendAtError(parsed({}), now)).toBeUndefined()
    expect(sendAtError(parsed({ sendAt: '2020-01-01T00:00:00Z' }), now)).toBeUndefined()
    expect(sendAtError(parsed({ sendAt: '2026-12-01T00:00:00Z' }), now)).toBeUndefined()
    expect(sendAtError(parsed({ sendAt: '2026-12-01T00:00:01Z' }), now)).toMatch(/30 days/)
  })
})
