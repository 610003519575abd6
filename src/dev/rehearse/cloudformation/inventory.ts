import type { JsonMap } from '../../../operations/cloudformation/index.ts'

/** Something that exists in the account, in a stack or outside all stacks. */
export interface Thing {
  readonly type: string
  readonly id: string
  readonly properties: JsonMap
  /** The stack that owns it; undefined if none does, such as after its stack retained it. */
  readonly stackId: string | undefined
  readonly logicalId: string
  /** Those of the stack that made it. They stay when the stack leaves it. */
  readonly tags?: Readonly<Record<string, string>>
  /** When its storage was last changed, in milliseconds; for databases. */
  readonly storageChangedAt?: number
  /** What it is a copy of, as that was then: the function of a version, the API of a deployment. */
  readonly published?: JsonMap
}

/** A change of an alarm to the state ALARM. */
export interface AlarmChange {
  readonly alarm: string
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What is in the account beside resources: content, members and attachments that people and programs add. */
export interface Facts {
  /** Keys of objects, by bucket. */
  readonly objects: Map<string, Set<string>>
  /** Templates and records among them, by `bucket/key`. */
  readonly texts: Map<string, string>
  /** Digests of images, by repository. */
  readonly images: Map<string, Set<string>>
  /** Users, by IAM group. */
  readonly members: Map<string, Set<string>>
  /** Policies that were attached outside CloudFormation, by role, user or group. */
  readonly attachments: Map<string, Set<string>>
  /** Hosted zones and their domains. Undefined: every zone that a template names exists, with every domain. */
  hostedZones: Map<string, string> | undefined
  /** Certificates and their status. Undefined: every certificate that a template names is issued. */
  certificates: Map<string, string> | undefined
  /** Code that fails when it runs: keys of objects, and digests of images. */
  readonly faulty: Set<string>
  /** Alarms in the state ALARM, by name, whatever runs. */
  readonly alarms: Set<string>
  readonly alarmHistory: AlarmChange[]
}

/** An account in which nothing is known beside its resources. */
export function noFacts(): Facts {
  return {
    objects: new Map(),
    texts: new Map(),
    images: new Map(),
    members: new Map(),
    attachments: new Map(),
    hostedZones: undefined,
    certificates: undefined,
    faulty: new Set(),
    alarms: new Set(),
    alarmHistory: [],
  }
}

function copyOfSets(from: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Set<string>> {
  return new Map([...from].map(([key, values]) => [key, new Set(values)]))
}

export function copyOfFacts(facts: Facts): Facts {
  const { hostedZones, certificates } = facts
  return {
    objects: copyOfSets(facts.objects),
    texts: new Map(facts.texts),
    images: copyOfSets(facts.images),
    members: copyOfSets(facts.members),
    attachments: copyOfSets(facts.attachments),
    hostedZones: hostedZones && new Map(hostedZones),
    certificates: certificates && new Map(certificates),
    faulty: new Set(facts.faulty),
    alarms: new Set(facts.alarms),
    alarmHistory: [...facts.alarmHistory],
  }
}

/** All that exists in the account, by type and id. */
export class Inventory {
  readonly #things = new Map<string, Map<string, Thing>>()
  /** When things were deleted, by type and id, in milliseconds. */
  readonly #deletedAt = new Map<string, number>()
  readonly #texts = new WeakMap<Thing, string>()

  of(type: string): Thing[] {
    return [...(this.#things.get(type)?.values() ?? [])]
  }

  find(type: string, id: string): Thing | undefined {
    return this.#things.get(type)?.get(id)
  }

  put(thing: Thing): void {
    const sameType = this.#things.get(thing.type) ?? new Map<string, Thing>()
    sameType.set(thing.id, thing)
    this.#things.set(thing.type, sameType)
  }

  remove(type: string, id: string, at: number): void {
    this.#things.get(type)?.delete(id)
    this.#deletedAt.set(`${type} ${id}`, at)
  }

  deletedAt(type: string, id: string): number | undefined {
    return this.#deletedAt.get(`${type} ${id}`)
  }

  /** The first thing of these types whose properties contain a text, such as the id of another thing. */
  holder(text: string, types: readonly string[]): Thing | undefined {
    return types.flatMap((type) => this.of(type)).find((thing) => this.#textOf(thing).includes(text))
  }

  all(): Thing[] {
    return [...this.#things.values()].flatMap((sameType) => [...sameType.values()])
  }

  copy(): Inventory {
    const copy = new Inventory()
    for (const thing of this.all()) copy.put(thing)
    for (const [key, at] of this.#deletedAt) copy.#deletedAt.set(key, at)
    return copy
  }

  #textOf(thing: Thing): string {
    const known = this.#texts.get(thing) ?? JSON.stringify(thing.properties)
    this.#texts.set(thing, known)
    return known
  }
}
