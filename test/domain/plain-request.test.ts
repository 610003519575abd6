import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { charsets } from '../../src/domain/euc-kr.ts'
import { messageRequestIn } from '../../src/domain/message.ts'
import { plainRequest } from '../../src/domain/plain-request.ts'

const usual = { to: '010-1234-5678', from: '1588-1234', text: '[apigw] 인증번호 482913을 입력하세요.', ref: 'order-1' }

test('the usual message is read without the schema', () => {
  const { to: _, ...rest } = usual
  expect(plainRequest(usual, 'euc-kr')).toEqual({ ...rest, to: '+821012345678', from: '+8215881234' })
})

const anyOf = (...values: unknown[]) => fc.constantFrom<unknown>(...values)
const numbers = anyOf(
  '010-1234-5678',
  '+82 10 1234 5678',
  '1588-1234',
  '02-123-4567',
  '050-1234-5678',
  '080',
  '+1 650 253 0000',
  '',
  '0'.repeat(33),
  1,
)
const texts = fc.oneof(
  anyOf(
    '(광고) 가게\n할인\n무료거부 080-123-4567',
    '[광고]',
    '안녕',
    '“인용”',
    '😀',
    '각',
    '\u200b',
    '',
    '똠방각하',
    'a'.repeat(4001),
    '가'.repeat(1001),
    'a'.repeat(2001),
    null,
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const refs = fc.oneof(anyOf('order-1', 'r'.repeat(65), 'a b', '', undefined, null, 7), fc.string({ maxLength: 5 }))
const others = fc.dictionary(
  fc.constantFrom('type', 'subject', 'ttl', 'purpose', 'callback', '__proto__', 'text '),
  anyOf('sms', 'normal', 1, undefined, {}),
  {
    maxKeys: 1,
  },
)

test('it reads what the schema reads, to the letter, and refuses nothing itself', () => {
  const values = fc.record({ to: numbers, from: numbers, text: texts, ref: refs }, { requiredKeys: [] })
  fc.assert(
    fc.property(values, others, fc.constantFrom(...charsets), (value, more, charset) => {
      const given = { ...value, ...more }
      const plain = plainRequest(given, charset)
      if (plain !== undefined) expect(JSON.stringify(plain)).toBe(JSON.stringify(messageRequestIn(charset).parse(given)))
    }),
    { numRuns: 2_000 },
  )
})

test.each([{ value: undefined }, { value: null }, { value: 'text' }, { value: [usual] }, { value: 5 }])(
  '$value is left to the schema',
  ({ value }) => {
    expect(plainRequest(value, 'cp949')).toBeUndefined()
  },
)
