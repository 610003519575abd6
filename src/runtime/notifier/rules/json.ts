import { isRecord } from '../../../domain/record.ts'

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>

/** An object's own member: an event may name one `constructor`, and must not be answered with JavaScript's. */
export function member(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** What stands at the end of a path of members, without looking into lists. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce(member, value)
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/**
 * Whether any element of a list holds, lists inside lists included; a value that is not a list is its own element, and an
 * empty list counts as an absent value. Without recursion: an event may nest lists deeper than the stack is.
 */
export function someElement(value: unknown, holds: (element: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return holds(value)
  const waiting: unknown[] = [value]
  let empty = true
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (Array.isArray(next)) for (const element of next) waiting.push(element)
    else {
      empty = false
      if (holds(next)) return true
    }
  }
  return empty && holds(undefined)
}
