import { isRecord } from '../../domain/record.ts'
import type { Configuration } from '../../registry/index.ts'

/** The form of the file. A later one is refused by name. */
export const fileVersion = 1

export const fileHead = `version: ${fileVersion}\ncustomers:\n`

/** What YAML reads as text without quotation marks, in its versions 1.1 and 1.2. */
const plainText = /^\p{L}(?:[\p{L}\p{N} _./-]*[\p{L}\p{N}_./-])?$/u
const otherMeaning = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i

function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value)
  return plainText.test(value) && !otherMeaning.test(value) ? value : JSON.stringify(value)
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (!isRecord(value)) return scalar(value)
  const fields = Object.entries(value).map(([name, field]) => `${scalar(name)}: ${inline(field)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

function lines(value: Readonly<Record<string, unknown>>, indent: string): string {
  return Object.entries(value)
    .map(([name, field]) => {
      const isOpen = isRecord(field) && Object.keys(field).length > 0
      return `${indent}${scalar(name)}:${isOpen ? `\n${lines(field, `${indent}  `)}` : ` ${inline(field)}\n`}`
    })
    .join('')
}

/** The lines of one customer below its id: the same for the same content. */
export function bodyText(configuration: Configuration): string {
  return lines(configuration, '    ')
}

export function revisionLine(revision: string): string {
  return `    revision: ${scalar(revision)}\n`
}

/** One customer as it stands in a file. @param revision absent: without one */
export function customerText(id: string, configuration: Configuration, revision?: string): string {
  return `  ${id}:\n${revision === undefined ? '' : revisionLine(revision)}${bodyText(configuration)}`
}
