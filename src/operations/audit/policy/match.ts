/**
 * Wildcards as IAM reads them: `*` any run of characters, `?` one character
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
 */

/**
 * Characters that stand for themselves although they look like wildcards or escapes: what a policy variable was
 * replaced by, and `${*}`, `${?}`, `${$}`. Private-use code points, which no ARN holds.
 */
export const literalStar = '\u{E000}'
export const literalMark = '\u{E001}'

const meant: Readonly<Record<string, string>> = { [literalStar]: '*', [literalMark]: '?' }

function same(pattern: string, text: string): boolean {
  return pattern === text || meant[pattern] === text
}

/** Whether a text is what a pattern describes. Never worse than pattern × text steps, whatever the pattern. */
export function matches(pattern: string, text: string): boolean {
  if (pattern === '*') return true
  let p = 0
  let t = 0
  let star = -1
  let from = 0
  while (t < text.length) {
    const wanted = pattern.charAt(p)
    if (wanted === '*') {
      star = p++
      from = t
    } else if (p < pattern.length && (wanted === '?' || same(wanted, text.charAt(t)))) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++from
    } else return false
  }
  while (pattern.charAt(p) === '*') p++
  return p === pattern.length
}

const arnFields = 6

/** The six fields of an ARN; the last keeps its colons. An incomplete ARN is completed by `*`, as IAM does it. */
function fieldsOf(arn: string): string[] {
  const parts = arn.split(':')
  const fields = parts.length <= arnFields ? parts : [...parts.slice(0, arnFields - 1), parts.slice(arnFields - 1).join(':')]
  while (fields.length < arnFields) fields.push('*')
  return fields
}

/** Whether an ARN is what a pattern describes. A wildcard does not reach over a field, but for the last one. */
export function arnMatches(pattern: string, arn: string): boolean {
  if (pattern === '*' || pattern === arn) return true
  if (!pattern.startsWith('arn:') || !arn.startsWith('arn:')) return matches(pattern, arn)
  // Only a text of all fields is compared: `*` as a resource stands for calls that have none.
  const wanted = fieldsOf(pattern)
  const given = fieldsOf(arn)
  return wanted.every((field, at) => matches(field, given[at] ?? ''))
}

const filler = 'x'

/** One character that both patterns take at this place, where they take any. */
function sharedCharacter(left: string, right: string): string | undefined {
  const isOpen = (character: string): boolean => character === '*' || character === '?'
  if (isOpen(left) && isOpen(right)) return filler
  if (isOpen(left)) return meant[right] ?? right
  if (isOpen(right)) return meant[left] ?? left
  return left === right ? (meant[left] ?? left) : undefined
}

interface Pair {
  readonly l: number
  readonly r: number
  readonly text: string
}

/** Where a walk over two patterns can go from a pair of positions: past a star, or past one character of both. */
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
 * A text that two patterns both describe; `undefined` where there is none. It answers whether a permission reaches any
 * resource of a kind, and names one. A walk over pairs of positions, each once.
 */
export function common(left: string, right: string): string | undefined {
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

/** The same for ARNs, field by field. */
export function commonArn(left: string, right: string): string | undefined {
  if (left === '*') left = 'arn:*'
  if (right === '*') right = 'arn:*'
  if (!left.startsWith('arn:') || !right.startsWith('arn:')) return common(left, right)
  const others = fieldsOf(right)
  const fields: string[] = []
  for (const [at, field] of fieldsOf(left).entries()) {
    const shared = common(field, others[at] ?? '')
    if (shared === undefined) return undefined
    fields.push(shared)
  }
  return fields.join(':')
}

/** What comes before the first wildcard: all that a pattern describes begins so. */
export function literalPrefix(pattern: string): string {
  const end = pattern.search(/[*?$]/)
  return end < 0 ? pattern : pattern.slice(0, end)
}
