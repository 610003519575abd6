/**
 * Event patterns as Amazon EventBridge evaluates them
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html, and the open-source
 * matcher behind it, https://github.com/aws/event-ruler).
 */

import { isRecord } from '../../../domain/record.ts'
import { member, someElement } from './json.ts'
import { alternative, type Holds, isScalar, PatternFault } from './operators.ts'

export { PatternFault } from './operators.ts'

/** @param node what the pattern is matched with; @param event the whole event, for members that must be absent */
type Test = (node: unknown, event: unknown) => boolean

/**
 * Whether nothing stands at a path. Asked of the whole event: of two elements of a list, one with the member and one
 * without, the member exists. A member that holds an object is not a leaf, and so counts as absent.
 */
function isAbsent(event: unknown, path: readonly string[]): boolean {
  const leafBelow = (node: unknown, depth: number): boolean =>
    someElement(node, (element) => {
      const key = path[depth]
      return key === undefined ? isScalar(element) : leafBelow(member(element, key), depth + 1)
    })
  return !leafBelow(event, 0)
}

function isExistence(value: unknown): value is { readonly exists: unknown } {
  return isRecord(value) && Object.hasOwn(value, 'exists')
}

function leaf(alternatives: readonly unknown[], path: readonly string[], place: string): Test {
  if (alternatives.length === 0) throw new PatternFault(place, 'is an empty list, which nothing can match')
  const holds: Holds[] = []
  let mayBeAbsent = false
  for (const [index, value] of alternatives.entries()) {
    const here = `${place}[${index}]`
    if (!isExistence(value)) holds.push(alternative(value, here))
    else if (typeof value.exists !== 'boolean' || Object.keys(value).length > 1) {
      throw new PatternFault(`${here}.exists`, 'must be true or false, alone')
    } else if (value.exists) holds.push(() => true)
    else mayBeAbsent = true
  }
  const isThere: Test = (node) => someElement(node, (element) => isScalar(element) && holds.some((test) => test(element)))
  return mayBeAbsent ? (node, event) => isThere(node, event) || isAbsent(event, path) : isThere
}

function either(alternatives: unknown, path: readonly string[], place: string): Test {
  if (!Array.isArray(alternatives) || alternatives.length < 2)
    throw new PatternFault(place, 'needs a list of two patterns or more')
  const tests = alternatives.map((pattern: unknown, index) => all(pattern, path, `${place}[${index}]`))
  return (node, event) => tests.some((test) => test(node, event))
}

function all(pattern: unknown, path: readonly string[], place: string): Test {
  if (!isRecord(pattern)) throw new PatternFault(place, 'is neither a map nor a list of what may match')
  const tests = Object.entries(pattern).map(([key, value]): Test => {
    const here = place === '' ? key : `${place}.${key}`
    if (key === '$or') return either(value, path, here)
    const inner = [...path, key]
    const test = Array.isArray(value) ? leaf(value, inner, here) : all(value, inner, here)
    return (node, event) => test(member(node, key), event)
  })
  if (tests.length === 0) throw new PatternFault(place, 'is an empty map, which would match everything')
  // Members of one map must fit one element of a list of objects, not one each.
  return (node, event) => someElement(node, (element) => tests.every((test) => test(element, event)))
}

/**
 * Makes a test out of an event pattern. The test takes any value and never throws.
 * @throws PatternFault that names the place
 */
export function compilePattern(pattern: unknown): (event: unknown) => boolean {
  const test = all(pattern, [], '')
  return (event) => isRecord(event) && test(event, event)
}
