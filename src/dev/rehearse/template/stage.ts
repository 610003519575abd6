import type { StackKey } from '../../../domain/stage.ts'
import { readSections } from '../../../operations/cloudformation/index.ts'
import { type Input, inputValues, type StackPlan, sentParameters, withVersions } from '../../../operations/stacks/index.ts'
import type { CustomAnswers } from './identities.ts'
import { resolveStack } from './resolve.ts'
import type { Place, ResolvedStack } from './resource.ts'

/** A stack as a deployment sends it. */
export interface SentStack {
  /** The stack of the stage; undefined for one of the account, such as the trail. */
  readonly key: StackKey | undefined
  readonly name: string
  readonly templateBody: string
  readonly parameters: Readonly<Record<string, string>>
  /** Parameters that take outputs of the stacks before it. */
  readonly inputs: readonly Input[]
}

/** @param bucket where the code of functions is */
export function sentStacks(plans: readonly StackPlan[], bucket: string): readonly SentStack[] {
  return plans.map((plan) => {
    const { key, name, template: templateBody, inputs } = plan
    return { key, name, templateBody, parameters: sentParameters(plan, bucket), inputs }
  })
}

/**
 * Resolves the stacks of a stage in the order of a deployment: each takes what those before it put out.
 * @throws Unresolvable with the name of the stack
 */
export function resolveStage(
  stacks: readonly SentStack[],
  place: Place,
  answers?: CustomAnswers,
): ReadonlyMap<string, ResolvedStack> {
  const found = new Map<string, ResolvedStack>()
  const imports: Record<string, string> = {}
  const outputs = new Map<StackKey, Readonly<Record<string, string>>>()
  for (const { key, name, templateBody, parameters, inputs } of stacks) {
    const { known } = inputValues(inputs, (from) => outputs.get(from))
    const sent = { ...parameters, ...known }
    const template = readSections(withVersions(templateBody, sent), { name, code: 'config-invalid' })
    const stack = resolveStack({ name, template, parameters: sent, place, imports, ...(answers && { answers }) })
    if (key !== undefined) outputs.set(key, stack.outputs)
    Object.assign(imports, stack.exports)
    found.set(name, stack)
  }
  return found
}
