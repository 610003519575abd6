/**
 * IAM wildcards: `*` matches any number of characters, `?` matches one character
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
 */

/**
 * Stand-ins for a literal `*` and `?`, which result from the value of a policy variable or from `${*}` and `${?}`. They
 * are private-use code points, which do not occur in ARNs.
 */
export const literalStar = '\u{E000}'
export const literalMark = '\u{E001}'

const literals: Readonly<Record<string, string>> = { [literalStar]: '*', [literalMark]: '?' }

function same(pattern: string, text: string): boolean {
  return pattern === text || literals[pattern] === text
}

/** Whether a text matches a pattern. Takes at most pattern length × text length steps. */
export function matches(pattern: string, text: string): boolean {
  return pattern === '*' || matchesPart(pattern, 0, pattern.length, text, 0, text.length)
}

/** Compares parts of both texts where they stand: an audit makes millions of comparisons, and cutting the parts out is dear. */
function matchesPart(pattern: string, p: number, pEnd: number, text: string, t: number, tEnd: number): boolean {
  let star = -1
  let from = 0
  while (t < tEnd) {
    const character = p < pEnd ? pattern.charAt(p) : ''
    if (character === '*') {
      star = p++
      from = t
    } else if (p < pEnd && (character === '?' || same(character, text.charAt(t)))) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++from
    } else return false
  }
  while (p < pEnd && pattern.charAt(p) === '*') p++
  return p === pEnd
}

const arnFields = 6

/** The six fields of an ARN. The last may contain colons. As in IAM, missing fields are filled with `*`. */
function fieldsOf(arn: string): string[] {
  const parts = arn.split(':')
  const fields = parts.length <= arnFields ? parts : [...parts.slice(0, arnFields - 1), parts.slice(arnFields - 1).join(':')]
  while (fields.length < arnFields) fields.push('*')
  return fields
}

/** Whether two texts differ before the first wildcard of the pattern. Most ARNs differ there. */
function differsEarly(pattern: string, arn: string): boolean {
  const end = Math.min(pattern.length, arn.length)
  for (let at = 0; at < end; at++) {
    const character = pattern.charAt(at)
    if (character === '*' || character === '?') return false
    if (!same(character, arn.charAt(at))) return true
  }
  return false
}

/** Whether an ARN matches a pattern. A wildcard does not span fields, except in the last one. */
export function arnMatches(pattern: string, arn: string): boolean {
  if (pattern === '*' || pattern === arn) return true
  if (differsEarly(pattern, arn)) return false
  if (!pattern.startsWith('arn:') || !arn.startsWith('arn:')) return matches(pattern, arn)
  // `*` as a resource stands for actions without resource-level permissions, so it is not split into fields.
  let p = 0
  let t = 0
  for (let field = 1; field <= arnFields; field++) {
    const pEnd = fieldEnd(pattern, p, field)
    const tEnd = fieldEnd(arn, t, field)
    // A field that is missing is `*`.
    const missing = p > pattern.length
    if (!missing && !(t > arn.length ? matches(pattern.slice(p, pEnd), '*') : matchesPart(pattern, p, pEnd, arn, t, tEnd)))
      return false
    p = pEnd + 1
    t = tEnd + 1
  }
  return true
}

/** Where a field ends. A start past the end of the text is a field that is missing. */
function fieldEnd(text: string, start: number, field: number): number {
  if (start > text.length) return start
  const colon = field === arnFields ? -1 : text.indexOf(':', start)
  return colon < 0 ? text.length : colon
}

const filler = 'x'

/** A character that both patterns match at this position, if any. */
function sharedCharacter(left: string, right: string): string | undefined {
  const isOpen = (character: string): boolean => character === '*' || character === '?'
  if (isOpen(left) && isOpen(right)) return filler
  if (isOpen(left)) return literals[right] ?? right
  if (isOpen(right)) return literals[left] ?? left
  return left === right ? (literals[left] ?? left) : undefined
}

interface Pair {
  readonly l: number
  readonly r: number
  readonly text: string
}

/** The positions that follow a pair of positions: past a star, or past one shared character. */
function nextPairs(left: string, right: string, { l, r, text }: Pair): Pair[] {
  const a = left.charAt(l)
  const b = right.charAt(r)
  const next: Pair[] = []
  if (a === '*') next.push({ l: l + 1, r, text })
  if (b === '*') next.push({ l, r: r + 1, text })
  const character = l < left.length && r < right.length ? sharedCharacter(a, b) : undefined
  if (character !== undefined) next.push({ l: a === '*' ? l : l + 1, r: b === '*' ? r : r + 1, text: text + character })
  return next
}

/**
 * A text that matches both patterns, or `undefined` if the patterns do not overlap. It shows whether a permission covers
 * at least one resource of a type, and gives an example. Visits each pair of positions once.
 */
export function overlap(left: string, right: string): string | undefined {
  const seen = new Set<number>()
  const wave: Pair[] = [{ l: 0, r: 0, text: '' }]
  for (let pair = wave.pop(); pair !== undefined; pair = wave.pop()) {
    if (pair.l === left.length && pair.r === right.length) return pair.text
    const key = pair.l * (right.length + 1) + pair.r
    if (seen.has(key)) continue
    seen.add(key)
    wave.push(...nextPairs(left, right, pair).reverse())
  }
  return undefined
}

/** An ARN that matches both patterns, compared field by field. */
export function overlapArn(left: string, right: string): string | undefined {
  if (left === '*') left = 'arn:*'
  if (right === '*') right = 'arn:*'
  if (!left.startsWith('arn:') || !right.startsWith('arn:')) return overlap(left, right)
  const others = fieldsOf(right)
  const fields: string[] = []
  for (const [at, field] of fieldsOf(left).entries()) {
    const shared = overlap(field, others[at] ?? '')
    if (shared === undefined) return undefined
    fields.push(shared)
  }
  return fields.join(':')
}

/** The part before the first wildcard or variable. Every match starts with it. */
export function literalPrefix(pattern: string): string {
  const end = pattern.search(/[*?$]/)
  return end < 0 ? pattern : pattern.slice(0, end)
}
