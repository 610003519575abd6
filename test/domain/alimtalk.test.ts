import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomId } from '../../src/domain/ids.ts'
import { message, messageOf, messageRequest, messageRequestIn, messageType } from '../../src/domain/message.ts'
import { keyedIdOf } from '../../src/domain/message-content.ts'
import { resolved } from '../../src/domain/template.ts'

const valid = {
  type: 'alimtalk',
  to: '010-1234-5678',
  profile: '@가나다몰',
  template: 'ORDER_1',
  text: '주문이 접수되었습니다. 🎉',
}
const fallback = { from: '1588-1234', text: '주문이 접수되었습니다.' }

function wrongIn(more: object): string[] {
  const parsed = messageRequest.safeParse({ ...valid, ...more })
  return parsed.success ? [] : parsed.error.issues.map(({ path, message: why }) => `${path.join('.')} ${why}`)
}

describe('an alimtalk', () => {
  test('needs no sender without a fallback, and keeps its text as it is', () => {
    const request = messageRequest.parse(valid)
    expect(request).toEqual({
      type: 'alimtalk',
      to: '+821012345678',
      text: valid.text,
      alimtalk: { profile: '@가나다몰', template: 'ORDER_1' },
    })
    expect(messageType(request)).toBe('alimtalk')
  })

  test.each([
    [{ fallback }, { type: 'sms', from: '+8215881234', text: fallback.text }],
    [
      { from: '02-123-4567', fallback: { text: '문자' } },
      { type: 'sms', from: '+8221234567', text: '문자' },
    ],
    [
      { from: '02-123-4567', fallback },
      { type: 'sms', from: '+8215881234', text: fallback.text },
    ],
    [{ fallback: { ...fallback, text: '가'.repeat(46) } }, { type: 'lms', from: '+8215881234', text: '가'.repeat(46) }],
    [{ fallback: { ...fallback, subject: '주문' } }, { type: 'lms', from: '+8215881234', text: fallback.text, subject: '주문' }],
    [{ fallback: { ...fallback, type: 'lms' } }, { type: 'lms', from: '+8215881234', text: fallback.text }],
  ])('has a fallback: %j', (more, expected) => {
    const { alimtalk, from } = messageRequest.parse({ ...valid, ...more })
    expect(alimtalk?.fallback).toEqual(expected)
    expect(from).toBe(expected.from)
  })

  test('names what is changed in its fallback, whose characters are those of an SMS', () => {
    const request = messageRequest.parse({ ...valid, fallback: { ...fallback, text: '가–나' } })
    expect(request.normalized).toEqual({ fallback: { text: '가-나' } })
    expect(wrongIn({ normalize: false, fallback: { ...fallback, text: '가–나' } })).toEqual([
      'fallback.text has the character U+2013 at position 1, which EUC-KR cannot hold',
    ])
    expect(wrongIn({ fallback: { ...fallback, text: '가 🎉' } })).toEqual([
      'fallback.text has the character U+1F389 at position 2, which EUC-KR cannot hold',
    ])
    expect(messageRequestIn('cp949').safeParse({ ...valid, fallback: { ...fallback, text: '똠방' } }).success).toBe(true)
  })

  test.each([
    [{ text: '가'.repeat(1001) }, 'text has 1001 characters, and 1000 are allowed'],
    [{ text: '' }, /^text /],
    [{ text: 'a\u0000b' }, 'text has a character at position 1 that cannot be shown'],
    [{ text: '가\ud800' }, 'text has a character at position 1 that cannot be shown'],
    [{ text: '(광고) 세일' }, /^text begins as an advertisement: "\(광고\)"/],
    [{ purpose: 'ad' }, /^purpose is "ad"/],
    [{ profile: '가 나' }, /^profile is neither/],
    [{ profile: 'x'.repeat(41) }, /^profile is neither/],
    [{ profile: undefined }, /^profile /],
    [{ template: '주문' }, /^template has to be/],
    [{ template: 'x'.repeat(51) }, /^template has to be/],
    [{ template: undefined }, /^template /],
    [{ subject: '제목' }, /^ Unrecognized key/],
    [{ media: [randomId()] }, /^ Unrecognized key/],
    [{ fallback: { text: '문자' } }, 'fallback.from is missing: an SMS or LMS has a sender, here or in the from of the message'],
    [{ fallback: { ...fallback, from: '0502-123-4567' } }, /^fallback\.from cannot be a sender/],
    [{ fallback: { ...fallback, type: 'mms' } }, /^fallback\.type /],
    [
      { fallback: { ...fallback, type: 'sms', text: '가'.repeat(46) } },
      'fallback.text takes 92 bytes in EUC-KR, and an SMS holds 90',
    ],
    [{ fallback: { ...fallback, type: 'sms', subject: '제목' } }, 'fallback.subject is not possible with an SMS'],
    [{ fallback: { ...fallback, text: '가'.repeat(1001) } }, 'fallback.text takes 2002 bytes in EUC-KR, and 2000 are allowed'],
    [{ fallback: { ...fallback, text: '[광고] 세일' } }, /^fallback\.text begins as an advertisement/],
    [{ fallback: { ...fallback, more: 1 } }, /^fallback Unrecognized key/],
    [{ buttons: [] }, /^buttons /],
    [{ buttons: Array(6).fill({ type: 'MD', name: '가' }) }, /^buttons /],
    [{ buttons: [{ type: 'ZZ', name: '가' }] }, /^buttons\.0\.type /],
    [{ buttons: [{ type: 'MD', name: '가'.repeat(15) }] }, 'buttons.0.name has 15 characters, and 14 are allowed'],
    [{ buttons: [{ type: 'WL', name: '가' }] }, 'buttons.0.linkMobile is missing: a button WL has one'],
    [{ buttons: [{ type: 'WL', name: '가', linkMobile: 'example.com' }] }, /^buttons\.0\.linkMobile is not a link/],
    [
      { buttons: [{ type: 'WL', name: '가', linkMobile: 'javascript:alert(1)' }] },
      /^buttons\.0\.linkMobile is not a link to a web page/,
    ],
    [{ buttons: [{ type: 'WL', name: '가', linkMobile: 'https://a.b/🎉' }] }, /^buttons\.0\.linkMobile is not a link/],
    [{ buttons: [{ type: 'DS', name: '가', linkPc: 'https://a.b' }] }, 'buttons.0.linkPc is not possible with a button DS'],
    [{ buttons: [{ type: 'AL', name: '가', schemeIos: 'app://x' }] }, /^buttons\.0 has fewer than two of/],
  ])('refuses what Kakao and carriers refuse (%#)', (more, expected) => {
    const wrong = wrongIn(more)
    expect(wrong).toHaveLength(1)
    if (typeof expected === 'string') expect(wrong[0]).toBe(expected)
    else expect(wrong[0]).toMatch(expected)
  })

  test('takes the longest text, all buttons and the longest links', () => {
    const link = `https://example.com/${'가'.repeat(480)}`
    const all = { linkMobile: link, linkPc: link, schemeIos: link, schemeAndroid: link }
    const buttons = Array(5).fill({ type: 'AL', name: '가'.repeat(14), ...all })
    const longest = { text: '가'.repeat(1000), buttons, fallback: { ...fallback, text: '가'.repeat(1000) } }
    expect(wrongIn(longest)).toEqual([])
    // One envelope holds it, and SQS bills that as one request.
    const made = messageOf(messageRequest.parse({ ...valid, ...longest }), randomId(), 1)
    expect(Buffer.byteLength(JSON.stringify(made))).toBeLessThan(60 * 1024)
  })

  test('keeps what only an alimtalk has out of other messages', () => {
    const sms = { to: '010-1234-5678', from: '1588-1234', text: '안녕' }
    for (const field of ['profile', 'template', 'buttons', 'fallback'] as const) {
      expect(messageRequest.safeParse({ ...sms, [field]: { ...valid, buttons: [], fallback }[field] }).success).toBe(false)
    }
    expect(messageRequest.safeParse({ ...sms, type: 'fax' }).success).toBe(false)
  })

  test('any fields are read or refused, without an exception, and what is accepted reaches the worker', () => {
    const names = fc.constantFrom('profile', 'template', 'buttons', 'fallback', 'text', 'from', 'purpose', 'variables')
    const inner = fc.record({ text: fc.jsonValue(), from: fc.jsonValue(), type: fc.jsonValue() }, { requiredKeys: [] })
    fc.assert(
      fc.property(fc.dictionary(names, fc.oneof(fc.jsonValue(), inner, fc.array(inner))), (more) => {
        const filled = resolved({ ...valid, ...more })
        const read = messageRequest.safeParse(filled.kind === 'resolved' ? filled.value : undefined)
        if (!read.success) return
        const made = messageOf(read.data, randomId(), 1)
        expect(message.parse(JSON.parse(JSON.stringify(made)))).toEqual(made)
      }),
      { numRuns: 300 },
    )
  })

  test('the worker reads it as it was made, and refuses one in parts', () => {
    const buttons = [{ type: 'WL', name: '보기', linkMobile: 'https://example.com' }]
    const made = messageOf(messageRequest.parse({ ...valid, buttons, fallback }), randomId(), 1, { units: 3 })
    expect(message.parse(JSON.parse(JSON.stringify(made)))).toEqual(made)
    const { alimtalk, ...rest } = made
    expect(message.safeParse(rest).success).toBe(false)
    expect(message.safeParse({ ...made, type: 'sms' }).success).toBe(false)
    expect(message.safeParse({ ...made, alimtalk: { ...alimtalk, template: '' } }).success).toBe(false)
    const { from: _from, ...sms } = messageOf(
      messageRequest.parse({ to: '01012345678', from: '15881234', text: 'x' }),
      randomId(),
      1,
    )
    expect(message.safeParse(sms).success).toBe(false)
  })

  test('with another fallback is another message, whatever its key', () => {
    const owner = { customer: 'acme', environment: 'live' }
    const id = (more: object) => keyedIdOf(owner, { ...valid, key: 'k', ...more })
    expect(id({ fallback })).toBe(id({ fallback: { ...fallback } }))
    expect(id({ fallback })).not.toBe(id({}))
  })
})

describe('variables of an alimtalk', () => {
  const filled = (more: object) => resolved({ ...valid, ...more })
  const detailsOf = (more: object) => {
    const result = filled(more)
    return result.kind === 'wrong' ? result.errors.map(({ pointer, detail }) => `${pointer} ${detail}`) : []
  }

  test('are those of the template, in the text, the fallback and the buttons', () => {
    const given = {
      text: '#{고객명}님, {{번호}}',
      fallback: { ...fallback, text: '{{고객명}}님, #{번호}', subject: '#{고객명}' },
      buttons: [{ type: 'WL', name: '#{번호}', linkMobile: 'https://example.com/#{번호}' }],
      variables: { 고객명: '홍길동 #{번호}', 번호: '1' },
    }
    expect(filled(given)).toEqual({
      kind: 'resolved',
      value: {
        ...valid,
        text: '홍길동 #{번호}님, 1',
        fallback: { ...fallback, text: '홍길동 #{번호}님, 1', subject: '홍길동 #{번호}' },
        buttons: [{ type: 'WL', name: '1', linkMobile: 'https://example.com/1' }],
      },
    })
  })

  test('are missed where they have no value, and are not needed elsewhere', () => {
    expect(detailsOf({ text: '#{고객명}님' })).toEqual(['/text has #{고객명} at position 0, and variables has no such value'])
    expect(detailsOf({ text: '가 #{' })).toEqual(['/text has "#{" at position 2, which begins no variable such as #{name}'])
    expect(detailsOf({ fallback: { ...fallback, text: '#{a}' }, variables: {} })).toEqual([
      '/fallback/text has #{a} at position 0, and variables has no such value',
    ])
    expect(detailsOf({ variables: { a: '1' } })).toEqual(['/variables/a is used nowhere in the message'])
    // Without variables, braces are sent as they are.
    expect(filled({ text: '{{a}}' })).toMatchObject({ value: { text: '{{a}}' } })
    expect(resolved({ to: '1', text: '#{a}' })).toEqual({ kind: 'resolved', value: { to: '1', text: '#{a}' } })
    expect(filled({ buttons: 'x', fallback: [], text: 5, variables: {} })).toMatchObject({ kind: 'resolved' })
  })
})
