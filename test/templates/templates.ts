import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Json, readSections } from '../../src/operations/cloudformation/index.ts'
import { templates } from '../../src/operations/trail/index.ts'
import { listOf, mapOf, type Properties, type Resource, stacks } from './stacks.ts'

/** A template and the resources in it. */
export interface Template {
  readonly name: string
  readonly template: Properties
  readonly resources: readonly Resource[]
}

function read(name: string, text: string): Template {
  const template = readSections(text, { name, code: 'config-invalid' })
  const resources = Object.entries(mapOf(template.Resources)).map(([logical, value]): Resource => {
    const { Type, Properties: properties, ...attributes } = mapOf(value)
    return { name: logical, type: String(Type), properties: mapOf(properties), attributes }
  })
  return { name, template, resources }
}

const trail = await templates({})
const people = readFileSync(join(import.meta.dirname, '../../templates/policies/people.yaml'), 'utf8')

/** Every template that apigw ships: the stacks of a stage, the trail in both regions, and the people of an account. */
export const everyTemplate: readonly Template[] = [
  ...stacks,
  read('trail', trail.home),
  read('trail-global', trail.global),
  read('people', people),
]

/** A resource with the name of its template, which makes logical ids unique. */
export interface Located {
  readonly id: string
  readonly template: string
  readonly resource: Resource
}

export const everyResource: readonly Located[] = everyTemplate.flatMap(({ name, resources }) =>
  resources.map((resource) => ({ id: `${name}.${resource.name}`, template: name, resource })),
)

export function everyOf(type: string): readonly Located[] {
  return everyResource.filter(({ resource }) => resource.type === type)
}

const exported = new Map(
  stacks.flatMap(({ name, template }) =>
    Object.values(mapOf(template.Outputs)).map((output): [string, { template: string; value: Json | undefined }] => {
      const { Export, Value } = mapOf(output)
      return [String(mapOf(mapOf(Export).Name)['Fn::Sub']), { template: name, value: Value }]
    }),
  ),
)

/** The output of an earlier stack that a parameter of the same name takes (docs/decisions/0058-outputs-are-passed-on.md). */
function outputFor(template: string, parameter: string): { template: string; value: Json | undefined } | undefined {
  const own = stacks.find(({ name }) => name === template)
  if (own === undefined || mapOf(own.template.Parameters)[parameter] === undefined) return undefined
  const from = stacks.find((one) => mapOf(one.template.Outputs)[parameter] !== undefined)
  return from === undefined ? undefined : { template: from.name, value: mapOf(mapOf(from.template.Outputs)[parameter]).Value }
}

/**
 * The resource that `!Ref`, `!GetAtt` or `!ImportValue` names, or the text `<template>:<value>` if it names none. A parameter
 * stands for the output that it takes, and `!If` for its first value.
 */
export function target(template: string, value: Json | undefined): string {
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::ImportValue': imported, 'Fn::If': choice } = mapOf(value)
  if (Array.isArray(choice)) return target(template, choice[1])
  const output = typeof Ref === 'string' ? outputFor(template, Ref) : undefined
  if (output !== undefined) return target(output.template, output.value)
  if (imported !== undefined) {
    const found = exported.get(String(mapOf(imported)['Fn::Sub']))
    return found === undefined ? `${template}:${JSON.stringify(value)}` : target(found.template, found.value)
  }
  const [name] = typeof Ref === 'string' ? [Ref] : listOf(attribute)
  return name === undefined ? `${template}:${JSON.stringify(value)}` : `${template}.${String(name)}`
}

/** The statements of a policy document. */
export function statementsOf(document: Json | undefined): Properties[] {
  return listOf(mapOf(document).Statement).map(mapOf)
}
