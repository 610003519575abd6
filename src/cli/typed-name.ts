import { Problem } from '../domain/problem.ts'
import { ask } from './prompts.ts'

/**
 * Goes on only after a name was typed, here or with `--confirm`: a yes is too quickly said where data goes.
 * @param names all that have to be typed
 * @throws Problem `data-loss` where nobody can be asked, `declined`
 */
export async function typedNames(
  what: string,
  names: readonly string[],
  how: { confirmed: readonly string[]; interactive: boolean; next: string },
): Promise<void> {
  for (const name of names) {
    if (how.confirmed.includes(name)) continue
    if (!how.interactive) {
      throw new Problem('data-loss', `${what} That wants the name to be typed, and there is no terminal to ask on.`, {
        next: `${how.next} --confirm ${name}, if that is meant`,
      })
    }
    const typed = await ask({ message: `${what} Type ${name} to go on` })
    if (typed !== name) throw new Problem('declined', 'That was another name; nothing was changed.')
  }
}
