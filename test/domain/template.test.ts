import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolved } from '../../src/domain/template.ts'

const made = (message: object) => {
  const result = resolved(message)
  return result.kind === 'resolved' ? result.value : result.errors.map(({ pointer, detail }) => `${pointer} ${detail}`)
}

describe('the variables of a message', () => {
  test('take their places in text and subject', () => {
    const message = { to: 'x', text: '{{이름}}님, {{code_1}}', subject: '{{이름}}', variables: { 이름: '홍길동', code_1: '17' } }
    expect(made(message)).toEqual({ to: 'x', text: '홍길동님, 17', subject: '홍길동' })
  })

  test('are taken as they are: a value is not read again', () => {
    expect(made({ text: '{{a}}{{b}}', variables: { a: '{{b}}', b: '$&{{' } })).toEqual({ text: '{{b}}$&{{' })
    expect(made({ text: '[{{a}}]', variables: { a: '' } })).toEqual({ text: '[]' })
  })

  test.each([{ text: '{{name}} {{' }, { text: 5 }, 'text', null, ['{{a}}']])(
    'are left alone where there are none: %j',
    (message) => {
      expect(resolved(message)).toEqual({ kind: 'resolved', value: message })
    },
  )

  test.each([
    [{ text: '안녕 {{b}}', variables: { a: '1' } }, ['/text has {{b}} at position 3, and variables has no such value']],
    [{ text: '😀{{ a }}', variables: { a: '1' } }, ['/text has {{ a }} at position 1, and variables has no such value']],
    [
      { text: '{{a}}', subject: '{{b}}', variables: { a: '1' } },
      ['/subject has {{b}} at position 0, and variables has no such value'],
    ],
    [{ text: '{{a}} {{b', variables: { a: '1' } }, ['/text has "{{" at position 6, which begins no variable such as {{name}}']],
    [{ text: '{{{a}}}', variables: { a: '1' } }, ['/text has "{{" at position 0, which begins no variable such as {{name}}']],
    [
      { text: 'x', variables: { a: '1', b: '2' } },
      ['/variables/a is used neither in text nor in subject', '/variables/b is used neither in text nor in subject'],
    ],
    [{ text: '{{constructor}}', variables: {} }, ['/text has {{constructor}} at position 0, and variables has no such value']],
    [{ text: 'x', variables: { '1a': 'x' } }, ['/variables has a name other than a letter and up to 31 letters, digits and "_"']],
    [
      { text: 'x', variables: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`a${n}`, ''])) },
      ['/variables has more than 50 variables'],
    ],
    [
      { text: '{{a}}'.repeat(800), variables: { a: 'x'.repeat(1000) } },
      ['/text has more than 4000 characters with its variables in place'],
    ],
  ])('are refused with the place: %j', (message, errors) => {
    expect(made(message)).toEqual(errors)
  })

  test.each([{ a: 1 }, { a: 'x'.repeat(1001) }, 'a', null, ['a']])('have to be texts: %j', (variables) => {
    const [error] = made({ text: '{{a}}', variables }) as string[]
    expect(error).toMatch(/^\/variables/)
  })

  test('give what a plain replacement gives', () => {
    const value = fc.string({ maxLength: 20 })
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{{a}}', '{{b}}', 'x', '}', ' '), { minLength: 1, maxLength: 20 }),
        value,
        value,
        (parts, a, b) => {
          const text = `{{a}}{{b}}${parts.join('')}`
          const expected = `${a}${b}${parts.map((part) => (part === '{{a}}' ? a : part === '{{b}}' ? b : part)).join('')}`
          expect(made({ text, variables: { a, b } })).toEqual({ text: expected })
        },
      ),
    )
  })
})
