import { readFile } from 'node:fs/promises'
import { Problem } from '../../../domain/problem.ts'

const details = 'aws iam get-account-authorization-details > account.json'

/** The text of a file, or of stdin for `-`; what PowerShell writes in UTF-16 too. @throws Problem `audit-input-invalid` */
export async function readText(path: string, stdin: () => Promise<string>): Promise<string> {
  if (path === '-') return stdin()
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer'
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code
    throw new Problem('audit-input-invalid', `${path} cannot be read: ${why}.`, { next: details, cause })
  }
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return bytes.toString(utf16 ? 'utf16le' : 'utf8').replace(/^\u{FEFF}/u, '')
}

/** Where a text stops being JSON, in words. */
function placeOf(text: string, error: SyntaxError): string {
  const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? Number.NaN)
  if (/Unexpected end|Unterminated/.test(error.message) || at >= text.length)
    return `it ends in the middle, after ${text.length} characters`
  if (Number.isNaN(at)) return 'it is not JSON'
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return `line ${line}, column ${at - before.lastIndexOf('\n')} is not JSON`
}

/** @throws Problem `audit-input-invalid` that says where */
export function parseJson(text: string, name: string): unknown {
  if (text.trim() === '') throw new Problem('audit-input-invalid', `${name} is empty.`, { next: details })
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new Problem('audit-input-invalid', `${name}: ${placeOf(text, cause)}.`, { next: details, cause })
  }
}
