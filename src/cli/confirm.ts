import { Problem } from '../domain/problem.ts'
import { ask } from './prompts.ts'

/**
 * Goes on only after a yes: by the flag, or typed.
 * @throws Problem `input-missing` where nobody can be asked, `declined`
 */
export async function confirmed(question: string, how: { yes: boolean; interactive: boolean }): Promise<void> {
  if (how.yes) return
  if (!how.interactive) {
    throw new Problem('input-missing', `${question} That wants a yes, and there is no terminal to ask on.`, { next: 'add --yes' })
  }
  const typed = await ask({ message: `${question} Type yes to go on` })
  if (typed.toLowerCase() !== 'yes') throw new Problem('declined', 'That was no yes; nothing was changed.')
}
