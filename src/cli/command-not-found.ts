import type { Hook } from '@oclif/core'
import { Problem } from '../domain/problem.ts'
import { nearest } from '../operations/customers/index.ts'
import { errorText, shownError } from './errors.ts'

/** @param words all that was typed before the first flag: oclif takes all of it for the command's name */
function problemOf(words: readonly string[], known: readonly string[]): Problem {
  const [typed = '', first = ''] = [words.slice(0, 2).join(' '), words[0]]
  const complete = known.find((name) => name === typed || name === first)
  if (complete !== undefined) {
    const rest = words.slice(complete.split(' ').length).join(' ')
    return new Problem('usage', `"${complete}" takes no "${rest}".`, { next: `apigw ${complete} --help` })
  }
  const meant = nearest(typed, known) ?? nearest(first, known)
  const guess = meant === undefined ? '.' : `; did you mean "${meant}"?`
  const next = meant === undefined ? 'apigw --help' : `apigw ${meant} --help`
  return new Problem('usage', `There is no command "${typed}"${guess}`, { next })
}

/** An unknown command is wrong usage like any other: exit code 2, with the nearest one that exists. */
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
