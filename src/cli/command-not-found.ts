import type { Hook } from '@oclif/core'
import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { nearest } from '../operations/customers/index.ts'
import { errorText, shownError } from './errors.ts'

/** @param words the words before the first flag, which oclif passes as the name of the command */
function problemOf(words: readonly string[], known: readonly string[]): Problem {
  const [typed = '', first = ''] = [words.slice(0, 2).join(' '), words[0]]
  const complete = known.find((name) => name === typed || name === first)
  if (complete !== undefined) {
    const rest = words.slice(complete.split(' ').length).join(' ')
    return new Problem('usage', `"${complete}" does not take the argument "${rest}".`, { next: apigw(complete, '--help') })
  }
  const suggestion = nearest(typed, known) ?? nearest(first, known)
  const guess = suggestion === undefined ? '.' : `; did you mean "${suggestion}"?`
  const next = suggestion === undefined ? 'apigw --help' : apigw(suggestion, '--help')
  return new Problem('usage', `Unknown command "${typed}"${guess}`, { next })
}

/** Reports an unknown command as a usage error (exit code 2), with the nearest known command. */
const hook: Hook.CommandNotFound = async (options) => {
  const known = options.config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '))
  const shown = shownError(problemOf(options.id.split(':'), known), options.id)
  if (options.argv?.includes('--json')) {
    const { code, message, next } = shown
    process.stdout.write(`${JSON.stringify({ error: { code, message, next } }, null, 2)}\n`)
  } else process.stderr.write(`${errorText(shown, false)}\n`)
  process.exit(shown.exit)
}

export default hook
