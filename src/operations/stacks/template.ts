import { parseDocument } from 'yaml'

interface Resource {
  readonly Type?: unknown
  readonly Condition?: unknown
  readonly DeletionPolicy?: unknown
  readonly Properties?: { readonly VpcEndpointType?: unknown }
}

interface Template {
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown; readonly Description?: unknown }>>
  readonly Resources?: Readonly<Record<string, Resource>>
}

/** A parameter that a template takes. */
export interface TemplateParameter {
  readonly name: string
  readonly description: string
  /** It has no default. */
  readonly required: boolean
  readonly fallback: string | undefined
}

/** A template as it is written: its functions (`!Ref`, `Fn::…`) stay unresolved. */
function templateFrom(body: string): Template {
  // `!Ref` and its like are tags that YAML does not know; the scalar or list behind them is enough here.
  const value: unknown = parseDocument(body, { logLevel: 'silent' }).toJS()
  return typeof value === 'object' && value !== null ? value : {}
}

/** What happens to each resource when it is deleted, where the template says. */
export function deletionPolicies(body: string): ReadonlyMap<string, string> {
  const entries = Object.entries(templateFrom(body).Resources ?? {})
  return new Map(
    entries.flatMap(([id, { DeletionPolicy }]) => (typeof DeletionPolicy === 'string' ? [[id, DeletionPolicy]] : [])),
  )
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
  return Object.entries(templateFrom(body).Resources ?? {}).map(([id, { Type, Condition }]) => ({
    id,
    type: String(Type),
    condition: typeof Condition === 'string' ? Condition : undefined,
  }))
}

export function templateParameters(body: string): readonly TemplateParameter[] {
  return Object.entries(templateFrom(body).Parameters ?? {}).map(([name, { Default, Description }]) => ({
    name,
    description: typeof Description === 'string' ? Description : name,
    required: Default === undefined,
    fallback: Default === undefined ? undefined : String(Default),
  }))
}

/** A value of a mapping, as `!FindInMap` finds it. */
export function mapped(body: string, map: string, first: string, second: string): unknown {
  return templateFrom(body).Mappings?.[map]?.[first]?.[second]
}

/** How many interface endpoints a template makes; those for containers stand under a condition that says so. */
export function interfaceEndpoints(body: string, containers: boolean): number {
  return Object.values(templateFrom(body).Resources ?? {}).filter(({ Type, Condition, Properties }) => {
    if (Type !== 'AWS::EC2::VPCEndpoint' || Properties?.VpcEndpointType !== 'Interface') return false
    return containers || !/container/i.test(String(Condition))
  }).length
}
