import { Refusal } from './refusal.ts'

interface Ordered {
  readonly logicalId: string
  readonly dependsOn: readonly string[]
}

/**
 * Sorts resources so that each comes after what it depends on. AWS creates what does not depend on each other at the same
 * time, in any order; `last` prefers the resources at the end of the template, which finds a missing `DependsOn`.
 * @throws Refusal for a circle
 */
export function inOrder<R extends Ordered>(resources: readonly R[], prefer: 'first' | 'last'): R[] {
  const waiting = prefer === 'first' ? [...resources] : resources.toReversed()
  const known = new Set(resources.map(({ logicalId }) => logicalId))
  const done = new Set<string>()
  const sorted: R[] = []
  while (waiting.length > 0) {
    const at = waiting.findIndex(({ dependsOn }) => dependsOn.every((id) => done.has(id) || !known.has(id)))
    const [next] = at === -1 ? [] : waiting.splice(at, 1)
    if (next === undefined) {
      const circle = waiting.map(({ logicalId }) => logicalId).sort()
      throw new Refusal(`Circular dependency between resources: [${circle.join(', ')}]`)
    }
    done.add(next.logicalId)
    sorted.push(next)
  }
  return sorted
}
