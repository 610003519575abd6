import { isUtf8 } from 'node:buffer'
import { Problem } from '../../domain/problem.ts'

const lineEnd = 0x0a
const maxLineBytes = 65_536

function notUtf8(line: number): Problem {
  return new Problem('input-invalid', `Line ${line} is not valid UTF-8.`, {
    next: 'save the file as UTF-8, as "CSV UTF-8" in a spreadsheet',
  })
}

/** The first line of a block that is not valid UTF-8, counted from 0. */
function badLine(block: Buffer): number {
  let line = 0
  for (let from = 0; from < block.length; line++) {
    const end = block.indexOf(lineEnd, from)
    const to = end < 0 ? block.length : end + 1
    if (!isUtf8(block.subarray(from, to))) return line
    from = to
  }
  return line
}

function linesIn(block: Buffer): number {
  let lines = 0
  for (let at = block.indexOf(lineEnd); at >= 0; at = block.indexOf(lineEnd, at + 1)) lines += 1
  return lines
}

/**
 * Bytes as text, in blocks of whole lines: a file in another charset, as spreadsheets in Korea write it, is refused with its line
 * instead of becoming other characters.
 * @throws Problem `input-invalid`
 */
export async function* utf8Blocks(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  let line = 1
  const checked = (block: Buffer): string => {
    if (!isUtf8(block)) throw notUtf8(line + badLine(block))
    line += linesIn(block)
    return block.toString('utf8')
  }
  for await (const chunk of bytes) {
    const all = Buffer.concat([rest, Buffer.from(chunk)])
    const end = all.lastIndexOf(lineEnd) + 1
    rest = all.subarray(end)
    if (end > 0) yield checked(all.subarray(0, end))
    if (rest.length > maxLineBytes) throw new Problem('input-invalid', `Line ${line} is longer than ${maxLineBytes} bytes.`)
  }
  if (rest.length > 0) yield checked(rest)
}
