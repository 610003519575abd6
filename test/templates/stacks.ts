import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type StackKey, stackKeys } from '../../src/domain/stage.ts'
import { type Json, readSections } from '../../src/operations/cloudformation/index.ts'

export { stackKeys as stackNames } from '../../src/domain/stage.ts'
export type StackName = StackKey

export type Properties = { readonly [name: string]: Json }

export interface Resource {
  readonly name: string
  readonly type: string
  readonly properties: Properties
  /** `DeletionPolicy`, `Condition` and the like. */
  readonly attributes: Properties
}

export interface Stack {
  readonly name: StackName
  readonly path: string
  readonly text: string
  readonly template: Properties
  readonly resources: readonly Resource[]
}

export function mapOf(value: Json | undefined): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {}
}

export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as Json]
}

function load(name: StackName): Stack {
  const path = join(import.meta.dirname, `../../templates/stacks/${name}.yaml`)
  const text = readFileSync(path, 'utf8')
  const template = readSections(text, { name, code: 'config-invalid' })
  const resources = Object.entries(mapOf(template.Resources)).map(([logical, value]): Resource => {
    const { Type, Properties: properties, ...attributes } = mapOf(value)
    return { name: logical, type: String(Type), properties: mapOf(properties), attributes }
  })
  return { name, path, text, template, resources }
}

export const stacks: readonly Stack[] = stackKeys.map(load)

export function stackNamed(name: StackName): Stack {
  const found = stacks.find((stack) => stack.name === name)
  if (found === undefined) throw new Error(`there is no stack ${name}`)
  return found
}

/** Every resource of a type, whatever stack it is in. */
export function resourcesOf(type: string): { stack: StackName; resource: Resource }[] {
  return stacks.flatMap(({ name, resources }) =>
    resources.filter((resource) => resource.type === type).map((resource) => ({ stack: name, resource })),
  )
}

/** Every value inside `value`, including itself. */
export function* within(value: Json): Generator<Json> {
  yield value
  if (Array.isArray(value)) for (const one of value) yield* within(one)
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) yield* within(one)
}

/** A text of a template for one stage, with `?` for what only AWS knows. */
export function forStage(value: Json | undefined, stage: string): string {
  if (typeof value === 'string') return value
  const { 'Fn::Sub': text, 'Fn::Join': joined } = mapOf(value)
  if (Array.isArray(joined)) {
    const [separator = '', parts] = joined
    return listOf(parts)
      .map((part) => (mapOf(part).Ref === 'Stage' ? stage : typeof part === 'string' ? part : '????????'))
      .join(String(separator))
  }
  if (text === undefined) throw new Error(`not a text: ${JSON.stringify(value)}`)
  return String(listOf(text)[0]).replaceAll('${Stage}', stage)
}
