import * as z from 'zod'
import type { FieldError } from './problem.ts'
import { isRecord } from './record.ts'

/** Values of one message, and characters (UTF-16) of each. */
const maxVariables = 50
const maxValue = 1_000
/** As many characters as a text may have before it is checked: a longer text is never put together. */
const maxCharacters = 4_000
const namePattern = /^\p{L}[\p{L}\p{N}_]{0,31}$/u

/** The values of a message's variables, by name. */
export const variables = z
  .record(z.string(), z.string().max(maxValue))
  .refine((values) => Object.keys(values).length <= maxVariables, `has more than ${maxVariables} variables`)
  .refine(
    (values) => Object.keys(values).every((name) => namePattern.test(name)),
    'has a name other than a letter and up to 31 letters, digits and "_"',
  )

/** A message with its variables in place, or what is wrong with them. */
export type Resolved =
  | { readonly kind: 'resolved'; readonly value: unknown }
  | { readonly kind: 'wrong'; readonly errors: readonly FieldError[] }

const placeholder = /\{\{(?:([^{}]{1,64})\}\})?/gu

/** A text with its variables in place. A value is taken as it is: what looks like a variable in it is none. */
function filled(
  field: string,
  text: string,
  values: ReadonlyMap<string, string>,
  used: Set<string>,
): { readonly text: string } | { readonly error: FieldError } {
  const wrong = (detail: string) => ({ error: { pointer: `/${field}`, detail } })
  // Counted in characters, as in other errors, and only where there is one.
  const at = (index: number): number => [...text.slice(0, index)].length
  let made = ''
  let from = 0
  for (const match of text.matchAll(placeholder)) {
    const [whole, name] = match
    if (name === undefined) return wrong(`has "{{" at position ${at(match.index)}, which begins no variable such as {{name}}`)
    const value = values.get(name)
    if (value === undefined) return wrong(`has {{${name}}} at position ${at(match.index)}, and variables has no such value`)
    used.add(name)
    made += text.slice(from, match.index) + value
    if (made.length > maxCharacters) return wrong(`has more than ${maxCharacters} characters with its variables in place`)
    from = match.index + whole.length
  }
  return { text: made + text.slice(from) }
}

/**
 * Puts the `variables` of a message as it stands in a call into its text and subject. A message without any is left as it is, with
 * whatever braces it has.
 * @returns the message without `variables`, or the places at fault
 */
export function resolved(message: unknown): Resolved {
  if (!isRecord(message) || !Object.hasOwn(message, 'variables')) return { kind: 'resolved', value: message }
  const { variables: given, ...rest } = message
  const checked = variables.safeParse(given)
  if (!checked.success) {
    const [issue] = checked.error.issues
    const place = (issue?.path ?? []).map((part) => `/${String(part).slice(0, 64)}`).join('')
    return { kind: 'wrong', errors: [{ pointer: `/variables${place}`, detail: issue?.message ?? 'is not valid' }] }
  }
  const values = new Map(Object.entries(checked.data))
  const used = new Set<string>()
  const errors: FieldError[] = []
  const made: Record<string, unknown> = { ...rest }
  for (const field of ['text', 'subject'] as const) {
    const text = rest[field]
    // A value of another kind, or one that is too long for any text, is refused where the message is read.
    if (typeof text !== 'string' || text.length > maxCharacters) continue
    const result = filled(field, text, values, used)
    if ('error' in result) errors.push(result.error)
    else made[field] = result.text
  }
  if (errors.length > 0) return { kind: 'wrong', errors }
  const unused = [...values.keys()].filter((name) => !used.has(name))
  if (unused.length === 0) return { kind: 'resolved', value: made }
  return {
    kind: 'wrong',
    errors: unused.map((name) => ({ pointer: `/variables/${name}`, detail: 'is used neither in text nor in subject' })),
  }
}
