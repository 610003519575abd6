import { isMap, type Json, type JsonMap, scalarText } from '../../../../operations/cloudformation/index.ts'
import type { Facts, Inventory } from '../inventory.ts'
import type { Quotas } from '../quotas.ts'

/** A resource that CloudFormation is about to create, change or delete. */
export interface Subject {
  readonly type: string
  readonly logicalId: string
  readonly id: string
  readonly properties: JsonMap
}

/** What a rule may look at. */
export interface World {
  readonly inventory: Inventory
  readonly facts: Facts
  readonly quotas: Quotas
  readonly account: string
  readonly region: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** A reason of AWS to refuse. */
export interface Rule {
  /** The page that documents it. */
  readonly source: string
  /** @returns the text of the refusal */
  refuse(subject: Subject, world: World): string | undefined
}

export interface UpdateRule {
  readonly source: string
  refuse(before: Subject, after: Subject, world: World): string | undefined
}

/** The rules of one resource type. */
export interface TypeRules {
  /**
   * Properties whose change replaces the resource: `createOnlyProperties` of the type's schema
   * (https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html), "Update requires:
   * Replacement" in the template reference. A dot leads into a property.
   */
  readonly replaces: readonly string[]
  /** The property that fixes the physical name. */
  readonly name?: string
  /** The property within whose value the name is unique; else it is unique in the account and region. */
  readonly nameWithin?: string
  /** Checked when it is created, and again with its new properties when it is changed. */
  readonly valid?: readonly Rule[]
  readonly create?: readonly Rule[]
  readonly update?: readonly UpdateRule[]
  readonly remove?: readonly Rule[]
}

/** The rules of a service, by resource type. */
export type ServiceRules = Readonly<Record<string, TypeRules>>

/** A property by its path, such as `VpcConfig.SubnetIds`. */
export function at(properties: JsonMap, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((value, name) => (isMap(value) ? value[name] : undefined), properties)
}

export function textAt(properties: JsonMap, path: string): string {
  return scalarText(at(properties, path)) ?? ''
}

/** @returns undefined if there is none, NaN if it is not a number */
export function numberAt(properties: JsonMap, path: string): number | undefined {
  const text = scalarText(at(properties, path))
  return text === undefined ? undefined : Number(text)
}

export function isTrue(properties: JsonMap, path: string): boolean {
  return textAt(properties, path) === 'true'
}

export function listAt(properties: JsonMap, path: string): readonly Json[] {
  const value = at(properties, path)
  return Array.isArray(value) ? value : []
}

export function textsAt(properties: JsonMap, path: string): string[] {
  return listAt(properties, path).flatMap((one) => scalarText(one) ?? [])
}

export function mapsAt(properties: JsonMap, path: string): JsonMap[] {
  return listAt(properties, path).filter(isMap)
}

/** A number, if it is given, has to be between two limits. */
export function between(property: string, least: number, most: number, source: string): Rule {
  return {
    source,
    refuse: ({ properties }) => {
      const value = numberAt(properties, property)
      if (value === undefined || (value >= least && value <= most)) return undefined
      return `Value '${textAt(properties, property)}' at '${property}' failed to satisfy constraint: Member must be between ${least} and ${most}`
    },
  }
}

/** A text, if it is given, has to have a form. */
export function shaped(property: string, pattern: RegExp, source: string): Rule {
  return {
    source,
    refuse: ({ properties }) => {
      const value = textAt(properties, property)
      if (value === '' || pattern.test(value)) return undefined
      return `Value '${value}' at '${property}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern.source}`
    },
  }
}

/** A text has to be given. */
export function needed(property: string, source: string): Rule {
  return {
    source,
    refuse: ({ properties }) =>
      at(properties, property) === undefined ? `Model validation failed (required key [${property}] not found)` : undefined,
  }
}

/** A quota limits how many things of a type exist. */
export function quota(key: keyof Quotas, message: string, source: string, type?: string): Rule {
  return {
    source,
    refuse: (subject, { inventory, quotas }) =>
      inventory.of(type ?? subject.type).length >= quotas[key] ? `${message} (${quotas[key]})` : undefined,
  }
}

/** It cannot be deleted while things of other types name it. */
export function notHeldBy(types: readonly string[], message: (id: string, by: string) => string, source: string): Rule {
  return {
    source,
    refuse: ({ id }, { inventory }) => {
      const holder = inventory.holder(id, types)
      return holder && message(id, holder.id)
    },
  }
}

/** Two things of a type may not agree in all of these properties. */
export function oneOfAKind(properties: readonly string[], message: (subject: Subject) => string, source: string): Rule {
  const key = (of: JsonMap): string => JSON.stringify(properties.map((name) => textAt(of, name)))
  return {
    source,
    refuse: (subject, { inventory }) => {
      const same = inventory
        .of(subject.type)
        .some((thing) => thing.id !== subject.id && key(thing.properties) === key(subject.properties))
      return same ? message(subject) : undefined
    },
  }
}
