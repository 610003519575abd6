import { isMap, readSections, readTemplate, type Template } from '../cloudformation/index.ts'

/** A parameter that a template takes. */
export interface TemplateParameter {
  readonly name: string
  readonly description: string
  /** It has no default. */
  readonly required: boolean
  readonly fallback: string | undefined
}

const source = { name: 'The template', code: 'config-invalid' } as const

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const inlineBytes = 51_200

/** A template as it is sent: one that is too long for a request is sent as JSON, without comments and spaces. */
export function sentTemplate(body: string): string {
  return Buffer.byteLength(body) <= inlineBytes ? body : JSON.stringify(readSections(body, source))
}

/** Reads the template of a stack. @throws Problem `config-invalid` that names the line */
export function templateFrom(body: string): Template {
  return readTemplate(body, source)
}

/** What happens to each resource when it is deleted, where the template says. */
export function deletionPolicies(body: string): ReadonlyMap<string, string> {
  const entries = [...templateFrom(body).resources]
  return new Map(entries.flatMap(([id, { deletionPolicy }]) => (deletionPolicy === undefined ? [] : [[id, deletionPolicy]])))
}

/** A resource of a template. */
export interface TemplateResource {
  readonly id: string
  readonly type: string
  /** The name of the condition under which it is made. */
  readonly condition: string | undefined
}

/** All that a template may make, by name; its conditions may leave some out. */
export function templateResources(body: string): readonly TemplateResource[] {
  return [...templateFrom(body).resources].map(([id, { type, condition }]) => ({ id, type, condition }))
}

export function templateParameters(body: string): readonly TemplateParameter[] {
  return [...templateFrom(body).parameters].map(([name, { description = name, fallback }]) => ({
    name,
    description,
    required: fallback === undefined,
    fallback,
  }))
}

/** The parameters that a stack has, with the defaults of its template. */
export function effectiveParameters(
  body: string,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string | undefined>> {
  return { ...Object.fromEntries(templateParameters(body).map(({ name, fallback }) => [name, fallback])), ...given }
}

/** The names of a template's outputs. */
export function templateOutputs(body: string): readonly string[] {
  const { Outputs } = readSections(body, source)
  return isMap(Outputs) ? Object.keys(Outputs) : []
}

/** A value of a mapping, as `!FindInMap` finds it. */
export function mapped(body: string, map: string, first: string, second: string): unknown {
  return templateFrom(body).mapped(map, first, second)
}

/** How many interface endpoints a template makes; those for containers stand under a condition that says so. */
export function interfaceEndpoints(body: string, containers: boolean): number {
  return [...templateFrom(body).resources.values()].filter(({ type, condition = '', properties }) => {
    if (type !== 'AWS::EC2::VPCEndpoint' || properties.VpcEndpointType !== 'Interface') return false
    return containers || !/container/i.test(condition)
  }).length
}
