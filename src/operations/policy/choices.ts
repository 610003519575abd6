import { conditionTruth } from './condition.ts'
import { absent, type KeyState, lookUp, mergeContexts, type RequestContext, value } from './context.ts'
import type { Statement } from './document.ts'
import { overlap } from './match.ts'

/** The combinations that are tried. Values with the same result in each condition count once, so real policies stay far below. */
const maxCombinations = 4_096

/** A value that does not occur in any policy. The caller sends it to match none of the listed values. */
export const otherValue = 'another'

/** The values in the policies for a key that the caller controls. Patterns are replaced by a matching value. */
function valuesFor(key: string, statements: readonly Statement[]): string[] {
  const named = statements.flatMap(({ conditions }) =>
    conditions.filter((condition) => condition.key.toLowerCase() === key).flatMap(({ values }) => values),
  )
  return [...new Set(named.flatMap((pattern) => overlap(pattern, '*') ?? []))]
}

/** Whether a policy variable can put the key's value somewhere, or a condition on it contains one: then each value counts. */
function isVariable(key: string, statements: readonly Statement[]): boolean {
  return statements.some(({ resources, conditions }) => {
    const texts = [...resources.values, ...conditions.flatMap(({ values }) => values)]
    const own = conditions.filter((condition) => condition.key.toLowerCase() === key).flatMap(({ values }) => values)
    return own.some((text) => text.includes('${')) || texts.some((text) => text.toLowerCase().includes(`\${${key}`))
  })
}

/** The states of a key to try: of those for which every condition on it says the same, the first. */
function optionsFor(key: string, statements: readonly Statement[], context: RequestContext): KeyState[] {
  const options = [...valuesFor(key, statements).map((one) => value(one)), value(otherValue)]
  // Every request has a region.
  if (key !== 'aws:requestedregion') options.push(absent)
  if (isVariable(key, statements)) return options
  const conditions = statements.flatMap((statement) => statement.conditions.filter((one) => one.key.toLowerCase() === key))
  const seen = new Set<string>()
  return options.filter((option) => {
    const known = mergeContexts(context, new Map([[key, option]]))
    const truths = conditions.map((condition) => conditionTruth(condition, known)).join()
    return !seen.has(truths) && seen.add(truths)
  })
}

/**
 * All request contexts that a caller can create through the keys it controls, such as the region or a request tag.
 * Evaluating each one shows whether a single request can match an Allow and avoid a Deny. With too many, the last context
 * leaves the keys unknown, so that what was not tried makes the decision conditional and not a denial.
 */
export function* choicesFor(statements: readonly Statement[], context: RequestContext): Generator<RequestContext> {
  const keys = new Set<string>()
  for (const { conditions } of statements) {
    for (const { key } of conditions) if (lookUp(context, key).kind === 'chosen') keys.add(key.toLowerCase())
  }
  if (keys.size === 0) {
    yield context
    return
  }
  const options = [...keys].map((key) => [key, optionsFor(key, statements, context)] as const)
  let tried = 0
  for (const chosen of combinations(options)) {
    if (tried++ === maxCombinations) {
      yield mergeContexts(context, new Map([...keys].map((key) => [key, { kind: 'unknown' }])))
      return
    }
    yield mergeContexts(context, new Map(chosen))
  }
}

function* combinations(
  options: readonly (readonly [key: string, states: readonly KeyState[]])[],
): Generator<(readonly [string, KeyState])[]> {
  const [first, ...others] = options
  if (first === undefined) {
    yield []
    return
  }
  const [key, states] = first
  for (const state of states) for (const rest of combinations(others)) yield [[key, state], ...rest]
}
