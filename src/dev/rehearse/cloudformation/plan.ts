import { isMap, type Json } from '../../../operations/cloudformation/index.ts'
import { nextId, rename } from './identifiers.ts'
import { Refusal } from './refusal.ts'
import type { ResolvedResource, ResolvedTemplate } from './resolver.ts'
import { rulesOf } from './rules/index.ts'
import { at } from './rules/rule.ts'
import type { StackResource } from './stack.ts'

/** One change of a change set. */
export interface PlannedChange {
  readonly action: 'Add' | 'Modify' | 'Remove' | 'Import'
  readonly logicalId: string
  readonly type: string
  readonly physicalId: string | undefined
  readonly replaces: boolean
  /** The properties that differ. */
  readonly properties: readonly string[]
  readonly policyAction: string | undefined
}

/** What a stack is to become. */
export interface Plan {
  readonly changes: ReadonlyMap<string, PlannedChange>
  readonly target: ResolvedTemplate
}

/** Resources to adopt: the value of the identifier of each, by logical id. */
export type Imported = ReadonlyMap<string, string>

/** A value with its scalars as text: CloudFormation does not tell 20 from '20'. */
function canonical(value: Json | undefined): Json {
  if (value === undefined || value === null) return null
  if (typeof value !== 'object') return String(value)
  if (!isMap(value)) return value.map(canonical)
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, canonical(value[name])]),
  )
}

function differs(one: Json | undefined, other: Json | undefined): boolean {
  return JSON.stringify(canonical(one)) !== JSON.stringify(canonical(other))
}

function differences(before: StackResource, after: ResolvedResource): string[] {
  const names = new Set([...Object.keys(before.properties), ...Object.keys(after.properties)])
  return [...names].filter((name) => differs(before.properties[name], after.properties[name]))
}

function isNamed({ type, properties }: ResolvedResource): boolean {
  const name = rulesOf(type)?.name
  return name !== undefined && at(properties, name) !== undefined
}

function mustReplace(before: StackResource, after: ResolvedResource): boolean {
  const replaces = rulesOf(after.type)?.replaces ?? []
  return replaces.some((path) => differs(at(before.properties, path), at(after.properties, path)))
}

/** Whether AWS makes the id of one of the properties, such as that of a DNS record of its name. */
function isOfProperties({ physicalId, properties }: ResolvedResource): boolean {
  return Object.values(properties).includes(physicalId)
}

/** The ids that the resources of a stack have or will have, where they are not those of the resolver. */
class Identifiers {
  readonly renamed = new Map<string, string>()
  readonly #replaced = new Set<string>()
  readonly #taken: (type: string, id: string) => boolean

  constructor(taken: (type: string, id: string) => boolean) {
    this.#taken = taken
  }

  set(from: string, to: string): void {
    if (from !== to) this.renamed.set(from, to)
  }

  forNew({ type, physicalId }: ResolvedResource): void {
    if (this.#taken(type, physicalId))
      this.set(
        physicalId,
        nextId(physicalId, (id) => this.#taken(type, id)),
      )
  }

  /** @returns whether it has not been replaced before */
  replace({ logicalId, type, physicalId }: ResolvedResource, current: string): boolean {
    if (this.#replaced.has(logicalId)) return false
    this.#replaced.add(logicalId)
    this.set(
      physicalId,
      nextId(current, (id) => this.#taken(type, id)),
    )
    return true
  }
}

/** Gives the resources of a template the ids of the account: those that they have, or new ones where they are replaced. */
function identify(
  resolved: ResolvedTemplate,
  existing: ReadonlyMap<string, StackResource>,
  imported: Imported,
  taken: (type: string, id: string) => boolean,
): ResolvedTemplate {
  const ids = new Identifiers(taken)
  for (const resource of resolved.resources) {
    const before = existing.get(resource.logicalId)
    const adopted = imported.get(resource.logicalId)
    if (adopted !== undefined) ids.set(resource.physicalId, adopted)
    else if (isNamed(resource) || isOfProperties(resource)) continue
    else if (before === undefined) ids.forNew(resource)
    else if (before.resolvedId === resource.resolvedId) ids.set(resource.physicalId, before.physicalId)
  }
  // A new id changes the properties of what refers to it, which may have to be replaced as well.
  for (;;) {
    const target = rename(resolved, ids.renamed)
    const more = target.resources.filter((after, index) => {
      const before = existing.get(after.logicalId)
      const original = resolved.resources[index]
      if (before === undefined || original === undefined || !mustReplace(before, after)) return false
      if (isNamed(after) || isOfProperties(original)) return false
      return ids.replace(original, before.physicalId)
    })
    if (more.length === 0) return target
  }
}

function modified(before: StackResource, after: ResolvedResource): PlannedChange | undefined {
  const { logicalId, type } = after
  const properties = differences(before, after)
  const replaces = mustReplace(before, after) || before.physicalId !== after.physicalId
  const policyChanged = before.deletionPolicy !== after.deletionPolicy || before.updateReplacePolicy !== after.updateReplacePolicy
  if (properties.length === 0 && !replaces && !policyChanged) return undefined
  const policyAction = replaces ? `ReplaceAnd${after.updateReplacePolicy ?? 'Delete'}` : undefined
  return { action: 'Modify', logicalId, type, physicalId: before.physicalId, replaces, properties, policyAction }
}

function added(after: ResolvedResource, imported: Imported): PlannedChange {
  const { logicalId, type } = after
  const action = imported.has(logicalId) ? 'Import' : 'Add'
  return {
    action,
    logicalId,
    type,
    physicalId: imported.get(logicalId),
    replaces: false,
    properties: [],
    policyAction: undefined,
  }
}

function removed({ logicalId, type, physicalId, deletionPolicy }: StackResource): PlannedChange {
  const policyAction = deletionPolicy?.startsWith('Retain') ? 'Retain' : (deletionPolicy ?? 'Delete')
  return { action: 'Remove', logicalId, type, physicalId, replaces: false, properties: [], policyAction }
}

/**
 * Compares a template with the resources of its stack.
 * @param taken whether something of a type and id exists, in a stack or not
 * @throws Refusal if a resource would get another type
 */
export function planOf(
  resolved: ResolvedTemplate,
  existing: ReadonlyMap<string, StackResource>,
  imported: Imported,
  taken: (type: string, id: string) => boolean,
): Plan {
  const otherType = resolved.resources.filter(({ logicalId, type }) => (existing.get(logicalId)?.type ?? type) !== type)
  if (otherType.length > 0) {
    throw new Refusal(
      `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${otherType.map(({ logicalId }) => logicalId).join(', ')}]`,
    )
  }
  const target = identify(resolved, existing, imported, taken)
  const changes = new Map<string, PlannedChange>()
  for (const after of target.resources) {
    const before = existing.get(after.logicalId)
    const change = before === undefined ? added(after, imported) : modified(before, after)
    if (change !== undefined) changes.set(after.logicalId, change)
  }
  const kept = new Set(target.resources.map(({ logicalId }) => logicalId))
  for (const before of existing.values()) if (!kept.has(before.logicalId)) changes.set(before.logicalId, removed(before))
  return { changes, target }
}

/** Whether a replacement keeps the fixed name, which AWS refuses: the new resource is created before the old one is deleted. */
export function keepsName(before: StackResource, after: ResolvedResource): boolean {
  const name = rulesOf(after.type)?.name
  return name !== undefined && isNamed(after) && !differs(at(before.properties, name), at(after.properties, name))
}
