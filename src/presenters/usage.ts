import { type Amount, endings, openOf, type Spent, type Used } from '../domain/usage-lines.ts'
import type { CustomerUsage, ShownUsage } from '../operations/usage/index.ts'
import { count, iso, table } from './output.ts'

const heading = ['accepted', 'units', 'unsent', 'delivered', 'not delivered', 'open', 'refused calls']

function cells(used: Used): string[] {
  const { accepted, unsent, ended, refused } = used
  const lost = endings.filter((ending) => ending !== 'delivered').reduce((sum, ending) => sum + ended[ending].messages, 0)
  return [accepted.messages, accepted.units, unsent.messages, ended.delivered.messages, lost, openOf(used), refused].map(count)
}

export function usageText({ customer, environment, by, groups }: ShownUsage): string {
  if (groups.length === 0) return `${customer} used nothing in ${environment} in this period.`
  return table(
    [by, ...heading],
    groups.map(({ name, ...used }) => [name, ...cells(used)]),
  )
}

export function topText(customers: readonly CustomerUsage[]): string {
  if (customers.length === 0) return 'No customer used anything in this period.'
  return table(
    ['customer', ...heading],
    customers.map(({ customer, ...used }) => [customer, ...cells(used)]),
  )
}

/** What was used, for `--json`. */
export function usedJson(used: Used) {
  const { accepted, unsent, repaid, ended, refused } = used
  const over: Record<string, Amount> = ended
  return { accepted, unsent, repaid, ended: over, open: openOf(used), refusedCalls: refused }
}

export function usageJson({ customer, environment, timeZone, period, by, groups }: ShownUsage) {
  const shown = groups.map(({ name, ...used }) => ({ name, ...usedJson(used) }))
  return { customer, environment, timeZone, from: iso(period.start), until: iso(period.end), by, groups: shown }
}

/** What was spent by what; '' where nothing was. */
export function spentText(name: string, spent: readonly Spent[]): string {
  if (spent.length === 0) return ''
  const rows = spent.map(({ type, route, messages, units, returned }) => [
    ...[type, route],
    ...[messages, units, returned].map(count),
  ])
  return `\n\n${table([name, 'route', 'messages', 'units', 'returned'], rows)}`
}
