import { stripVTControlCharacters, styleText } from 'node:util'
import stringWidth from 'string-width'
import { withoutUnsafe } from '../domain/names.ts'

type Style = Parameters<typeof styleText>[0]

/** Colors a text if the stream is a terminal with color (respects NO_COLOR, FORCE_COLOR and TERM). */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true })
}

/** Removes control characters from text of others, such as a customer's name, so that it cannot control the terminal. */
export function plain(text: string): string {
  return withoutUnsafe(stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' '))
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}

/**
 * Columns under a heading, two spaces apart. Widths are terminal cells: a Korean syllable takes two.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(plain))
  const widths = head.map((title, column) => Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[column] ?? ''))))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [styled('dim', line(head.map((title) => title.toUpperCase()))), ...cells.map(line)].join('\n')
}

/** Names and values, one per line. */
export function facts(pairs: readonly (readonly [string, string])[], indent = ''): string {
  const width = Math.max(...pairs.map(([name]) => stringWidth(name)))
  return pairs.map(([name, value]) => `${indent}${styled('dim', padded(name, width))}  ${value}`).join('\n')
}

export { count } from '../domain/quantity.ts'

/** An instant in a customer's time zone, with the name of the zone. */
export function localTime(instant: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  return `${format.format(instant)} ${timeZone}`
}

export function iso(instant: number | undefined): string | null {
  return instant === undefined ? null : new Date(instant).toISOString()
}
