/** Where a customer begins in a file as apigw writes it. */
const begin = /^ {2}([a-z][a-z0-9-]*):$/
const revision = /^ {4}revision: "?([0-9a-f]{16})"?$/

/** A customer in a file whose text is the one that apigw would write for it now. */
export interface KnownBlock {
  readonly id: string
  /** Its first line, counted from 1. */
  readonly line: number
  readonly revision?: string
}

interface Blocks {
  readonly known: readonly KnownBlock[]
  /** The text with the known customers blank, so that lines keep their numbers. */
  readonly rest: string
}

/** The first line after a block that begins at `from`: one that is not indented as far as its fields are. */
function endOf(lines: readonly string[], from: number): number {
  let end = from + 1
  while (end < lines.length && (lines[end] ?? '').startsWith('    ')) end++
  return end
}

/**
 * Finds the customers of a file that are as the registry has them, without parsing it: YAML of ten thousand customers takes ten
 * seconds to parse, and nearly all of them are as they were. What apigw writes has no anchors and no text over several lines, so a
 * block that equals it means the same wherever it stands.
 *
 * @param isKnown whether the registry has this customer with exactly this text below its id and its revision
 */
export function knownBlocks(text: string, isKnown: (id: string, body: string) => boolean): Blocks {
  const lines = text.split('\n')
  const head = lines.indexOf('customers:')
  const plain = head >= 0 && lines.slice(0, head).every((line) => /^(?:#.*|version: \d+)?$/.test(line))
  if (!plain) return { known: [], rest: text }
  const known: KnownBlock[] = []
  for (let at = head + 1; at < lines.length; ) {
    const [, id] = begin.exec(lines[at] ?? '') ?? []
    const end = id === undefined ? at + 1 : endOf(lines, at)
    if (id !== undefined) {
      const [, planned] = revision.exec(lines[at + 1] ?? '') ?? []
      const body = lines.slice(at + (planned === undefined ? 1 : 2), end)
      if (isKnown(id, `${body.join('\n')}\n`)) {
        known.push({ id, line: at + 1, ...(planned !== undefined && { revision: planned }) })
        lines.fill('', at, end)
      }
    }
    at = end
  }
  return { known, rest: lines.join('\n') }
}
