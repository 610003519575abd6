import { absent, type Context, layered, lookUp, value } from './context.ts'
import type { Statement } from './document.ts'
import { common } from './match.ts'

/** Combinations that are tried at most; more keys that a caller chooses are not seen in one policy. */
const maxCombinations = 64

/** A value that no policy names: what a caller sends who wants to be none of those. */
const another = 'another'

/** Values that make a difference for a key that the caller chooses: those that policies name, another, and none. */
function valuesFor(key: string, statements: readonly Statement[]): string[] {
  const named = statements.flatMap(({ conditions }) =>
    conditions.filter((condition) => condition.key.toLowerCase() === key).flatMap(({ values }) => values),
  )
  return [...new Set(named.flatMap((pattern) => common(pattern, '*') ?? []))]
}

/**
 * All contexts that a caller can bring about by choosing what is his to choose, such as the region or a tag. Trying
 * them answers whether an Allow can be met and a Deny be avoided by the same request.
 */
export function* choicesFor(statements: readonly Statement[], context: Context): Generator<Context> {
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
    // A request always has a region.
    const options = [...valuesFor(key, statements).map((one) => value(one)), value(another)]
    if (key !== 'aws:requestedregion') options.push(absent)
    combinations = combinations.flatMap((chosen) => options.map((option) => new Map([...chosen, [key, option]])))
    combinations = combinations.slice(0, maxCombinations)
  }
  for (const chosen of combinations) yield layered(context, chosen)
}
