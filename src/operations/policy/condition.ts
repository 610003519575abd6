import { lookUp, type RequestContext } from './context.ts'
import type { Condition } from './document.ts'
import { type ParsedOperator, parseOperator } from './operators.ts'
import { both, either, not, type Truth } from './truth.ts'
import { type ResolvedPattern, resolveVariables } from './variables.ts'

/** The condition as text, for evidence. */
export function conditionText({ operator, key, values }: Condition): string {
  return `${key} ${operator} ${values.join(' or ')}`
}

/** Compares one request value with all values of the condition. One match is enough. A negated operator allows none. */
function valueTruth(actual: string, expected: readonly ResolvedPattern[], { operator }: ParsedOperator): Truth {
  if (operator === undefined) return 'no'
  let truth: Truth = 'no'
  for (const { pattern, certain } of expected) {
    if (operator.test(actual, pattern)) truth = either(truth, certain ? 'yes' : 'maybe')
  }
  return operator.negated ? not(truth) : truth
}

function valuesTruth(actual: readonly string[], expected: readonly ResolvedPattern[], parsed: ParsedOperator): Truth {
  const truths = actual.map((one) => valueTruth(one, expected, parsed))
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
function unknownTruth(expected: readonly ResolvedPattern[], parsed: ParsedOperator, isPresent: boolean): Truth {
  const patterns = expected.filter(({ certain }) => certain).map(({ pattern }) => pattern)
  const always = parsed.operator?.always?.(patterns) ?? false
  const whenPresent: Truth = always ? (parsed.operator?.negated ? 'no' : 'yes') : 'maybe'
  if (isPresent) return whenPresent
  const whenAbsent = absentTruth(parsed)
  return whenPresent === whenAbsent ? whenPresent : 'maybe'
}

/** Evaluates a condition against the known request context. Keys that the caller controls must already have a value. */
export function conditionTruth(condition: Condition, context: RequestContext): Truth {
  const parsed = parseOperator(condition.operator)
  if (parsed === undefined) return 'maybe'
  const known = lookUp(context, condition.key)
  if (parsed.operator === undefined) {
    const isAbsent: Truth = known.kind === 'absent' ? 'yes' : known.kind === 'values' || known.kind === 'present' ? 'no' : 'maybe'
    return condition.values.some((text) => text.toLowerCase() === 'true') ? isAbsent : not(isAbsent)
  }
  const expected = condition.values.flatMap((text) => resolveVariables(text, context) ?? [])
  if (known.kind === 'values') return valuesTruth(known.values, expected, parsed)
  if (known.kind === 'absent') return absentTruth(parsed)
  return unknownTruth(expected, parsed, known.kind === 'present')
}
