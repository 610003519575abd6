import { lookUp, type RequestContext } from './context.ts'
import { literalMark, literalStar } from './match.ts'

/** A pattern with its variables replaced. `certain` is false if an unknown value was replaced with `*`. */
export interface ResolvedPattern {
  readonly pattern: string
  readonly certain: boolean
}

const escapes: Readonly<Record<string, string>> = { '*': literalStar, '?': literalMark, $: '$' }

/** Escapes a value so that a pattern matches it literally. */
function literal(text: string): string {
  return text.replaceAll('*', literalStar).replaceAll('?', literalMark)
}

/**
 * Replaces policy variables (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
 * @returns `undefined` if a variable has neither a value nor a default, because the element then matches nothing
 */
export function resolveVariables(pattern: string, context: RequestContext): ResolvedPattern | undefined {
  if (!pattern.includes('${')) return { pattern, certain: true }
  let certain = true
  let matchable = true
  const replaced = pattern.replaceAll(/\$\{([^}]*)\}/g, (_all, inside: string) => {
    const escaped = escapes[inside]
    if (escaped !== undefined) return escaped
    const [, key = inside, fallback] = /^([^,]+?)(?:\s*,\s*'(.*)')?$/s.exec(inside.trim()) ?? []
    const known = lookUp(context, key)
    if (known.kind === 'values') return literal(known.values[0] ?? '')
    if (known.kind === 'absent') {
      if (fallback === undefined) matchable = false
      return literal(fallback ?? '')
    }
    certain = false
    return '*'
  })
  return matchable ? { pattern: replaced, certain } : undefined
}
