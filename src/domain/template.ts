import * as z from 'zod'
import type { FieldError } from './problem.ts'
import { isRecord } from './record.ts'

/** Values of one message, and characters (UTF-16) of each. */
const maxVariables = 50
const maxValue = 1_000
/** As many characters as a text may have before it is checked: a longer text is never put together. */
const maxCharacters = 4_000
/** Buttons of an alimtalk, and their texts that may have variables. */
const maxButtons = 5
const buttonTexts = ['name', 'linkMobile', 'linkPc', 'schemeIos', 'schemeAndroid'] as const
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

const braces = String.raw`\{\{(?:([^{}]{1,64})\}\})?`
/** As Kakao has variables in its templates. */
const hashed = String.raw`#\{(?:([^{}]{1,64})\})?`
/** What stands for a value, with its name where one follows. */
const patterns = {
  braces: new RegExp(braces, 'gu'),
  hashed: new RegExp(hashed, 'gu'),
  both: new RegExp(`${braces}|${hashed}`, 'gu'),
}

/** A text with its variables in place. A value is taken as it is: what looks like a variable in it is none. */
function filled(
  pointer: string,
  text: string,
  pattern: RegExp,
  values: ReadonlyMap<string, string>,
  used: Set<string>,
): { readonly text: string } | { readonly error: FieldError } {
  const wrong = (detail: string) => ({ error: { pointer, detail } })
  // Counted in characters, as in other errors, and only where there is one.
  const at = (index: number): number => [...text.slice(0, index)].length
  let made = ''
  let from = 0
  for (const match of text.matchAll(pattern)) {
    const [whole, braced, name = braced] = match
    if (name === undefined) {
      return wrong(
        `has "${whole}" at position ${at(match.index)}, which begins no variable such as ${whole === '#{' ? '#{name}' : '{{name}}'}`,
      )
    }
    const value = values.get(name)
    if (value === undefined) return wrong(`has ${whole} at position ${at(match.index)}, and variables has no such value`)
    used.add(name)
    made += text.slice(from, match.index) + value
    if (made.length > maxCharacters) return wrong(`has more than ${maxCharacters} characters with its variables in place`)
    from = match.index + whole.length
  }
  return { text: made + text.slice(from) }
}

type Path = readonly (string | number)[]

/** Where a message may have variables. */
function placesOf(message: Readonly<Record<string, unknown>>): Path[] {
  if (!isAlimtalk(message)) return [['text'], ['subject']]
  const { buttons } = message
  const count = Array.isArray(buttons) ? Math.min(buttons.length, maxButtons) : 0
  const ofButtons = Array.from({ length: count }, (_, at) => buttonTexts.map((name): Path => ['buttons', at, name]))
  return [['text'], ['fallback', 'text'], ['fallback', 'subject'], ...ofButtons.flat()]
}

function isAlimtalk({ type }: Readonly<Record<string, unknown>>): boolean {
  return type === 'alimtalk'
}

function valueAt(value: unknown, [first, ...rest]: Path): unknown {
  if (first === undefined) return value
  if (typeof first === 'number') return Array.isArray(value) ? valueAt(value[first], rest) : undefined
  return isRecord(value) && Object.hasOwn(value, first) ? valueAt(value[first], rest) : undefined
}

/** A copy with another text at a place that there is. */
function withText(value: unknown, [first, ...rest]: Path, text: string): unknown {
  if (first === undefined) return text
  if (Array.isArray(value)) return value.map((one: unknown, at) => (at === first ? withText(one, rest, text) : one))
  return isRecord(value) ? { ...value, [first]: withText(value[first], rest, text) } : value
}

/**
 * Puts the `variables` of a message as it stands in a call into its text and subject. A message without any is left as it is, with
 * whatever braces it has. In an alimtalk `#{name}` is a variable too, as it is in the template that Kakao approved, so none may be left
 * without its value; its fallback and its buttons are filled as well.
 * @returns the message without `variables`, or the places at fault
 */
export function resolved(message: unknown): Resolved {
  if (!isRecord(message)) return { kind: 'resolved', value: message }
  const hasVariables = Object.hasOwn(message, 'variables')
  if (!hasVariables && !isAlimtalk(message)) return { kind: 'resolved', value: message }
  const { variables: given = {}, ...rest } = message
  const checked = variables.safeParse(given)
  if (!checked.success) {
    const [issue] = checked.error.issues
    const place = (issue?.path ?? []).map((part) => `/${String(part).slice(0, 64)}`).join('')
    return { kind: 'wrong', errors: [{ pointer: `/variables${place}`, detail: issue?.message ?? 'is not valid' }] }
  }
  const values = new Map(Object.entries(checked.data))
  const used = new Set<string>()
  const errors: FieldError[] = []
  // Braces are sent as they are where a message has no variables.
  const pattern = !isAlimtalk(message) ? patterns.braces : hasVariables ? patterns.both : patterns.hashed
  let made: unknown = rest
  for (const path of placesOf(rest)) {
    const text = valueAt(rest, path)
    // A value of another kind, or one that is too long for any text, is refused where the message is read.
    if (typeof text !== 'string' || text.length > maxCharacters) continue
    const result = filled(`/${path.join('/')}`, text, pattern, values, used)
    if ('error' in result) errors.push(result.error)
    else if (result.text !== text) made = withText(made, path, result.text)
  }
  if (errors.length > 0) return { kind: 'wrong', errors }
  const unused = [...values.keys()].filter((name) => !used.has(name))
  if (unused.length === 0) return { kind: 'resolved', value: made }
  const where = isAlimtalk(message) ? 'nowhere in the message' : 'neither in text nor in subject'
  return { kind: 'wrong', errors: unused.map((name) => ({ pointer: `/variables/${name}`, detail: `is used ${where}` })) }
}
