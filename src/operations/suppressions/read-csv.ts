import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import * as z from 'zod'
import { phoneNumber } from '../../domain/phone.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { maxNote, maxSource, type Suppression } from '../../runtime/ports/index.ts'
import { unescapedFormula } from './formulas.ts'
import { utf8Blocks } from './utf8-blocks.ts'

export const columns = ['number', 'at', 'source', 'note'] as const
const maxRecord = 16_384

/** A line that is not an opt-out. */
export interface BadLine {
  readonly line: number
  readonly detail: string
}

export type ReadLine = BadLine | { readonly line: number; readonly suppression: Suppression }

const time = z.iso.datetime({ offset: true })

/** An opt-out as a line says it, or what is wrong with the line. What was given is not repeated: it is a telephone number. */
function suppressionOf(record: Readonly<Record<string, unknown>>, now: number): Suppression | string {
  const [given, at, source, note] = columns.map((column) => {
    const value = record[column]
    return typeof value === 'string' ? unescapedFormula(value.trim()) : ''
  })
  const number = phoneNumber(given ?? '', 'recipient')
  if (number === undefined) return 'number: is not a telephone number'
  if (at && !time.safeParse(at).success) return 'at: is not a time such as 2026-11-23T12:00:00+09:00'
  const instant = at ? Date.parse(at) : now
  if (instant > now) return 'at: is in the future'
  if (source && source.length > maxSource) return `source: has more than ${maxSource} characters`
  if (note && note.length > maxNote) return `note: has more than ${maxNote} characters`
  return { number, at: instant, ...(source && { source }), ...(note && { note }) }
}

/** @throws Problem `input-invalid` */
function checkedHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase())
  if (!names.includes('number')) {
    throw new Problem('input-invalid', 'Line 1 has to name the columns, and one of them has to be "number".', {
      next: `begin the file with: ${columns.join(',')}`,
    })
  }
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw new Problem('input-invalid', `Line 1 has the column "${twice.slice(0, 40)}" twice.`)
  return names
}

/** A fault of the format as a fault of its line. */
function unreadable(error: unknown): unknown {
  if (!(error instanceof CsvError)) return error
  const { lines } = recordOf(error)
  const where = typeof lines === 'number' ? `Line ${lines}` : 'The file'
  const unclosed = error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE'
  return new Problem(
    'input-invalid',
    `${where} is not valid CSV: ${unclosed ? 'a quote is not closed, or the line is too long' : 'a quote is in the wrong place'}.`,
    { next: 'write a quote inside a quoted value twice (RFC 4180)', cause: error },
  )
}

/**
 * Reads opt-outs from CSV (RFC 4180) with a header, line by line and in bounded memory. Other columns are ignored.
 * @param now the time of lines without `at`
 * @throws Problem `input-invalid` where the rest of the file cannot be read
 */
export async function* readSuppressions(bytes: AsyncIterable<Uint8Array | string>, now: number): AsyncGenerator<ReadLine> {
  const parser = parse({
    bom: true,
    columns: checkedHeader,
    info: true,
    max_record_size: maxRecord,
    relax_column_count: true,
    skip_empty_lines: true,
  })
  const source = Readable.from(utf8Blocks(bytes))
  source.once('error', (error) => parser.destroy(error))
  source.pipe(parser)
  try {
    for await (const read of parser) {
      const { record, info } = recordOf(read)
      const line = Number(recordOf(info).lines)
      const found = suppressionOf(recordOf(record), now)
      yield typeof found === 'string' ? { line, detail: found } : { line, suppression: found }
    }
  } catch (error) {
    throw unreadable(error)
  } finally {
    source.destroy()
  }
}
