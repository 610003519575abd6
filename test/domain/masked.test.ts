import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskedFields, withoutContents, withoutValues } from '../../src/domain/masked.ts'

test('masks numbers in every form, and leaves ids, times and accounts as they are', () => {
  const forms = [
    '+821098765432',
    '%2B821098765432',
    '821098765432',
    '01098765432',
    '010-9876-5432',
    '010 9876 5432',
    '02-123-4567',
  ]
  for (const form of forms) {
    const masked = withoutValues(`no row for ${form}: refused (${form}).`)
    expect(masked).not.toContain(form)
    expect(masked).toMatch(/^no row for .*\*{4}.*: refused/)
  }
  const others = [
    '2026-11-28T01:02:03.456Z',
    'arn:aws:iam::012345678901:role/x',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    '1764291312000',
    '203.0.113.10:5432',
    "ER_DATA_TOO_LONG: Data too long for column 'body' at row 1",
  ]
  for (const other of others) expect(withoutValues(other)).toBe(other)
})

test('leaves out what databases quote in their errors', () => {
  const quoted: [string, string][] = [
    [
      "Incorrect string value: '\\xF0\\x9F it's me' for column `db`.`t`.`body` at row 1",
      "Incorrect string value: '…' for column `db`.`t`.`body` at row 1",
    ],
    ["Duplicate entry 'Kim, 12' for key 't.one'", "Duplicate entry '…' for key 't.one'"],
    ['invalid input syntax for type integer: "Your code"', 'invalid input syntax for type integer: "…"'],
    ['null value in column "body" of relation "t" violates', 'null value in column "body" of relation "t" violates'],
  ]
  for (const [given, expected] of quoted) expect(withoutValues(given)).toBe(expected)
})

test('finds what a trigger quotes of a message, whatever it is cut to', () => {
  const text = fc.string({ minLength: 12, maxLength: 80, unit: 'grapheme' })
  fc.assert(
    fc.property(text, fc.nat(20), fc.nat(20), (content, from, more) => {
      const cut = content.slice(from % (content.length - 6), (from % (content.length - 6)) + 6 + more)
      expect(withoutContents(`refused <${cut}> today`, [content])).not.toContain(cut)
    }),
  )
  expect(withoutContents("the text 'code' is not taken", ['code'])).toBe("the text '…' is not taken")
})

test('masks texts in fields however deep they are, and nothing else', () => {
  expect(maskedFields({ a: ['+821098765432', { b: 'x 010-9876-5432' }], n: 821098765432, none: null })).toEqual({
    a: ['+8210****5432', { b: 'x 010-9****5432' }],
    n: 821098765432,
    none: null,
  })
})
