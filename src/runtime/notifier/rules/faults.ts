import { type DocumentSource, fieldProblem } from '../../../domain/document.ts'
import type { Problem } from '../../../domain/problem.ts'
import { compilePattern, PatternFault } from './event-pattern.ts'

/** A rule's document. @param name its file, or where else it is kept */
export function ruleSource(name: string): DocumentSource {
  return { name, code: 'rule-invalid', next: 'correct it, or see docs/rules.md' }
}

/** @param place the file, then the field */
export function ruleProblem(place: string, message: string): Problem {
  return fieldProblem(ruleSource(place), [], message)
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
