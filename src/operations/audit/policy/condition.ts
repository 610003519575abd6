import { type Context, lookUp } from './context.ts'
import type { Condition } from './document.ts'
import { type ParsedOperator, parseOperator } from './operators.ts'
import { both, either, not, type Truth } from './truth.ts'
import { filled } from './variables.ts'

/** The condition in words, as evidence. */
export function conditionText({ operator, key, values }: Condition): string {
  return `${key} ${operator} ${values.join(' or ')}`
}

interface Wanted {
  readonly pattern: string
  readonly certain: boolean
}

/** One value of the request against all of the condition: any of them may match; negated, none may. */
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
  // Without a quantifier a request has one value, and a negated operator must hold for every one.
  return parsed.operator?.negated && parsed.quantifier === undefined ? truths.reduce(both, 'yes') : truths.reduce(either, 'no')
}

/** A key that the request does not carry. `ForAllValues` then holds: a known trap. */
function absentTruth({ quantifier, ifExists, operator }: ParsedOperator): Truth {
  if (ifExists || quantifier === 'all') return 'yes'
  if (quantifier === 'any') return 'no'
  return operator?.negated ? 'yes' : 'no'
}

/** A key whose value is not known: some conditions hold for every value. */
function unknownTruth(wanted: readonly Wanted[], parsed: ParsedOperator, isPresent: boolean): Truth {
  const patterns = wanted.filter(({ certain }) => certain).map(({ pattern }) => pattern)
  const always = parsed.operator?.always?.(patterns) ?? false
  const whenPresent: Truth = always ? (parsed.operator?.negated ? 'no' : 'yes') : 'maybe'
  if (isPresent) return whenPresent
  const whenAbsent = absentTruth(parsed)
  return whenPresent === whenAbsent ? whenPresent : 'maybe'
}

/** Whether a condition holds for a request of which `context` is known. A key the caller chooses must be chosen before. */
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
