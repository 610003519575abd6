import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Tags } from 'yaml'
import type * as z from 'zod'
import { checkedDocument, type DocumentSource } from './document.ts'
import { Problem } from './problem.ts'

interface YamlDocument {
  readonly value: unknown
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
  const document = parseDocument(text, { lineCounter, customTags })
  const [syntax] = document.errors
  if (syntax !== undefined) {
    const [what = ''] = syntax.message.split(/ at line \d+|\n/)
    throw refusal(`${name}, line ${syntax.linePos?.[0].line ?? '?'}`, what)
  }
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    const offset = offsetOf(document, path)
    return offset === undefined ? undefined : lineCounter.linePos(offset).line
  }
  try {
    return { value: document.toJS(), source: { ...source, lineOf } }
  } catch (cause) {
    // Aliases that name no anchor, or that would fill the memory.
    throw refusal(name, cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'is not valid', cause)
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
