import { missingPrices } from '../domain/cost-lines.ts'
import { dollarsExact } from '../domain/dollars.ts'
import { type NextStep, nextText } from '../domain/next-step.ts'
import type { CostWarning, ShownCost } from '../operations/cost/index.ts'
import {
  customerJson,
  customersTable,
  explainedText,
  lineJson,
  money,
  servicesJson,
  serviceTable,
  sumJson,
  sumText,
  unknownText,
  wrapped,
} from './cost.ts'
import { count, iso, plain, styled } from './output.ts'

type TextOf = (next: NextStep) => string

function warningText({ name, text, dollars, next }: CostWarning, textOf: TextOf): string {
  const cost = dollars === undefined ? '' : ` (${money(dollars)} a month)`
  const words = wrapped(plain(`${name}: ${text}${cost}`), 80, '  ').slice(2)
  return `${styled('yellow', '!')} ${words}\n    ${styled('dim', 'next:')} ${plain(textOf(next))}`
}

function customers({ customers: all, messages, aMillion }: ShownCost): string[] {
  if (messages === undefined) return []
  if (messages === 0) return ['', 'No message was accepted this month.']
  const shownCustomers = 20
  const shown = all.slice(0, shownCustomers)
  const more = all.length - shown.length
  return [
    '',
    `A million messages: ${aMillion === undefined ? 'unknown' : money(aMillion)}, of ${count(messages)} that were accepted.`,
    '',
    customersTable(shown),
    ...(more > 0 ? [`and ${count(more)} more; --json has all.`] : []),
  ]
}

export function shownText(shown: ShownCost, stage: string, explain: boolean, textOf: TextOf = nextText): string {
  const { region, source, freeTier, span, lines, soFar, heading, warnings, notRead, metrics, readingCost } = shown
  const [from, to] = [iso(span.start)?.slice(0, 10), iso(span.end)?.slice(0, 16).replace('T', ' ')]
  const reading = readingCost === undefined ? '' : ` This reading cost ${money(readingCost)} (${count(metrics)} metrics).`
  return [
    ...(explain ? [explainedText(lines), ''] : []),
    styled('bold', `${stage} in ${region}: ${sumText(soFar)} so far, heading to ${sumText(heading)}`),
    `  from ${from} to ${to} UTC`,
    '',
    serviceTable(lines),
    ...customers(shown),
    ...(warnings.length === 0 ? [] : ['', ...warnings.map((one) => warningText(one, textOf))]),
    ...notRead.map(({ what, why }) => `\n${wrapped(`Not read: ${what}. ${why} What they say is missing here.`)}`),
    ...unknownText(lines),
    '',
    wrapped(
      `Prices: ${source}; ${freeTier ? 'free tiers are subtracted' : 'free tiers are not subtracted'}. Not included: traffic to the internet and between zones, storage of tables, metrics in logs, GuardDuty, taxes.${reading}`,
    ),
  ].join('\n')
}

function warningJson({ what, name, text, dollars, next }: CostWarning, textOf: TextOf) {
  return { what, name, text, dollarsAMonth: dollars === undefined ? null : dollarsExact(dollars), next: textOf(next) }
}

export function shownJson(shown: ShownCost, textOf: TextOf = nextText) {
  const { region, source, freeTier, span, month, lines, soFar, heading, messages, aMillion, notRead, metrics } = shown
  return {
    ...{ region, source, freeTier },
    ...{ from: iso(span.start), until: iso(span.end), monthEnds: iso(month.end) },
    ...{ soFar: sumJson(soFar), heading: sumJson(heading), messages: messages ?? null },
    aMillion: aMillion === undefined ? null : dollarsExact(aMillion),
    services: servicesJson(lines),
    customers: shown.customers.map(customerJson),
    warnings: shown.warnings.map((one) => warningJson(one, textOf)),
    ...{ notRead, missing: missingPrices(lines) },
    reading: { metrics, dollars: shown.readingCost === undefined ? null : dollarsExact(shown.readingCost) },
    lines: lines.map(lineJson),
  }
}
