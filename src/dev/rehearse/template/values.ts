import { isMap, type Json, type JsonMap } from '../../../operations/cloudformation/index.ts'

/** A value as a list: CloudFormation takes one item in place of a list of one. */
export function listOf(value: Json | undefined): readonly Json[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

/** The maps in a list. */
export function mapsIn(value: Json | undefined): readonly JsonMap[] {
  return listOf(value).filter(isMap)
}

/** The map at a path of names; an empty one if there is none. */
export function mapAt(value: Json | undefined, ...names: readonly string[]): JsonMap {
  let found: Json | undefined = value
  for (const name of names) found = isMap(found) ? found[name] : undefined
  return isMap(found) ? found : {}
}
