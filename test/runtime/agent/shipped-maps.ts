import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type TableMap, tableMap } from '../../../src/domain/table-map.ts'

export const mapFolder = 'templates/agent/maps'

export function shippedMap(name: string): TableMap {
  return tableMap.parse(parse(readFileSync(join(mapFolder, `${name}.yaml`), 'utf8')))
}
