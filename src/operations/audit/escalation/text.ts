import type { Escalation, Hop } from './search.ts'

function shortName(arn: string): string {
  return arn.slice(arn.indexOf(':', arn.indexOf('::') + 2) + 1)
}

/** A description of a step, with the actions that it requires. */
export function hopText({ from, to, move }: Hop): string {
  const end = to === undefined ? 'and become administrator' : `and act as ${shortName(to)}`
  return `${shortName(from)}: ${move.words} (${move.actions.join(', ')}), ${end}`
}

/**
 * The permission to remove to close the path. It belongs to the first step, so other principals are not affected. The
 * first action of a step is the one that grants access.
 */
export function cutText({ cut: { action, place, complete } }: Escalation): string {
  const words = `remove ${action}${place === undefined ? '' : ` from ${place}`}, or restrict it to the resources that it needs`
  return complete ? words : `${words}; other paths remain`
}
