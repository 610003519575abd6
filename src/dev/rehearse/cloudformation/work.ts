import type { JsonMap } from '../../../operations/cloudformation/index.ts'
import type { Inventory } from './inventory.ts'
import { inOrder } from './order.ts'
import { keepsName } from './plan.ts'
import type { ResolvedResource } from './resolver.ts'
import { rulesOf } from './rules/index.ts'
import { type Rule, type Subject, textAt, type World } from './rules/rule.ts'
import { shiftTraffic } from './shifting.ts'
import type { Stack, StackResource } from './stack.ts'

/** An operation on a stack. It pauses after each event, so that others can see the stack in between. */
export type Steps<T = void> = Generator<void, T, void>

/** What an operation on a stack works with. */
export interface Work {
  readonly stack: Stack
  readonly inventory: Inventory
  /** ExecuteChangeSet, "RetainExceptOnCreate": what a rolled back operation has created is deleted, whatever its policy. */
  readonly retainExceptOnCreate: boolean
  /** ExecuteChangeSet, "DisableRollback": what an operation did before it failed stays. */
  readonly disableRollback: boolean
  readonly prefer: 'first' | 'last'
  world(): World
  otherStacks(): readonly Stack[]
  sayOfStack(status: string, reason?: string): void
  say(resource: StackResource, status: string, reason?: string): void
}

function subjectOf({ type, logicalId, physicalId, properties }: ResolvedResource): Subject {
  return { type, logicalId, id: physicalId, properties }
}

function firstRefusal(rules: readonly Rule[], subject: Subject, world: World): string | undefined {
  for (const rule of rules) {
    const refusal = rule.refuse(subject, world)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Some ids end in digits of their own, but their names are unique all the same. */
function isNameTaken({ type, properties }: ResolvedResource, { inventory }: World): boolean {
  const { name, nameWithin } = rulesOf(type) ?? {}
  const own = name === undefined ? '' : textAt(properties, name)
  if (name === undefined || own === '') return false
  const place = (of: typeof properties): string => (nameWithin === undefined ? '' : textAt(of, nameWithin))
  return inventory.of(type).some((one) => textAt(one.properties, name) === own && place(one.properties) === place(properties))
}

function refusalOfCreation(resource: ResolvedResource, world: World): string | undefined {
  const { type, physicalId } = resource
  if (world.inventory.find(type, physicalId) !== undefined || isNameTaken(resource, world)) {
    return `Resource of type '${type}' with identifier '${physicalId}' already exists.`
  }
  const { valid = [], create = [] } = rulesOf(type) ?? {}
  return firstRefusal([...valid, ...create], subjectOf(resource), world)
}

function refusalOfUpdate(before: ResolvedResource, after: ResolvedResource, world: World): string | undefined {
  const { valid = [], update = [] } = rulesOf(after.type) ?? {}
  const refusal = firstRefusal(valid, subjectOf(after), world)
  if (refusal !== undefined) return refusal
  for (const rule of update) {
    const found = rule.refuse(subjectOf(before), subjectOf(after), world)
    if (found !== undefined) return found
  }
  return undefined
}

/** What a version or a deployment keeps of its function or its API. */
function publishedBy(type: string, properties: JsonMap, inventory: Inventory): JsonMap | undefined {
  if (type === 'AWS::Lambda::Version') {
    return inventory.find('AWS::Lambda::Function', textAt(properties, 'FunctionName'))?.properties
  }
  if (type !== 'AWS::ApiGateway::Deployment') return undefined
  return inventory.find('AWS::ApiGateway::RestApi', textAt(properties, 'RestApiId'))?.properties
}

function own(work: Work, { type, logicalId, physicalId, properties }: ResolvedResource): void {
  const before = work.inventory.find(type, physicalId)
  const { now } = work.world()
  const changed = before !== undefined && before.properties.AllocatedStorage !== properties.AllocatedStorage
  const storageChangedAt = changed ? now : before?.storageChangedAt
  const published = before?.published ?? publishedBy(type, properties, work.inventory)
  work.inventory.put({
    type,
    id: physicalId,
    logicalId,
    properties,
    stackId: work.stack.id,
    tags: { ...before?.tags, ...work.stack.tags },
    ...(storageChangedAt !== undefined && { storageChangedAt }),
    ...(published !== undefined && { published }),
  })
}

function inStack(resource: ResolvedResource, status: string): StackResource {
  return { ...resource, status, reason: undefined }
}

/** Creates a resource. @returns why AWS refused */
export function* createResource(work: Work, resource: ResolvedResource): Steps<string | undefined> {
  const made = inStack(resource, 'CREATE_IN_PROGRESS')
  work.say(made, 'CREATE_IN_PROGRESS')
  yield
  const refusal = refusalOfCreation(resource, work.world())
  if (refusal !== undefined) {
    work.say(made, 'CREATE_FAILED', refusal)
    yield
    return refusal
  }
  own(work, resource)
  work.say(made, 'CREATE_COMPLETE')
  work.stack.undo.push({ logicalId: resource.logicalId, before: undefined, after: made })
  yield
  return undefined
}

/** Changes a resource in place, or creates its replacement beside it. @returns why AWS refused */
export function* updateResource(
  work: Work,
  before: StackResource,
  after: ResolvedResource,
  replaces: boolean,
): Steps<string | undefined> {
  const made = inStack(after, 'UPDATE_IN_PROGRESS')
  const why = replaces ? 'Requested update requires the creation of a new physical resource; hence creating one.' : undefined
  work.say({ ...made, physicalId: before.physicalId }, 'UPDATE_IN_PROGRESS', why)
  yield
  const refusal = refusalOfChange(before, after, replaces, work.world())
  if (refusal !== undefined) {
    work.say({ ...before }, 'UPDATE_FAILED', refusal)
    yield
    return refusal
  }
  const stopped = yield* shiftTraffic(work, before, after)
  if (stopped !== undefined) {
    work.say({ ...before }, 'UPDATE_FAILED', stopped)
    yield
    return stopped
  }
  own(work, after)
  work.say(made, 'UPDATE_COMPLETE')
  work.stack.undo.push({ logicalId: after.logicalId, before, after: made })
  yield
  return undefined
}

function refusalOfChange(before: StackResource, after: ResolvedResource, replaces: boolean, world: World): string | undefined {
  if (!replaces) return refusalOfUpdate(before, after, world)
  const name = rulesOf(after.type)?.name
  if (name !== undefined && keepsName(before, after)) {
    // https://repost.aws/knowledge-center/cloudformation-custom-name
    return `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${String(after.properties[name])} and update the stack again.`
  }
  return refusalOfCreation(after, world)
}

/** Puts a resource back to what it was before the update. @returns why AWS refused */
export function* restoreResource(work: Work, before: StackResource, after: StackResource): Steps<string | undefined> {
  const replaced = before.physicalId !== after.physicalId
  work.say(after, 'UPDATE_IN_PROGRESS')
  yield
  const refusal = replaced ? undefined : refusalOfUpdate(after, before, work.world())
  if (refusal !== undefined) {
    work.say(after, 'UPDATE_FAILED', refusal)
    yield
    return refusal
  }
  if (!replaced) own(work, before)
  work.say(before, 'UPDATE_COMPLETE')
  yield
  return undefined
}

/** What a resource's policy says when it is deleted, or replaced. */
export function isKept(policy: string | undefined): boolean {
  return policy === 'Retain' || policy === 'RetainExceptOnCreate'
}

/** Leaves a resource in the account, outside the stack. */
export function* keepResource(work: Work, resource: StackResource): Steps {
  const thing = work.inventory.find(resource.type, resource.physicalId)
  if (thing !== undefined) work.inventory.put({ ...thing, stackId: undefined })
  work.say(resource, 'DELETE_SKIPPED')
  yield
}

/** Deletes a resource. @returns why AWS refused */
export function* deleteResource(work: Work, resource: StackResource): Steps<string | undefined> {
  work.say(resource, 'DELETE_IN_PROGRESS')
  yield
  const world = work.world()
  // What is gone already counts as deleted.
  const exists = work.inventory.find(resource.type, resource.physicalId) !== undefined
  const refusal = exists ? firstRefusal(rulesOf(resource.type)?.remove ?? [], subjectOf(resource), world) : undefined
  if (refusal !== undefined) {
    work.say(resource, 'DELETE_FAILED', refusal)
    yield
    return refusal
  }
  work.inventory.remove(resource.type, resource.physicalId, world.now)
  work.say(resource, 'DELETE_COMPLETE')
  yield
  return undefined
}

/** The resources of a stack in the order in which they can be deleted: what others depend on comes last. */
export function deletionOrder(resources: readonly StackResource[], prefer: 'first' | 'last'): StackResource[] {
  return inOrder(resources, prefer).reverse()
}
