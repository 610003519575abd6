import { type Context, lookUp } from './context.ts'
import type { Condition } from './document.ts'
import { type ParsedOperator, parseOperator } from './operators.ts'
import { both, either, not, type Truth } from './truth.ts'
import { filled } from './variables.ts'

/** The condition as text, for evidence. */
export function conditionText({ operator, key, values }: Condition): string {
  return `${key} ${operator} ${values.join(' or ')}`
}

interface Wanted {
  readonly pattern: string
  readonly certain: boolean
}

/** Compares one request value with all values of the condition. One match is enough. A negated operator allows none. */
function valueTruth(given: string, wanted: readonly Wanted[], { operator }: ParsedOperator): Truth {
  if (operator === undefined) return 'no'
  let truth: Truth = 'no'
  for (const { pattern, certain } of wanted) {
    if (operator.test(given, pattern)) truth = either(truth, certain ? 'yes' : 'maybe')
  }
  return operator.negated ? not(truth) : truth
}

function valuesTruth(given: readonly string[], wanted: readonly Wanted[], parsed: ParsedOperator): Truth {
  const truths = given.map((one) => valueTruth(one, wanted, parsed))
  if (parsed.quantifier === 'all') return truths.reduce(both, 'yes')
  // Without a set operator, the key is single-valued, and a negated operator must be true for every value.
  return parsed.operator?.negated && parsed.quantifier === undefined ? truths.reduce(both, 'yes') : truths.reduce(either, 'no')
}

/** The key is not in the request context. `ForAllValues` is then true, which is a common mistake in policies. */
function absentTruth({ quantifier, ifExists, operator }: ParsedOperator): Truth {
  if (ifExists || quantifier === 'all') return 'yes'
  if (quantifier === 'any') return 'no'
  return operator?.negated ? 'yes' : 'no'
}

/** The value of the key is unknown. Some conditions are true for every value. */
function unknownTruth(wanted: readonly Wanted[], parsed: ParsedOperator, isPresent: boolean): Truth {
  const patterns = wanted.filter(({ certain }) => certain).map(({ pattern }) => pattern)
  const always = parsed.operator?.always?.(patterns) ?? false
  const whenPresent: Truth = always ? (parsed.operator?.negated ? 'no' : 'yes') : 'maybe'
  if (isPresent) return whenPresent
  const whenAbsent = absentTruth(parsed)
  return whenPresent === whenAbsent ? whenPresent : 'maybe'
}

/** Evaluates a condition against the known request context. Keys that the caller controls must already have a value. */
export function conditionTruth(condition: Condition, context: Context): Truth {
  const parsed = parseOperator(condition.operator)
  if (parsed === undefined) return 'maybe'
  const known = lookUp(context, condition.key)
  if (parsed.operator === undefined) {
    const isAbsent: Truth = known.kind === 'absent' ? 'yes' : known.kind === 'values' || known.kind === 'present' ? 'no' : 'maybe'
    return condition.values.some((text) => text.toLowerCase() === 'true') ? isAbsent : not(isAbsent)
  }
  const wanted = condition.values.flatMap((text) => filled(text, context) ?? [])
  if (known.kind === 'values') return valuesTruth(known.values, wanted, parsed)
  if (known.kind === 'absent') return absentTruth(parsed)
  return unknownTruth(wanted, parsed, known.kind === 'present')
}
