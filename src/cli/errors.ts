import { Errors } from '@oclif/core'
import { Problem } from '../domain/problem.ts'
import { nearest } from '../operations/customers/index.ts'
import { plain, styled } from './output.ts'

/** Where a person tells us of a bug. */
const reportHint = 'This is a bug in apigw. Run it again with DEBUG=apigw to see where, and please report that.'

/** What a command shows of an error, on the terminal and as JSON. */
export interface ShownError {
  readonly code: string
  readonly message: string
  readonly next: string | undefined
  readonly exit: number
  /** Only for a bug. */
  readonly stack?: string | undefined
}

const interrupted: ShownError = {
  code: 'interrupted',
  message: 'Interrupted. Nothing more was changed.',
  next: undefined,
  exit: 130,
}

/** A slip of the finger in a flag's name, with the one that was probably meant. */
function withNearestFlag(message: string, error: Error): string {
  const typed = /^Nonexistent flag: --(\S+)$/.exec(message)?.[1]
  const parse = 'parse' in error ? Object(error.parse) : {}
  const known = Object.keys(Object(Object(parse.input).flags))
  const meant = typed === undefined ? undefined : nearest(typed, known)
  return meant === undefined ? message : `${message}; did you mean --${meant}?`
}

/** What oclif says of wrong arguments, in one line and without the hint to `--help` that we put where all hints stand. */
function parseMessage(error: Error): string {
  return error.message
    .replace(/\s*See more help with --help\s*$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replaceAll(/Missing required flag (?!-)/g, 'Missing required flag --')
    .replaceAll(/:\s*\n\s*/g, ': ')
    .replaceAll(/\s*\n\s*/g, '; ')
    .trim()
}

export function shownError(error: unknown, commandId: string): ShownError {
  const help = `apigw ${commandId.replaceAll(':', ' ')} --help`
  if (error instanceof Problem) {
    // Whoever typed something wrong is always told where to read on.
    const next = error.next ?? (error.exit === 2 ? help : undefined)
    return { code: error.code, message: error.message, next, exit: error.exit }
  }
  if (!(error instanceof Error)) return { code: 'internal-error', message: String(error), next: reportHint, exit: 1 }
  if (error.name === 'ExitPromptError' || error.name === 'AbortPromptError') return interrupted
  // Only oclif's parser throws these; what it could not read of a single flag comes as the plain class.
  if (error instanceof Errors.CLIError) {
    return { code: 'usage', message: withNearestFlag(parseMessage(error), error), next: help, exit: 2 }
  }
  return { code: 'internal-error', message: error.message, next: reportHint, exit: 1, stack: error.stack }
}

/** Three lines at most: what happened, why, what to do next. */
export function errorText(shown: ShownError, debug: boolean): string {
  const [first = '', ...more] = shown.message.split('\n').map(plain)
  const lines = [`${styled('red', 'Error:', process.stderr)} ${first}`, ...more.map((line) => `  ${line}`)]
  if (shown.next !== undefined) lines.push(`${styled('dim', 'Next:', process.stderr)}  ${shown.next}`)
  if (debug && shown.stack !== undefined) lines.push(shown.stack)
  return lines.join('\n')
}
