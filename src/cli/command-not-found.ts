import type { Hook } from '@oclif/core'
import { nearest } from '../customers/index.ts'
import { Problem } from '../domain/problem.ts'
import { errorText, shownError } from './errors.ts'

/** An unknown command is wrong usage like any other: exit code 2, with the nearest one that exists. */
const hook: Hook.CommandNotFound = async (options) => {
  const typed = options.id.replaceAll(':', ' ')
  const known = options.config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '))
  const meant = nearest(typed, known)
  const problem = new Problem(
    'usage',
    `There is no command "${typed}"${meant === undefined ? '.' : `; did you mean "${meant}"?`}`,
    {
      next: meant === undefined ? 'apigw --help' : `apigw ${meant} --help`,
    },
  )
  const shown = shownError(problem, options.id)
  if (options.argv?.includes('--json')) {
    const { code, message, next } = shown
    process.stdout.write(`${JSON.stringify({ error: { code, message, next } }, null, 2)}\n`)
  } else process.stderr.write(`${errorText(shown, false)}\n`)
  process.exit(shown.exit)
}

export default hook
