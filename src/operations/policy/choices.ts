import { absent, lookUp, mergeContexts, type RequestContext, value } from './context.ts'
import type { Statement } from './document.ts'
import { overlap } from './match.ts'

/** The maximum number of combinations to try. Real policies stay below it. */
const maxCombinations = 64

/** A value that does not occur in any policy. The caller sends it to match none of the listed values. */
export const otherValue = 'another'

/** The values in the policies for a key that the caller controls. Patterns are replaced by a matching value. */
function valuesFor(key: string, statements: readonly Statement[]): string[] {
  const named = statements.flatMap(({ conditions }) =>
    conditions.filter((condition) => condition.key.toLowerCase() === key).flatMap(({ values }) => values),
  )
  return [...new Set(named.flatMap((pattern) => overlap(pattern, '*') ?? []))]
}

/**
 * All request contexts that a caller can create through the keys it controls, such as the region or a request tag.
 * Evaluating each one shows whether a single request can match an Allow and avoid a Deny.
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
  let combinations: ReadonlyMap<string, ReturnType<typeof value>>[] = [new Map()]
  for (const key of keys) {
    // Every request has a region.
    const options = [...valuesFor(key, statements).map((one) => value(one)), value(otherValue)]
    if (key !== 'aws:requestedregion') options.push(absent)
    combinations = combinations.flatMap((chosen) => options.map((option) => new Map([...chosen, [key, option]])))
    combinations = combinations.slice(0, maxCombinations)
  }
  for (const chosen of combinations) yield mergeContexts(context, chosen)
}
