import { type Entry, type List, type Place, type RuleSample, type SampledRequest, shortText } from '../operations/waf/index.ts'
import { iso } from './output.ts'

/** An entry for `--json`. */
export function entryJson({ list, address, state, note }: Entry) {
  return {
    list,
    address,
    state,
    since: iso(note?.at),
    until: note === null || note.until === null ? null : iso(note.until),
    by: note?.by ?? null,
    from: note?.from ?? null,
    reason: note?.reason ?? null,
  }
}

const states = { block: 'blocked', allow: 'allowed' } as const satisfies Record<List, string>

/** The result for one address that a command put into a list. */
export function addedText(list: List, address: string, until: number | null, added: boolean): string {
  const end = until === null ? 'until it is removed' : `until ${new Date(until).toISOString()}`
  return `${shortText(address)} ${added ? 'is' : 'was already'} ${states[list]}, ${added ? '' : 'now '}${end}.`
}

export function placeText({ list, address }: Place): string {
  return `${shortText(address)} (${list})`
}

const maxShown = 5

/** The first addresses of a list, and the number of the others. */
export function addressesText(texts: readonly string[]): string {
  const more = texts.length - maxShown
  return texts.slice(0, maxShown).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

const maxCell = 60

function truncated(text: string): string {
  return text.length <= maxCell ? text : `${text.slice(0, maxCell - 1)}…`
}

function requestRow({ rule, inner, at, action, address, country, method, uri, userAgent }: SampledRequest): string[] {
  const which = inner === null ? rule : `${rule}: ${inner}`
  const time = iso(at ?? undefined) ?? ''
  return [time, which, action.toLowerCase(), address, country, method, truncated(uri), truncated(userAgent)]
}

/** The heading of a table of sampled requests. */
export const sampleHead = ['at', 'rule', 'action', 'address', 'country', 'method', 'path', 'client']

/** Sampled requests for a table. Long values are truncated, so that a row stays one line. */
export function sampleRows({ requests }: RuleSample): string[][] {
  return requests.map(requestRow)
}

/** A sample for `--json`. */
export function sampleJson({ requests, ...sample }: RuleSample) {
  return { ...sample, requests: requests.map(({ at, ...request }) => ({ at: iso(at ?? undefined), ...request })) }
}
