import { Errors } from '@oclif/core'
import { apigw, type NextStep, nextText } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { recordOf } from '../domain/record.ts'
import { nearest } from '../operations/customers/index.ts'
import { plain, styled } from '../presenters/output.ts'

/** The hint for an error that is a bug. */
const reportHint = 'This is a bug in apigw. Run the command again with DEBUG=apigw for the stack trace, and please report it.'

/** An error as a command shows it, on the terminal and as JSON. */
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
  message: 'Interrupted. No further changes were made.',
  next: undefined,
  exit: 130,
}

/** Adds the nearest known flag to an error about an unknown one. */
function withNearestFlag(message: string, error: Error): string {
  const typed = /^Nonexistent flag: --(\S+)$/.exec(message)?.[1]
  const parse = recordOf('parse' in error ? error.parse : undefined)
  const known = Object.keys(recordOf(recordOf(parse.input).flags))
  const meant = typed === undefined ? undefined : nearest(typed, known)
  return meant === undefined ? message : `${message}; did you mean --${meant}?`
}

/** An error of oclif's parser in one line, without its `--help` hint: that is shown as the next step. */
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

/**
 * An error as a command shows it.
 * @param textOf renders the next step
 */
export function shownError(
  error: unknown,
  commandId: string,
  textOf: (next: NextStep) => string = (next) => nextText(next),
): ShownError {
  const help = nextText(apigw(commandId.replaceAll(':', ' '), '--help'))
  if (error instanceof Problem) {
    // A usage error always points to the help.
    const next = error.step !== undefined ? textOf(error.step) : error.exit === 2 ? help : undefined
    return { code: error.code, message: error.message, next, exit: error.exit }
  }
  if (!(error instanceof Error)) return { code: 'internal-error', message: String(error), next: reportHint, exit: 1 }
  if (error.name === 'ExitPromptError' || error.name === 'AbortPromptError') return interrupted
  // Only oclif's parser throws these. For the value of a single flag it throws the base class.
  if (error instanceof Errors.CLIError) {
    return { code: 'usage', message: withNearestFlag(parseMessage(error), error), next: help, exit: 2 }
  }
  return { code: 'internal-error', message: error.message, next: reportHint, exit: 1, stack: error.stack }
}

/** The text of an error: what happened, why, and the next step. */
export function errorText(shown: ShownError, debug: boolean): string {
  const [first = '', ...more] = shown.message.split('\n').map(plain)
  const lines = [`${styled('red', 'Error:', process.stderr)} ${first}`, ...more.map((line) => `  ${line}`)]
  if (shown.next !== undefined) lines.push(`${styled('dim', 'Next:', process.stderr)}  ${shown.next}`)
  if (debug && shown.stack !== undefined) lines.push(shown.stack)
  return lines.join('\n')
}
