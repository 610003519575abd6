import { type FieldError, Problem } from '../../../domain/problem.ts'

/** Arrays and objects within each other. A batch has four levels. */
const maxDepth = 32
const maxSegment = 64
const maxPointer = 256
const [quote, backslash] = [0x22, 0x5c]
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/**
 * Refuses JSON that is nested too deep before it is parsed: what works on it afterwards may then call itself.
 * @throws Problem `invalid-body` that names the place, counted in bytes
 */
export function checkDepth(json: Uint8Array): void {
  let depth = 0
  let inString = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0
    if (inString) {
      if (byte === backslash) at += 1
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (closing.has(byte)) depth -= 1
    else if (opening.has(byte) && ++depth > maxDepth) {
      throw new Problem('invalid-body', `The body is nested more than ${maxDepth} levels deep (at byte ${at}).`)
    }
  }
}

/** A text of the caller's in an error: so many UTF-16 code units at most, and never half a character. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`
}

/** RFC 6901, cut where a caller's names are long: it shows the place, and need not find it. */
export function pointerOf(path: readonly PropertyKey[]): string {
  const segments = path.slice(0, maxDepth + 1).map((part) => cut(String(part), maxSegment))
  return cut(segments.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''), maxPointer)
}

/** Errors that are bounded in bytes, whatever the caller wrote. */
export function boundedErrors(errors: readonly FieldError[], most: number): FieldError[] {
  return errors.slice(0, most).map(({ pointer, detail }) => ({ pointer, detail: cut(detail, maxPointer) }))
}
