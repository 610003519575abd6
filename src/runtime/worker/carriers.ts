import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { type Carrier, carriersFrom, defaultCarriers } from '../../domain/carrier.ts'
import { Problem } from '../../domain/problem.ts'

/**
 * The carriers that a worker serves.
 * @param source a YAML file, or the YAML itself where it has more than one line or is a JSON object; absent: the usual ones
 * @throws Problem `carrier-invalid` that names the place
 */
export function loadCarriers(source: string | undefined): readonly Carrier[] {
  if (source === undefined || source === '') return defaultCarriers
  const inline = source.includes('\n') || source.startsWith('{')
  const place = inline ? 'APIGW_CARRIERS' : source
  let text = source
  try {
    if (!inline) text = readFileSync(source, 'utf8')
    return carriersFrom(parse(text), place)
  } catch (error) {
    if (error instanceof Problem) throw error
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
    throw new Problem('carrier-invalid', `${place} cannot be read: ${why.replace(/\.$/, '')}.`, { cause: error })
  }
}
