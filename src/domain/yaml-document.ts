import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Tags, visit } from 'yaml'
import type * as z from 'zod'
import { checkedDocument, type DocumentSource } from './document.ts'
import { Problem } from './problem.ts'

/** A place in a text, counted from 1. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

interface YamlDocument {
  readonly value: unknown
  /** Where a field begins. `undefined`: it is not known. */
  placeOf(path: readonly PropertyKey[]): TextPlace | undefined
  /** Names of fields that YAML reads as numbers or the like, as they are written: `01012345678` would lose its first digit. */
  readonly oddNames: readonly (TextPlace & { readonly text: string })[]
  /** The first thing that is read differently from how it looks, such as an unknown tag. */
  readonly warning: (TextPlace & { readonly text: string }) | undefined
  /** The source with the lines of its fields. */
  readonly source: DocumentSource
}

/** Where a field begins, as an offset into the text. A field that is missing is looked for in what encloses it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents
  let offset: number | undefined
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
      if (pair === undefined) return offset
      offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      offset = (isNode(node) ? node.range?.[0] : undefined) ?? offset
    } else return offset
  }
  return offset
}

function oddNamesOf(document: Document, lines: LineCounter) {
  const found: (TextPlace & { readonly text: string })[] = []
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || typeof key.value === 'string') return
      const { line, col } = lines.linePos(key.range?.[0] ?? 0)
      found.push({ line, column: col, text: key.source ?? String(key.value) })
    },
  })
  return found
}

/**
 * Reads YAML, and so also JSON.
 * @param customTags tags that YAML does not know, such as CloudFormation's `!Ref`
 * @throws Problem with the code of `source` that names the line
 */
export function readYamlDocument(text: string, source: DocumentSource, customTags: Tags = []): YamlDocument {
  const { name, code, next } = source
  const refusal = (place: string, why: string, cause?: unknown): Problem =>
    new Problem(code, `${place}: ${why.replace(/\.$/, '')}.`, { ...(next !== undefined && { next }), cause })
  const lineCounter = new LineCounter()
  const document = parsedDocument(text, lineCounter, customTags, (cause) => refusal(name, 'is nested too deeply', cause))
  const [syntax] = document.errors
  if (syntax !== undefined) {
    const [what = ''] = syntax.message.split(/ at line \d+|\n/)
    throw refusal(`${name}, line ${syntax.linePos?.[0].line ?? '?'}`, what)
  }
  const placeOf = (path: readonly PropertyKey[]): TextPlace | undefined => {
    const offset = offsetOf(document, path)
    if (offset === undefined) return undefined
    const { line, col } = lineCounter.linePos(offset)
    return { line, column: col }
  }
  const [odd] = document.warnings
  const warning = odd && {
    line: odd.linePos?.[0].line ?? 1,
    column: odd.linePos?.[0].col ?? 1,
    text: odd.message.split(/ at line \d+|\n/)[0] ?? '',
  }
  try {
    const lineOf = (path: readonly PropertyKey[]): number | undefined => placeOf(path)?.line
    const oddNames = oddNamesOf(document, lineCounter)
    return { value: document.toJS(), source: { ...source, lineOf }, placeOf, oddNames, warning }
  } catch (cause) {
    // Aliases that name no anchor, or that would fill the memory.
    throw refusal(name, cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'is not valid', cause)
  }
}

/** Nothing that people write is nested as deeply. */
const maxDepth = 200

/** How deeply brackets are nested: the parser takes quadratic time for them, and calls itself for each level. */
function bracketDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1)
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function parsedDocument(text: string, lineCounter: LineCounter, customTags: Tags, tooDeep: (cause: unknown) => Problem) {
  if (bracketDepth(text) > maxDepth) throw tooDeep(undefined)
  try {
    return parseDocument(text, { lineCounter, customTags, logLevel: 'error' })
  } catch (cause) {
    throw tooDeep(cause)
  }
}

/**
 * Reads YAML against a schema.
 * @throws Problem with the code of `source` that names line and field
 */
export function readYaml<T>(text: string, schema: z.ZodType<T>, source: DocumentSource): T {
  const document = readYamlDocument(text, source)
  return checkedDocument(schema, document.value, document.source)
}
