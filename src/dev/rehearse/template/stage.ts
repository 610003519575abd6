import { readSections } from '../../../operations/cloudformation/index.ts'
import type { CustomAnswers } from './identities.ts'
import { resolveStack } from './resolve.ts'
import type { Place, ResolvedStack } from './resource.ts'

/** A stack as a deployment sends it. */
export interface SentStack {
  readonly name: string
  readonly templateBody: string
  readonly parameters: Readonly<Record<string, string>>
}

/**
 * Resolves the stacks of a stage in the order of a deployment: each may import what those before it export.
 * @throws Unresolvable with the name of the stack
 */
export function resolveStage(
  stacks: readonly SentStack[],
  place: Place,
  answers?: CustomAnswers,
): ReadonlyMap<string, ResolvedStack> {
  const found = new Map<string, ResolvedStack>()
  const imports: Record<string, string> = {}
  for (const { name, templateBody, parameters } of stacks) {
    const template = readSections(templateBody, { name, code: 'config-invalid' })
    const stack = resolveStack({ name, template, parameters, place, imports, ...(answers && { answers }) })
    Object.assign(imports, stack.exports)
    found.set(name, stack)
  }
  return found
}
