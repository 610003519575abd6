import type { Escalation, Hop } from './search.ts'

function shortName(arn: string): string {
  return arn.slice(arn.indexOf(':', arn.indexOf('::') + 2) + 1)
}

/** One step in words, with the actions that it takes. */
export function sentenceOf({ from, to, move }: Hop): string {
  const end = to === undefined ? 'and have all rights' : `and act as ${shortName(to)}`
  return `${shortName(from)}: ${move.words} (${move.actions.join(', ')}), ${end}`
}

/**
 * The one place whose removal cuts the way. The first step is the principal's own, so taking it away takes nothing
 * from anybody else; of its actions the one that hands out rights counts, not the one that only starts something.
 */
export function cutOf({ cut: { action, place, complete } }: Escalation): string {
  const words = `take ${action}${place === undefined ? '' : ` from ${place}`}, or name the few resources that it needs`
  return complete ? words : `${words}; other ways remain then`
}
