import { createHash } from 'node:crypto'
import type { JsonMap } from '../../../operations/cloudformation/index.ts'
import { resolveStack } from '../template/resolve.ts'
import type { Place } from '../template/resource.ts'

/** A resource of a template with its functions resolved. */
export interface ResolvedResource {
  readonly logicalId: string
  readonly type: string
  /** What `Ref` gives. */
  readonly physicalId: string
  /** A digest of the id that the resolver gave, before it got its id in the account. Another digest means that the properties make another id. */
  readonly resolvedId: string
  readonly properties: JsonMap
  readonly deletionPolicy: string | undefined
  readonly updateReplacePolicy: string | undefined
  readonly updatePolicy: JsonMap | undefined
  /** The logical ids of what has to exist before it, by `DependsOn` or by a reference. */
  readonly dependsOn: readonly string[]
}

/** A template with one set of parameters. */
export interface ResolvedTemplate {
  readonly resources: readonly ResolvedResource[]
  readonly outputs: Readonly<Record<string, string>>
  /** By the name of the export. */
  readonly exports: Readonly<Record<string, string>>
  /** The names of the exports that the template imports. */
  readonly imports: readonly string[]
}

export interface ToResolve {
  readonly name: string
  readonly template: JsonMap
  readonly parameters: Readonly<Record<string, string>>
  readonly imports: Readonly<Record<string, string>>
  readonly place: Place
}

function plain(input: ToResolve): ResolvedTemplate {
  const { resources, outputs, exports, imports } = resolveStack(input)
  const list = [...resources.values()].map(
    ({ logicalId, type, physicalId, properties, deletionPolicy, updateReplacePolicy, updatePolicy, dependsOn }) => {
      return {
        logicalId,
        type,
        physicalId,
        resolvedId: digestOf(physicalId),
        properties,
        deletionPolicy,
        updateReplacePolicy,
        updatePolicy,
        dependsOn,
      }
    },
  )
  return { resources: list, outputs, exports, imports }
}

/**
 * Resolves templates, and remembers the results: a rehearsal of many variants asks for the same ones again and again, and
 * the same input gives the same result.
 */
export class Resolver {
  readonly #digests = new WeakMap<JsonMap, string>()
  readonly #resolved = new Map<string, string>()
  readonly #most: number

  /** @param most how many results to keep */
  constructor(most = 200) {
    this.#most = most
  }

  /** @throws Unresolvable with the text of CloudFormation */
  resolve(input: ToResolve): ResolvedTemplate {
    const { template, ...rest } = input
    const digest = this.#digests.get(template) ?? digestOf(JSON.stringify(template))
    this.#digests.set(template, digest)
    const key = digestOf(JSON.stringify([digest, rest]))
    const known = this.#resolved.get(key)
    if (known !== undefined) return JSON.parse(known)
    const found = plain(input)
    if (this.#resolved.size >= this.#most) this.#resolved.clear()
    this.#resolved.set(key, JSON.stringify(found))
    return found
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The ARN that the resolver gives to a stack. */
export function stackIdOf(name: string, place: Place): string {
  const template = { Outputs: { Id: { Value: { Ref: 'AWS::StackId' } } } }
  return resolveStack({ name, template, parameters: {}, place }).outputs.Id ?? ''
}
