import { isRecord } from '../domain/record.ts'
import type { AppliedCustomer, Plan, PlannedCustomer } from '../operations/configuration/index.ts'
import type { Difference } from '../registry/index.ts'
import { plain, styled } from './output.ts'

/** Values of a difference as they are shown: what a key can be checked with is known by its fingerprint. */
function shown(value: unknown): unknown {
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'digest' && name !== 'sealed'))
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return plain(value)
  if (Array.isArray(value)) return plain(value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(' '))
  if (!isRecord(value)) return String(value)
  const fields = Object.entries(value).map(([name, field]) => `${name} ${valueText(field)}`)
  return plain(fields.join(', '))
}

function differenceText({ path, before, after }: Difference): string {
  const field = plain(path.join('.'))
  if (before === undefined) return `    ${styled('green', '+')} ${field}: ${valueText(shown(after))}`
  if (after === undefined) return `    ${styled('red', '-')} ${field}: ${valueText(shown(before))}`
  return `    ${styled('yellow', '~')} ${field}: ${valueText(shown(before))} → ${valueText(shown(after))}`
}

const marks = {
  add: ['green', '+', 'new'],
  change: ['yellow', '~', 'changed'],
  conflict: ['red', '!', 'conflict'],
  refused: ['red', '!', 'refused'],
} as const satisfies Record<PlannedCustomer['action'], readonly [string, string, string]>

function plannedText({ id, file, line, action, why, differences }: PlannedCustomer): string {
  const [style, mark, words] = marks[action]
  const reason = why === undefined ? '' : `: ${plain(why)}`
  const head = `${styled(style, mark)} ${styled('bold', id)}  ${styled('dim', `${words}, ${file}:${line}`)}${reason}`
  return [head, ...differences.map(differenceText)].join('\n')
}

/** What would change, customer by customer. */
export function planText({ planned }: Pick<Plan, 'planned'>): string {
  return planned.map(plannedText).join('\n')
}

/** Customers that no file names. */
export function unfiledText(unfiled: Plan['unfiled']): string {
  return unfiled.map(({ id, state, name }) => `${styled('red', '-')} ${styled('bold', id)}  ${state}  ${plain(name)}`).join('\n')
}

export function plannedJson({ id, file, line, action, why, differences }: PlannedCustomer) {
  return {
    customer: id,
    file,
    line,
    action,
    why: why ?? null,
    differences: differences.map(({ path, before, after }) => ({
      field: path.join('.'),
      before: shown(before) ?? null,
      after: shown(after) ?? null,
    })),
  }
}

export function appliedText({ id, outcome, why }: AppliedCustomer): string {
  const style = outcome === 'failed' ? 'red' : outcome === 'suspended' ? 'yellow' : 'green'
  return `${styled('bold', id)} ${styled(style, outcome)}${why === undefined ? '' : `: ${plain(why)}`}`
}
