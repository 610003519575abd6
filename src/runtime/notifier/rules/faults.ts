import type * as z from 'zod'
import { Problem } from '../../../domain/problem.ts'
import { compilePattern, PatternFault } from './event-pattern.ts'

const next = 'correct it, or see docs/rules.md'

/** @param place the file, then the field */
export function ruleProblem(place: string, message: string): Problem {
  return new Problem('rule-invalid', `${place}: ${message.replace(/\.$/, '')}.`, { next })
}

/**
 * Checks a value from a file against its schema.
 * @throws Problem `rule-invalid` that names file and field
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const field = [...(issue?.path ?? []), ...unknown].join('.')
  throw ruleProblem(field === '' ? file : `${file}, ${field}`, issue?.message ?? 'is not valid')
}

/** Makes a test out of a pattern of a file. @throws Problem `rule-invalid` that names file and place */
export function compiledPattern(pattern: unknown, file: string): (event: unknown) => boolean {
  try {
    return compilePattern(pattern)
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error
    throw ruleProblem(`${file}, ${error.place === '' ? 'pattern' : `pattern.${error.place}`}`, error.message)
  }
}
