import { isRecord } from '../../domain/record.ts'

/** A value of a template with its intrinsic functions in their long form. */
export type Json = null | string | number | boolean | readonly Json[] | JsonMap
export interface JsonMap {
  readonly [name: string]: Json
}

export function isMap(value: Json | undefined): value is JsonMap {
  return isRecord(value)
}

/** Converts what YAML gave to a JSON value. */
export function jsonOf(value: unknown): Json {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(jsonOf)
  if (!isRecord(value)) return String(value)
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, jsonOf(of)]))
}

/** The text of a scalar; `undefined` for a list, a map or nothing. */
export function scalarText(value: Json | undefined): string | undefined {
  return value === null || value === undefined || typeof value === 'object' ? undefined : String(value)
}

/** An intrinsic function is a map with one member: its name, and what it is applied to. */
export function functionOf(value: Json | undefined): readonly [name: string, of: Json] | undefined {
  if (!isMap(value)) return undefined
  const [only, ...more] = Object.entries(value)
  return more.length === 0 ? only : undefined
}
