import type * as z from 'zod'
import type { NextStep } from './next-step.ts'
import { Problem, type ProblemCode } from './problem.ts'

type Path = readonly PropertyKey[]

/** A document that a person wrote or kept, as its errors name it. */
export interface DocumentSource {
  /** The path of the file, or the name of the setting that holds the text. */
  readonly name: string
  readonly code: ProblemCode
  readonly next?: NextStep | undefined
  /** The line of a field. `undefined`: it is not known. */
  readonly lineOf?: ((path: Path) => number | undefined) | undefined
}

/** A problem of one field: `apigw.yaml, line 4, stages.dev.region: is missing.` An empty path means the whole document. */
export function fieldProblem({ name, code, next, lineOf }: DocumentSource, path: Path, message: string): Problem {
  const line = path.length === 0 ? undefined : lineOf?.(path)
  const place = [
    name,
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(path.length === 0 ? [] : [path.map(String).join('.')]),
  ]
  return new Problem(code, `${place.join(', ')}: ${message.replace(/\.$/, '')}.`, { ...(next !== undefined && { next }) })
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

function sized(origin: string, size: number | bigint): string {
  if (origin === 'string') return `${size} ${size === 1 ? 'character' : 'characters'}`
  return `${size} ${size === 1 ? 'item' : 'items'}`
}

/** zod's own messages name its types; these finish the sentence that begins with the field. */
export function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'is not a known field'
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${kinds[issue.expected] ?? `of type ${issue.expected}`}`
    case 'invalid_value':
      if (issue.input === undefined) return 'is missing'
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`
    case 'too_small':
      if (issue.origin === 'number' || issue.origin === 'int') return `must be at least ${issue.minimum}`
      return `must have at least ${sized(issue.origin, issue.minimum)}`
    case 'too_big':
      if (issue.origin === 'number' || issue.origin === 'int') return `must be at most ${issue.maximum}`
      return `must have at most ${sized(issue.origin, issue.maximum)}`
    case 'invalid_format':
      return issue.format === 'url' ? 'is not a valid URL' : undefined
    case 'invalid_union':
      if (!Array.isArray(issue.options)) return undefined
      return `must be one of ${issue.options.map(String).join(', ')}`
    default:
      return undefined
  }
}

/**
 * Checks the value of a document against its schema.
 * @throws Problem with the code of `source`; it names the document and the first field at fault, and its line if known
 */
export function checkedDocument<T>(schema: z.ZodType<T>, value: unknown, source: DocumentSource): T {
  const result = schema.safeParse(value, { error: plainMessage })
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  throw fieldProblem(source, [...(issue?.path ?? []), ...unknown], issue?.message ?? 'is not valid')
}
