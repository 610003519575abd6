import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import type { Configuration } from '../../registry/index.ts'
import { knownBlocks } from './blocks.ts'
import { type Fault, invalidFiles } from './fault.ts'
import { parseCustomers } from './parse.ts'
import { secretsIn } from './secrets.ts'

/** A file with its text. */
export interface CustomerFile {
  readonly path: string
  readonly text: string
}

/** A customer of the files. Without a configuration, it is the same in the registry. */
export interface FiledCustomer {
  readonly id: string
  readonly file: string
  readonly line: number
  readonly revision?: string
  readonly configuration?: Configuration
}

interface Read {
  readonly customers: ReadonlyMap<string, FiledCustomer>
  readonly faults: readonly Fault[]
}

type IsKnown = (id: string, body: string) => boolean

/** Larger than any file that people keep. */
const maxFileLength = 128 * 1024 * 1024

function oneFile({ path, text }: CustomerFile, isKnown: IsKnown): { customers: FiledCustomer[]; faults: Fault[] } {
  if (text.length > maxFileLength) {
    return {
      customers: [],
      faults: [{ file: path, field: '', message: `has more than ${quantity(maxFileLength, 'character')}` }],
    }
  }
  const secrets = secretsIn(text).map(({ line, column, what }) => ({
    file: path,
    line,
    column,
    field: '',
    message: `holds ${what}. Files have digests of keys, and never a secret. If it was shared or committed, rotate the key`,
  }))
  if (secrets.length > 0) return { customers: [], faults: secrets }
  const { known, rest } = knownBlocks(text, isKnown)
  const customers: FiledCustomer[] = known.map((block) => ({ ...block, file: path }))
  // Blank lines and the head alone: what is left has nothing to parse.
  if (known.length > 0 && rest.replace(/^(?:#.*|version: 1)$/gm, '').trim() === 'customers:') return { customers, faults: [] }
  try {
    const parsed = parseCustomers(path, rest)
    return { customers: [...customers, ...parsed.customers.map((one) => ({ ...one, file: path }))], faults: [...parsed.faults] }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { customers: [], faults: [faultOfSyntax(path, error)] }
  }
}

/** A text that is not YAML: the parser has named file and line. */
function faultOfSyntax(file: string, { message }: Problem): Fault {
  const [, line, why] = /, line (\d+): (.*)$/s.exec(message) ?? []
  if (line !== undefined && why !== undefined) return { file, line: Number(line), field: '', message: why.replace(/\.$/, '') }
  return { file, field: '', message: message.replace(`${file}: `, '').replace(/\.$/, '') }
}

/** Reads files of customers, each customer once. @param isKnown whether the registry has exactly this text for a customer */
export function readCustomers(files: readonly CustomerFile[], isKnown: IsKnown = () => false): Read {
  const customers = new Map<string, FiledCustomer>()
  const faults: Fault[] = []
  for (const file of files) {
    const read = oneFile(file, isKnown)
    faults.push(...read.faults)
    for (const one of read.customers) {
      const other = customers.get(one.id)
      if (other === undefined) customers.set(one.id, one)
      else {
        const message = `the customer is also in ${other.file}, line ${other.line}`
        faults.push({ file: one.file, line: one.line, field: `customers.${one.id}`, message })
      }
    }
  }
  return { customers, faults }
}

/** The same, where a fault ends the command. @throws Problem `config-invalid` */
export function readValidCustomers(files: readonly CustomerFile[], isKnown?: IsKnown): Read['customers'] {
  const { customers, faults } = readCustomers(files, isKnown)
  if (faults.length > 0) throw invalidFiles(faults, [...new Set(files.map(({ path }) => path))].slice(0, 3))
  return customers
}
