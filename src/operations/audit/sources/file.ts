import { readFile } from 'node:fs/promises'
import { Problem } from '../../../domain/problem.ts'

const details = 'aws iam get-account-authorization-details > account.json'

/** Reads a file, or stdin for `-`. Accepts UTF-16 from PowerShell. @throws Problem `audit-input-invalid` */
export async function readText(path: string, stdin: () => Promise<string>): Promise<string> {
  if (path === '-') return stdin()
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    const why = code === 'ENOENT' ? 'the file does not exist' : code === 'EISDIR' ? 'it is a directory' : code
    throw new Problem('audit-input-invalid', `${path} cannot be read: ${why}.`, { next: details, cause })
  }
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return bytes.toString(utf16 ? 'utf16le' : 'utf8').replace(/^\u{FEFF}/u, '')
}

/** Describes the position of a JSON syntax error. */
function placeOf(text: string, error: SyntaxError): string {
  const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? Number.NaN)
  if (/Unexpected end|Unterminated/.test(error.message) || at >= text.length)
    return `unexpected end of file after ${text.length} characters`
  if (Number.isNaN(at)) return 'it is not valid JSON'
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return `line ${line}, column ${at - before.lastIndexOf('\n')} is not valid JSON`
}

/** Parses JSON. @throws Problem `audit-input-invalid` with the position */
export function parseJson(text: string, name: string): unknown {
  if (text.trim() === '') throw new Problem('audit-input-invalid', `${name} is empty.`, { next: details })
  try {
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new Problem('audit-input-invalid', `${name}: ${placeOf(text, cause)}.`, { next: details, cause })
  }
}
