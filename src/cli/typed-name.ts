import { apigw, type NextCommand } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { ask } from './prompts.ts'

/**
 * Requires names to be typed, on the terminal or with `--confirm`, because a "yes" is too easily typed when data is lost.
 * @param names the names that must be typed
 * @throws Problem `data-loss` without a terminal, `declined`
 */
export async function confirmNames(
  what: string,
  names: readonly string[],
  how: { confirmed: readonly string[]; interactive: boolean; next: NextCommand },
): Promise<void> {
  for (const name of names) {
    if (how.confirmed.includes(name)) continue
    if (!how.interactive) {
      throw new Problem('data-loss', `${what} Confirmation required, and there is no terminal to ask on.`, {
        next: apigw(how.next.command, ...how.next.args, '--confirm', name),
      })
    }
    const typed = await ask({ message: `${what} Type ${name} to confirm` })
    if (typed !== name) throw new Problem('declined', 'The name does not match. Nothing was changed.')
  }
}
