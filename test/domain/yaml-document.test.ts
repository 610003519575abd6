import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { readYaml } from '../../src/domain/yaml-document.ts'

const shape = z.strictObject({
  name: z.string().min(2),
  size: z.int().min(1).max(9).optional(),
  kind: z.enum(['a', 'b']).optional(),
  on: z.boolean().optional(),
  rows: z
    .array(z.strictObject({ id: z.string().regex(/^x/, 'does not begin with x') }))
    .min(1)
    .optional(),
})
const read = (text: string) =>
  readYaml(text, shape, { name: 'file.yaml', code: 'config-invalid', next: 'correct it, or see docs/reference.md' })

describe('a YAML document', () => {
  test('is read, also as JSON', () => {
    expect(read('name: one\nrows: [{id: x1}]\n')).toEqual({ name: 'one', rows: [{ id: 'x1' }] })
    expect(read('{"name":"one"}')).toEqual({ name: 'one' })
  })

  test.each([
    ['', 'file.yaml: must be a map.'],
    ['- 1\n', 'file.yaml: must be a map.'],
    ['size: 1\n', 'file.yaml, name: is missing.'],
    ['name: x\n', 'file.yaml, line 1, name: must have at least 2 characters.'],
    ['name: 12\n', 'file.yaml, line 1, name: must be a string.'],
    ['name: one\nsize: 1.5\n', 'file.yaml, line 2, size: must be a whole number.'],
    ['name: one\nsize: 10\n', 'file.yaml, line 2, size: must be at most 9.'],
    ['name: one\nkind: c\n', 'file.yaml, line 2, kind: must be one of a, b.'],
    ['name: one\non: 1\n', 'file.yaml, line 2, on: must be true or false.'],
    ['name: one\n\ncolour: red\n', 'file.yaml, line 3, colour: is not a known field.'],
    ['name: one\nrows: []\n', 'file.yaml, line 2, rows: must have at least 1 item.'],
    ['name: one\nrows:\n  - id: x\n  - {}\n', 'file.yaml, line 4, rows.1.id: is missing.'],
    ['name: one\nrows:\n  - id: x\n  - id: y\n', 'file.yaml, line 4, rows.1.id: does not begin with x.'],
    ['name: one\nrows: &a\n  - id: y\n', 'file.yaml, line 3, rows.0.id: does not begin with x.'],
    ['name: [\n', 'file.yaml, line 2: Flow sequence in block collection must be sufficiently indented and end with a ].'],
    ['name: *none\n', 'file.yaml: Unresolved alias (the anchor must be set before the alias): none.'],
  ])('%j is refused by line and field', (text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'config-invalid', message, next: 'correct it, or see docs/reference.md' }),
    )
  })

  test('that would fill the memory is refused', () => {
    const lines = Array.from({ length: 12 }, (_, at) => `a${at}: &a${at} [${Array(10).fill(at === 0 ? 'x' : `*a${at - 1}`)}]`)
    expect(() => read(`${lines.join('\n')}\n`)).toThrow(/^file\.yaml: .*alias/)
  })
})
