import { csvText } from '../../domain/csv-text.ts'
import { environments } from '../../domain/names.ts'
import { endings, type UsageLine } from '../../domain/usage-lines.ts'
import type { OperatorRegistry } from '../../registry/index.ts'
import { periodBetween } from './period.ts'
import { readUsage } from './read.ts'
import type { Asked } from './show.ts'

/** Lines that are written together. */
const linesAtOnce = 500

export const usageColumns = [
  ...['hour', 'customer', 'environment', 'route', 'type', 'destination', 'reason'],
  ...['accepted', 'accepted_units', 'unsent', 'unsent_units', 'repaid', 'repaid_units', 'refused_calls'],
  ...endings.flatMap((ending) => [ending, `${ending}_units`]),
  'span',
]

function cellsOf(line: UsageLine): (string | number)[] {
  const { hour, span, customer, environment, route, type, destination, reason, accepted, unsent, repaid, ended, refused } = line
  const counted = [accepted, unsent, repaid].flatMap(({ messages, units }) => [messages, units])
  const over = endings.flatMap((ending) => [ended[ending].messages, ended[ending].units])
  return [
    new Date(hour).toISOString(),
    customer,
    environment,
    route,
    type,
    destination,
    reason,
    ...counted,
    refused,
    ...over,
    span,
  ]
}

/** Lines as CSV, some at a time, with a heading. */
export async function* usageCsv(lines: AsyncIterable<UsageLine>): AsyncGenerator<{ text: string; lines: number }> {
  yield { text: csvText([usageColumns]), lines: 0 }
  let waiting: (string | number)[][] = []
  for await (const line of lines) {
    waiting.push(cellsOf(line))
    if (waiting.length < linesAtOnce) continue
    yield { text: csvText(waiting), lines: waiting.length }
    waiting = []
  }
  if (waiting.length > 0) yield { text: csvText(waiting), lines: waiting.length }
}

/** What one customer, or each of them, used in a period of its calendar, in both environments. */
export async function* everyUsage(
  registry: OperatorRegistry,
  customer: string | undefined,
  asked: Omit<Asked, 'environment'>,
): AsyncGenerator<UsageLine> {
  const now = await registry.now()
  const all = await registry.customers()
  for (const { id, timeZone } of all) {
    if (customer !== undefined && id !== customer) continue
    const period = periodBetween(asked, timeZone, now)
    for (const environment of environments) yield* readUsage(registry, { customer: id, environment }, period)
  }
}
