import { isMap, type Json, type JsonMap, scalarText } from '../../../operations/cloudformation/index.ts'
import type { Resource } from '../template/resource.ts'

/** What the network is read from: the physical id of a resource is what references to it resolve to. */
export type NetworkResource = Pick<Resource, 'stack' | 'logicalId' | 'type' | 'physicalId' | 'properties'>

/** How a resource is named to people: `apigw-prod-network/PrivateAcl`. */
export function nameOf({ stack, logicalId }: NetworkResource): string {
  return `${stack}/${logicalId}`
}

export function ofType(resources: readonly NetworkResource[], type: string): NetworkResource[] {
  return resources.filter((resource) => resource.type === type)
}

export function textIn(map: JsonMap, name: string): string | undefined {
  return scalarText(map[name])
}

export function mapIn(map: JsonMap, name: string): JsonMap {
  const value = map[name]
  return isMap(value) ? value : {}
}

export function listIn(map: JsonMap, name: string): readonly Json[] {
  const value = map[name]
  return Array.isArray(value) ? value : []
}

export function textsIn(map: JsonMap, name: string): string[] {
  return listIn(map, name).flatMap((value) => scalarText(value) ?? [])
}

export function mapsIn(map: JsonMap, name: string): JsonMap[] {
  return listIn(map, name).filter(isMap)
}

/** CloudFormation takes `true` and `"true"`. */
export function flagIn(map: JsonMap, name: string, fallback: boolean): boolean {
  const text = textIn(map, name)
  return text === undefined ? fallback : text === 'true'
}

export function numberIn(map: JsonMap, name: string): number | undefined {
  const text = textIn(map, name)
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
}
