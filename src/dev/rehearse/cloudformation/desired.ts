import type { JsonMap } from '../../../operations/cloudformation/index.ts'
import { type Place, Unresolvable } from '../template/resource.ts'
import { type ChangeSetRequest, changesNothing, checkImport, checkOrder, unchanged } from './change-sets.ts'
import { rename, stackIdNumber } from './identifiers.ts'
import type { Inventory } from './inventory.ts'
import type { Desired } from './operations.ts'
import { checkParameters } from './parameters.ts'
import { planOf } from './plan.ts'
import { Refusal } from './refusal.ts'
import { type ResolvedTemplate, type Resolver, stackIdOf } from './resolver.ts'
import { rulesOf } from './rules/index.ts'
import type { Stack } from './stack.ts'

interface Asked {
  readonly request: ChangeSetRequest
  readonly template: JsonMap
  readonly stack: Stack
  readonly resolver: Resolver
  readonly place: Place
  /** Of all stacks, by name. */
  readonly exports: Readonly<Record<string, string>>
  /** How many stacks of this name there were, with this one. */
  readonly number: number
  readonly inventory: Inventory
}

interface Answer {
  /** What the change set would make of the stack; undefined if it failed. */
  readonly desired: Desired | undefined
  /** Why the change set failed. */
  readonly reason: string | undefined
  /** Resource types whose rules are not written down. */
  readonly unchecked: readonly string[]
}

/** @returns the text of the refusal if an import is missing, which fails the change set alone */
function resolve({ request, template, resolver, place, exports, number }: Asked): ResolvedTemplate | string {
  const { stackName: name } = request
  const parameters = checkParameters(template, request.parameters)
  try {
    const resolved = resolver.resolve({ name, template, parameters, imports: exports, place })
    return rename(resolved, stackIdNumber(stackIdOf(name, place), number)[1])
  } catch (error) {
    if (!(error instanceof Unresolvable)) throw error
    if (/No export named/.test(error.message)) return error.message
    throw new Refusal(`Template error: ${error.message}`)
  }
}

function checkAdopted({ plan }: Desired, inventory: Inventory): void {
  for (const { action, logicalId, type, physicalId = '' } of plan.changes.values()) {
    const thing = inventory.find(type, physicalId)
    if (action !== 'Import') continue
    if (thing === undefined) throw new Refusal(`Resource of type '${type}' with identifier '${physicalId}' was not found.`)
    if (thing.stackId !== undefined) {
      throw new Refusal(`Resource ${logicalId} with identifier ${physicalId} already belongs to stack ${thing.stackId}`)
    }
  }
}

/** What a change set would do. @throws Refusal if CloudFormation refuses the request as a whole */
export function desiredState(asked: Asked): Answer {
  const { request, template, stack, inventory } = asked
  const resolved = resolve(asked)
  if (typeof resolved === 'string') return { desired: undefined, reason: resolved, unchecked: [] }
  const taken = (type: string, id: string): boolean => inventory.find(type, id) !== undefined
  const plan = planOf(resolved, stack.resources, request.imported, taken)
  const parameters = checkParameters(template, request.parameters)
  const desired = { plan, templateBody: request.templateBody, parameters, tags: request.tags }
  checkOrder(desired)
  if (request.type === 'IMPORT') {
    checkImport(desired, stack)
    checkAdopted(desired, inventory)
  }
  const reason = request.type === 'UPDATE' && changesNothing(desired, stack) ? unchanged : undefined
  const unchecked = resolved.resources.map(({ type }) => type).filter((type) => rulesOf(type) === undefined)
  return { desired, reason, unchecked }
}
