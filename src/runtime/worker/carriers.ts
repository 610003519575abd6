import { readFileSync } from 'node:fs'
import { type Carrier, carriersFrom, defaultCarriers } from '../../domain/carrier.ts'
import { Problem } from '../../domain/problem.ts'

/**
 * The carriers that a worker serves.
 * @param source a YAML file, or the YAML itself where it has more than one line or is a JSON object; absent: the usual ones
 * @throws Problem `carrier-invalid` that names file, line and field
 */
export function loadCarriers(source: string | undefined): readonly Carrier[] {
  if (source === undefined || source === '') return defaultCarriers
  const inline = source.includes('\n') || source.startsWith('{')
  if (inline) return carriersFrom(source, 'APIGW_CARRIERS')
  let text: string
  try {
    text = readFileSync(source, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
    throw new Problem('carrier-invalid', `${source} cannot be read: ${why.replace(/\.$/, '')}.`, { cause: error })
  }
  return carriersFrom(text, source)
}
