import { refusalOfExports } from './exports.ts'
import { inOrder } from './order.ts'
import type { Plan } from './plan.ts'
import type { ResolvedResource, ResolvedTemplate } from './resolver.ts'
import type { Stack, StackResource } from './stack.ts'
import {
  createResource,
  deleteResource,
  deletionOrder,
  isKept,
  keepResource,
  restoreResource,
  type Steps,
  updateResource,
  type Work,
} from './work.ts'

/** What a change set writes into the stack when it is executed. */
export interface Desired {
  readonly plan: Plan
  readonly templateBody: string
  readonly parameters: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

function adopt(stack: Stack, { plan: { target }, templateBody, parameters, tags }: Desired): void {
  Object.assign(stack, { templateBody, parameters, tags, undo: [] })
  stack.outputs = target.outputs
  stack.exports = target.exports
  stack.imports = target.imports
}

function failedReason(ids: readonly string[], verb: string): string {
  return `The following resource(s) failed to ${verb}: [${ids.join(', ')}].`
}

function exportsRefused({ stack, otherStacks }: Work, target: ResolvedTemplate): string | undefined {
  return refusalOfExports(stack.exports, target.exports, otherStacks())
}

/** Creates a stack, and rolls back if anything is refused. */
export function* createStack(work: Work, desired: Desired): Steps {
  const { stack } = work
  const { target } = desired.plan
  Object.assign(stack, { templateBody: desired.templateBody, parameters: desired.parameters, tags: desired.tags, undo: [] })
  work.sayOfStack('CREATE_IN_PROGRESS', 'User Initiated')
  yield
  for (const resource of inOrder(target.resources, work.prefer)) {
    if ((yield* createResource(work, resource)) === undefined) continue
    return yield* rollBackCreation(work, `${failedReason([resource.logicalId], 'create')} Rollback requested by user.`)
  }
  const refusal = exportsRefused(work, target)
  if (refusal !== undefined) return yield* rollBackCreation(work, refusal)
  adopt(stack, desired)
  work.sayOfStack('CREATE_COMPLETE')
}

function* rollBackCreation(work: Work, reason: string): Steps {
  if (work.disableRollback) return work.sayOfStack('CREATE_FAILED', reason)
  const { stack } = work
  work.sayOfStack('ROLLBACK_IN_PROGRESS', reason)
  yield
  dropUnmade(stack)
  const failed = yield* deleteAll(work, [...stack.resources.values()], !work.retainExceptOnCreate)
  stack.undo = []
  if (failed.length === 0) work.sayOfStack('ROLLBACK_COMPLETE')
  else work.sayOfStack('ROLLBACK_FAILED', failedReason(failed, 'delete'))
}

/** A resource that was not created has nothing to delete. */
function dropUnmade(stack: Stack): void {
  for (const [id, { status }] of stack.resources) if (status === 'CREATE_FAILED') stack.resources.delete(id)
}

/**
 * Deletes resources in reverse order. One that cannot be deleted keeps what it depends on.
 * @param keeps whether the policy Retain holds
 * @returns the logical ids of those that could not be deleted
 */
function* deleteAll(work: Work, resources: readonly StackResource[], keeps: boolean): Steps<string[]> {
  const failed: string[] = []
  const needed = new Set<string>()
  for (const resource of deletionOrder(resources, work.prefer)) {
    const { logicalId, dependsOn, deletionPolicy } = resource
    if (keeps && deletionPolicy === 'Retain') {
      yield* keepResource(work, resource)
      work.stack.resources.delete(logicalId)
      continue
    }
    const refused = needed.has(logicalId) || (yield* deleteResource(work, resource)) !== undefined
    if (!refused) {
      work.stack.resources.delete(logicalId)
      continue
    }
    if (!needed.has(logicalId)) failed.push(logicalId)
    for (const id of dependsOn) needed.add(id)
  }
  return failed
}

/** Updates a stack, and rolls back if anything is refused. */
export function* updateStack(work: Work, desired: Desired): Steps {
  const { stack } = work
  const { plan } = desired
  const before = new Map(stack.resources)
  stack.undo = []
  work.sayOfStack('UPDATE_IN_PROGRESS', 'User Initiated')
  yield
  for (const resource of inOrder(plan.target.resources, work.prefer)) {
    const refusal = yield* applyChange(work, plan, before.get(resource.logicalId), resource)
    if (refusal === undefined) continue
    return yield* rollBackUpdate(work, failedReason([resource.logicalId], before.has(resource.logicalId) ? 'update' : 'create'))
  }
  const refusal = exportsRefused(work, plan.target)
  if (refusal !== undefined) return yield* rollBackUpdate(work, refusal)
  work.sayOfStack('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')
  yield
  const left = yield* cleanUp(work, plan, before)
  adopt(stack, desired)
  work.sayOfStack('UPDATE_COMPLETE', left ? 'Update successful. One or more resources could not be deleted.' : undefined)
}

function* applyChange(
  work: Work,
  plan: Plan,
  before: StackResource | undefined,
  after: ResolvedResource,
): Steps<string | undefined> {
  const change = plan.changes.get(after.logicalId)
  if (change === undefined) return undefined
  if (before === undefined) return yield* createResource(work, after)
  return yield* updateResource(work, before, after, change.replaces)
}

/** Deletes what was replaced or removed. What cannot be deleted stays in the account, and the update is complete all the same. */
function* cleanUp(work: Work, plan: Plan, before: ReadonlyMap<string, StackResource>): Steps<boolean> {
  let left = false
  const over = [...before.values()].filter(({ logicalId }) => {
    const change = plan.changes.get(logicalId)
    return change?.action === 'Remove' || change?.replaces === true
  })
  for (const old of deletionOrder(over, work.prefer)) {
    const removed = plan.changes.get(old.logicalId)?.action === 'Remove'
    const current = work.stack.resources.get(old.logicalId)
    if (isKept(removed ? old.deletionPolicy : old.updateReplacePolicy)) yield* keepResource(work, old)
    else if ((yield* deleteResource(work, old)) !== undefined) left = true
    orphan(work, old)
    if (removed) work.stack.resources.delete(old.logicalId)
    else if (current !== undefined) work.stack.resources.set(old.logicalId, current)
  }
  return left
}

function orphan({ inventory }: Work, { type, physicalId }: StackResource): void {
  const thing = inventory.find(type, physicalId)
  if (thing !== undefined) inventory.put({ ...thing, stackId: undefined })
}

function* rollBackUpdate(work: Work, reason: string): Steps {
  if (work.disableRollback) return work.sayOfStack('UPDATE_FAILED', reason)
  work.sayOfStack('UPDATE_ROLLBACK_IN_PROGRESS', reason)
  yield
  dropUnmade(work.stack)
  for (const resource of [...work.stack.resources.values()]) {
    if (resource.status === 'UPDATE_FAILED') work.say(resource, 'UPDATE_COMPLETE')
  }
  yield* undoUpdate(work, new Set())
}

/**
 * Undoes what an update has done.
 * @param skipped ContinueUpdateRollback, "ResourcesToSkip": they stay as they are
 */
export function* undoUpdate(work: Work, skipped: ReadonlySet<string>): Steps {
  const { stack } = work
  const made: StackResource[] = []
  for (const { logicalId, before, after } of stack.undo.toReversed()) {
    if (before === undefined || before.physicalId !== after.physicalId) made.push(after)
    if (before === undefined) continue
    const refusal = skipped.has(logicalId) ? undefined : yield* restoreResource(work, before, after)
    if (refusal === undefined) continue
    return work.sayOfStack('UPDATE_ROLLBACK_FAILED', failedReason([logicalId], 'update'))
  }
  work.sayOfStack('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS')
  yield
  const added = new Set(stack.undo.filter(({ before }) => before === undefined).map(({ logicalId }) => logicalId))
  for (const resource of deletionOrder(made, work.prefer)) {
    const current = stack.resources.get(resource.logicalId)
    if (!work.retainExceptOnCreate && resource.deletionPolicy === 'Retain') yield* keepResource(work, resource)
    else yield* deleteResource(work, resource)
    orphan(work, resource)
    if (added.has(resource.logicalId)) stack.resources.delete(resource.logicalId)
    else if (current !== undefined) stack.resources.set(resource.logicalId, current)
  }
  stack.undo = []
  work.sayOfStack('UPDATE_ROLLBACK_COMPLETE')
}

/** Deletes a stack. What its exports give to other stacks keeps it. */
export function* deleteStack(work: Work, retained: ReadonlySet<string>): Steps {
  const { stack } = work
  const before = stack.status
  work.sayOfStack('DELETE_IN_PROGRESS', 'User Initiated')
  yield
  const refusal = refusalOfExports(stack.exports, {}, work.otherStacks())
  // The stack keeps its status, and its last event has the reason.
  if (refusal !== undefined) return work.sayOfStack(before, refusal)
  for (const id of retained) {
    const resource = stack.resources.get(id)
    if (resource === undefined) continue
    yield* keepResource(work, resource)
    stack.resources.delete(id)
  }
  const resources = [...stack.resources.values()].map((one) =>
    one.deletionPolicy === 'RetainExceptOnCreate' ? { ...one, deletionPolicy: 'Retain' } : one,
  )
  const failed = yield* deleteAll(work, resources, true)
  if (failed.length > 0) return work.sayOfStack('DELETE_FAILED', failedReason(failed, 'delete'))
  Object.assign(stack, { outputs: {}, exports: {}, imports: [] })
  work.sayOfStack('DELETE_COMPLETE')
}

/** Rolls back what failed without a rollback (RollbackStack). */
export function rollBackStack(work: Work): Steps {
  const { status } = work.stack
  return status === 'CREATE_FAILED' ? rollBackCreation(work, 'User Initiated') : rollBackUpdate(work, 'User Initiated')
}

/** Takes existing resources into a stack. */
export function* importStack(work: Work, desired: Desired): Steps {
  const { stack } = work
  work.sayOfStack('IMPORT_IN_PROGRESS', 'User Initiated')
  yield
  for (const { logicalId, action } of desired.plan.changes.values()) {
    const resource = desired.plan.target.resources.find((one) => one.logicalId === logicalId)
    if (action !== 'Import' || resource === undefined) continue
    const thing = work.inventory.find(resource.type, resource.physicalId)
    if (thing !== undefined) work.inventory.put({ ...thing, stackId: stack.id, logicalId })
    work.say({ ...resource, status: '', reason: undefined }, 'IMPORT_COMPLETE')
    yield
  }
  adopt(stack, desired)
  work.sayOfStack('IMPORT_COMPLETE')
}
