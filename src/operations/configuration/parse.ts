import type * as z from 'zod'
import { plainMessage } from '../../domain/document.ts'
import { nearest } from '../../domain/nearest.ts'
import { Problem } from '../../domain/problem.ts'
import { readYamlDocument } from '../../domain/yaml-document.ts'
import { type Configuration, configured, type Locate } from '../../registry/index.ts'
import type { Fault } from './fault.ts'
import { fieldsAt, fileSchema } from './schema.ts'

/** A customer of a file. */
export interface ParsedCustomer {
  readonly id: string
  readonly line: number
  readonly revision?: string
  readonly configuration: Configuration
}

interface Parsed {
  readonly customers: readonly ParsedCustomer[]
  readonly faults: readonly Fault[]
}

/** Later ones are caused by the first more often than not, and a thousand are not read. */
const maxFaults = 100

/** `01012345678` is a number for YAML and loses its first digit; `no` is text in YAML 1.2 and false in 1.1. */
function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  const text = plainMessage(issue)
  const isOther = issue.code === 'invalid_type' && issue.expected === 'string' && issue.input !== undefined
  return isOther && (typeof issue.input === 'number' || typeof issue.input === 'boolean')
    ? `${text}: put it in quotation marks, because YAML reads it as a ${typeof issue.input}`
    : text
}

interface Place {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function placesOf(issue: z.core.$ZodIssue): Place[] {
  if (issue.code === 'invalid_key') return [{ path: issue.path, message: issue.issues[0]?.message ?? 'is not a valid name' }]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The form that came furthest: of a price class, the units and not the name.
    const [deepest] = issue.errors.toSorted((a, b) => (b[0]?.path.length ?? 0) - (a[0]?.path.length ?? 0))
    const inner = deepest?.[0]
    if (inner !== undefined && inner.path.length > 0) return placesOf({ ...inner, path: [...issue.path, ...inner.path] })
  }
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }]
  const known = fieldsAt(issue.path)
  return issue.keys.map((name) => {
    const meant = nearest(name, known)
    const hint = meant === undefined ? `; known are ${known.join(', ')}` : `; did you mean "${meant}"?`
    const merge = name === '<<' ? '; merge keys are not part of YAML 1.2' : hint
    return { path: [...issue.path, name], message: `is not a known field${merge}` }
  })
}

/** Keys that say all of themselves. What is missing from the others may be known to the registry. */
function wholeKeys(keys: Configuration['keys'] = {}): NonNullable<Configuration['keys']> {
  const whole = Object.entries(keys).filter(
    ([, { scheme, digest, sealed }]) => (scheme === 'hmac' ? sealed : digest) !== undefined,
  )
  return Object.fromEntries(whole)
}

/** Checks by the rules of the domain, without a registry: as if the customer were new. */
function domainFault(id: string, configuration: Configuration): Place | undefined {
  let place: readonly string[] = []
  const at: Locate = (path, check) => {
    place = path
    return check()
  }
  const { keys, sending, ...others } = configuration
  const { prices, ...settings } = sending ?? {}
  const known = typeof prices === 'string' ? settings : { ...settings, ...(prices !== undefined && { prices }) }
  try {
    const whole = { ...others, keys: wholeKeys(keys), ...(sending !== undefined && { sending: known }) }
    configured(undefined, id, whole, Date.now(), at)
    return undefined
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { path: ['customers', id, ...place], message: error.message.replace(/\.$/, '') }
  }
}

/** Reads the text of a file: its customers, and what is wrong with them. */
export function parseCustomers(file: string, text: string): Parsed {
  const document = readYamlDocument(text, { name: file, code: 'config-invalid' })
  const faults: Fault[] = []
  const add = ({ path, message }: Place): void => {
    faults.push({ file, ...document.placeOf(path), field: path.map(String).join('.'), message })
  }
  for (const { text: name, line, column } of document.oddNames) {
    faults.push({
      file,
      line,
      column,
      field: name,
      message: 'put the name in quotation marks, because YAML does not read it as text',
    })
  }
  const { warning } = document
  if (warning !== undefined) faults.push({ file, line: warning.line, column: warning.column, field: '', message: warning.text })
  if (faults.length > 0) return { customers: [], faults: faults.slice(0, maxFaults) }
  const read = fileSchema.safeParse(document.value, { error: messageOf })
  if (!read.success) {
    for (const issue of read.error.issues.slice(0, maxFaults)) for (const place of placesOf(issue)) add(place)
    return { customers: [], faults }
  }
  const customers = Object.entries(read.data.customers).map(([id, { revision, ...configuration }]) => {
    const fault = domainFault(id, configuration)
    if (fault !== undefined) add(fault)
    const line = document.placeOf(['customers', id])?.line ?? 1
    return { id, line, configuration, ...(revision !== undefined && { revision }) }
  })
  return { customers, faults }
}
