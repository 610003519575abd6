import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adFaults, adMark, markOf, nightEnd } from '../../src/domain/advertising.ts'
import { messageRequest } from '../../src/domain/message.ts'

const good = '(광고)가나다몰 오늘만 반값\n무료수신거부 080-123-4567'
const details = (text: string, subject?: string) => adFaults({ text, subject }).map(({ field, detail }) => `${field} ${detail}`)

describe('the form of an advertisement', () => {
  test.each([
    good,
    '(광고) [가나다몰] 반값 무료거부0801234567',
    '(광고)11번가 반값\n무료 수신거부: 080 1234 5678\n',
    '(광고)가나다 (무료수신거부 번호 080-1234-5678)',
    '(광고)가나다 무료 거부 080-123-4567]',
  ])('%j has it', (text) => {
    expect(adFaults({ text })).toEqual([])
  })

  test.each([
    '[광고]',
    '(광 고)',
    '( 광고)',
    '(광고 )',
    '（광고）',
    '(광.고)',
    '(광/고)',
    '"광고"',
    '<광고>',
    ' (광고)',
    '【광고】',
  ])('%j is a violation, and is named', (mark) => {
    expect(markOf(`${mark}가나다몰 반값`)).toBe(mark)
    expect(details(`${mark}가나다몰 반값 무료거부 080-123-4567`)).toEqual([
      `text begins with "${mark.trim()}", and the mark is exactly "(광고)"`,
    ])
  })

  test.each([
    '광고 문의에 답합니다',
    '(광고주 안내) 정산',
    '(광고성 정보 수신동의 결과)',
    '안녕하세요 (광고)',
    '(대출) 안내',
    '',
    ' ',
  ])('%j does not begin with a mark', (text) => {
    expect(markOf(text)).toBeUndefined()
  })

  test.each([
    ['가나다몰 반값 무료거부 080-123-4567', 'text does not begin with "(광고)", as an advertisement has to'],
    ['(광고)가나다몰 반값', 'text does not end with a free number for refusals, such as "무료수신거부 080-123-4567"'],
    [
      '(광고)가나다 무료거부 080-123-4567 감사합니다',
      'text does not end with a free number for refusals, such as "무료수신거부 080-123-4567"',
    ],
    [
      '(광고)가나다 무료거부 02-123-4567',
      'text does not end with a free number for refusals, such as "무료수신거부 080-123-4567"',
    ],
    [
      '(광고)가나다 무료거부 080-xxx-xxxx',
      'text does not end with a free number for refusals, such as "무료수신거부 080-123-4567"',
    ],
    [
      '(광고)가나다 무료거부 080-1234-56789',
      'text does not end with a free number for refusals, such as "무료수신거부 080-123-4567"',
    ],
    [
      '(광고)가나다 수신거부 080-123-4567',
      'text does not end with a free number for refusals, such as "무료수신거부 080-123-4567"',
    ],
    ['(광고)무료거부 080-123-4567', 'text does not name its sender behind "(광고)"'],
    ['(광고) https://example.com 무료거부 080-123-4567', 'text does not name its sender behind "(광고)"'],
  ])('%j: %s', (text, detail) => {
    expect(details(text)).toEqual([detail])
  })

  test('a subject may have the mark, and only in its exact form', () => {
    expect(details(good, '오늘만 반값')).toEqual([])
    expect(details(good, '(광고) 반값')).toEqual([])
    expect(details(good, '[광고] 반값')).toEqual(['subject begins with "[광고]", and the mark is exactly "(광고)"'])
  })

  test('is checked in linear time, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('(', ' ', '광', '고', ')', '무료', '거부', '080', '-', '1'), maxLength: 2000 }),
        (text) => {
          const mark = markOf(text)
          expect(mark === undefined || text.startsWith(mark)).toBe(true)
          adFaults({ text: adMark + text })
        },
      ),
    )
  })
})

describe('the purpose of a message', () => {
  const valid = { to: '010-1234-5678', from: '1588-1234' }
  const read = (body: object) => messageRequest.safeParse({ ...valid, ...body })
  const faults = (body: object) => (read(body).error?.issues ?? []).map(({ path, message }) => `${path.join('/')} ${message}`)

  test('is an advertisement where the text begins as one', () => {
    expect(read({ text: good }).data?.purpose).toBe('ad')
    expect(read({ text: good, purpose: 'ad' }).data?.purpose).toBe('ad')
    expect(read({ text: '안녕하세요' }).data).not.toHaveProperty('purpose')
    // An invisible character is removed first: what is sent has the mark.
    expect(read({ text: good.replace('광고', '광\u200b고') }).data?.purpose).toBe('ad')
    expect(faults({ text: '[광고]가나다 무료거부 080-123-4567' })).toEqual([
      'text begins with "[광고]", and the mark is exactly "(광고)"',
    ])
  })

  test.each(['normal', 'auth'])('%s is refused with the text of an advertisement', (purpose) => {
    expect(faults({ text: good, purpose })).toEqual([
      `purpose is "${purpose}", and the text begins as an advertisement: "(광고)"`,
    ])
    expect(read({ text: '인증번호 1234', purpose }).data?.purpose).toBe(purpose)
  })

  test('demands the form of recipients in Korea only', () => {
    expect(faults({ text: 'Half price', purpose: 'ad' })).toHaveLength(1)
    expect(faults({ text: 'Half price', purpose: 'ad', to: '+12025550123' })).toEqual([])
  })
})

const seoul = (time: string) => Date.parse(`${time}+09:00`)

describe('the night', () => {
  test.each([
    ['2026-11-23T20:59:59.999', undefined],
    ['2026-11-23T21:00:00.000', '2026-11-24T08:00'],
    ['2026-11-23T23:59:59.999', '2026-11-24T08:00'],
    ['2026-11-24T00:00:00.000', '2026-11-24T08:00'],
    ['2026-11-24T07:59:59.999', '2026-11-24T08:00'],
    ['2026-11-24T08:00:00.000', undefined],
    ['2026-12-31T22:00:00.000', '2027-01-01T08:00'],
    ['1970-01-02T03:00:00.000', '1970-01-02T08:00'],
  ])('at %s ends at %s', (time, end) => {
    expect(nightEnd(seoul(time))).toBe(end === undefined ? undefined : seoul(end))
  })

  test('is what the clocks of Seoul show', () => {
    const hour = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Seoul', hour: '2-digit', hourCycle: 'h23' })
    fc.assert(
      fc.property(fc.integer({ min: seoul('2020-01-01T00:00'), max: seoul('2040-01-01T00:00') }), (instant) => {
        const shown = Number(hour.format(instant))
        const end = nightEnd(instant)
        expect(end !== undefined).toBe(shown >= 21 || shown < 8)
        if (end === undefined) return
        expect(Number(hour.format(end))).toBe(8)
        expect(end - instant).toBeLessThanOrEqual(11 * 3_600_000)
      }),
    )
  })
})
