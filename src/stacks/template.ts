import { parseDocument } from 'yaml'

/** A template as it is written: its functions (`!Ref`, `Fn::…`) stay unresolved. */
interface Template {
  readonly Parameters?: Readonly<Record<string, unknown>>
  readonly Resources?: Readonly<Record<string, { readonly Type?: unknown; readonly DeletionPolicy?: unknown }>>
}

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

/** The names of the parameters that a template takes. */
export function parameterNames(body: string): readonly string[] {
  return Object.keys(templateFrom(body).Parameters ?? {})
}
