import { Problem } from '../domain/problem.ts'
import { ask } from './prompts.ts'

/**
 * Requires confirmation, by --yes or typed on the terminal.
 * @throws Problem `input-missing` without a terminal, `declined`
 */
export async function confirm(question: string, how: { yes: boolean; interactive: boolean }): Promise<void> {
  if (how.yes) return
  if (!how.interactive) {
    throw new Problem('input-missing', `${question} Confirmation required, and there is no terminal to ask on.`, {
      next: 'add --yes',
    })
  }
  const typed = await ask({ message: `${question} Type yes to confirm` })
  if (typed.toLowerCase() !== 'yes') throw new Problem('declined', 'Not confirmed. Nothing was changed.')
}
