import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Carrier, carriersFrom, defaultCarriers, type ReadMap } from '../../domain/carrier.ts'
import { Problem } from '../../domain/problem.ts'
import { tableMap } from '../../domain/table-map.ts'
import { readYaml } from '../../domain/yaml-document.ts'

const here = dirname(fileURLToPath(import.meta.url))
/** Beside the bundle of a container; else in the package. A function has none. */
const mapFolders = [join(here, 'maps'), join(here, '../../../templates/agent/maps')]

function whyOf(error: unknown): string {
  const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
  return why.replace(/\.$/, '')
}

/** Reads table maps by their names, or by their paths from `folder`. */
function mapsFrom(folder: string): ReadMap {
  return (name) => {
    const isShipped = /^[a-z0-9-]+$/.test(name)
    const shipped = mapFolders.find((one) => existsSync(join(one, `${name}.yaml`)))
    const path = isShipped ? join(shipped ?? mapFolders[0] ?? '', `${name}.yaml`) : resolve(folder, name)
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      throw new Problem('carrier-invalid', `The table map "${name}" cannot be read: ${whyOf(error)}.`, {
        next: 'name a shipped map or the path of a file, or write the map itself under "tableMap"',
        cause: error,
      })
    }
    return readYaml(text, tableMap, { name: path, code: 'carrier-invalid', next: 'see docs/agent-tables.md' })
  }
}

/**
 * The carriers that a worker serves.
 * @param source a YAML file, or the YAML itself where it has more than one line or is a JSON object; absent: the usual ones
 * @throws Problem `carrier-invalid` that names file, line and field
 */
export function loadCarriers(source: string | undefined): readonly Carrier[] {
  if (source === undefined || source === '') return defaultCarriers
  const inline = source.includes('\n') || source.startsWith('{')
  if (inline) return carriersFrom(source, 'APIGW_CARRIERS', mapsFrom('.'))
  let text: string
  try {
    text = readFileSync(source, 'utf8')
  } catch (error) {
    throw new Problem('carrier-invalid', `${source} cannot be read: ${whyOf(error)}.`, { cause: error })
  }
  return carriersFrom(text, source, mapsFrom(dirname(source)))
}
