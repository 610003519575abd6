import { isRecord } from '../../../domain/record.ts'
import { type Json, member } from './json.ts'

/** The member that holds the facts: computed here, and so unknown to EventBridge. */
export const factsMember = 'apigw'

/**
 * A pattern as a list of patterns without `$or` at their top, of which one must match. Where a member stands both
 * inside `$or` and beside it, the outer one is kept alone: the list may match more than the pattern, never less.
 */
export function alternativesOf(pattern: Json): Json[] {
  const { $or: either, ...rest } = pattern
  if (!Array.isArray(either)) return [pattern]
  return either.filter(isRecord).flatMap((one) => alternativesOf({ ...one, ...rest }))
}

/** The names of the calls that a pattern without `$or` can match; `undefined` where it does not list them. */
export function namedIn(alternative: Json): readonly string[] | undefined {
  const names = member(alternative, 'eventName')
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined
}

/** Whether a pattern asks for a fact. */
export function asksForFacts(pattern: Json): boolean {
  return alternativesOf(pattern).some((alternative) => Object.hasOwn(alternative, factsMember))
}
