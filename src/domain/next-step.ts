import { recordOf } from './record.ts'

/** A command of apigw as data, so that the flags of the current place can be added where it is shown. */
export interface NextCommand {
  /** The words of the command, such as `customer show`. */
  readonly command: string
  readonly args: readonly string[]
}

/** What to do next: a hint in words, a command, or words with commands among them. */
export type NextStep = string | NextCommand | readonly (string | NextCommand)[]

/** The command of apigw to run next: `apigw('customer show', 'acme')`. */
export function apigw(command: string, ...args: readonly string[]): NextCommand {
  return { command, args }
}

function partsOf(next: NextStep): readonly (string | NextCommand)[] {
  return typeof next === 'string' || 'command' in next ? [next] : next
}

/** Words with commands among them: step`see its log: ${apigw('logs', 'admin')}`. */
export function step(words: readonly string[], ...values: readonly NextStep[]): NextStep {
  const parts = words.flatMap((word, at) => [word, ...(at < values.length ? partsOf(values[at] ?? '') : [])])
  return parts.filter((part) => part !== '')
}

/** A value as one word of a shell. */
function shellWord(value: string): string {
  return /^[\w@%+=:,./…-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}

/**
 * The text of a next step.
 * @param flagsFor the flags to add to a command; none unless given
 */
export function nextText(next: NextStep, flagsFor: (command: NextCommand) => readonly string[] = () => []): string {
  const shown = (part: string | NextCommand): string =>
    typeof part === 'string' ? part : ['apigw', part.command, ...[...part.args, ...flagsFor(part)].map(shellWord)].join(' ')
  return partsOf(next).map(shown).join('')
}

function isPart(value: unknown): value is string | NextCommand {
  if (typeof value === 'string') return true
  const { command, args } = recordOf(value)
  return typeof command === 'string' && Array.isArray(args) && args.every((arg) => typeof arg === 'string')
}

/** Whether a value that came over the network is a next step. */
export function isNextStep(value: unknown): value is NextStep {
  return Array.isArray(value) ? value.every(isPart) : isPart(value)
}
