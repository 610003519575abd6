import { type Price, unitOf } from '../domain/aws-prices.ts'
import { type CostLine, type CostSum, missingPrices, type PricedCharge, sumByService, sumLines } from '../domain/cost-lines.ts'
import { type Traffic, trafficTexts } from '../domain/cost-traffic.ts'
import { csvText } from '../domain/csv-text.ts'
import { type Dollars, dollarsExact, dollarsFixed, quantityNumber, quantityText, rateText } from '../domain/dollars.ts'
import type { CustomerCost, Estimate } from '../operations/cost/index.ts'
import { count, plain, styled, table } from './output.ts'

/** Cents, or as many decimals as a small amount needs to be seen. */
export function money(dollars: Dollars): string {
  const cents = dollarsFixed(dollars)
  return dollars !== 0n && /^-?0\.0\d$/.test(cents) ? `$${dollarsFixed(dollars, 4)}` : `$${cents}`
}

export function sumText({ dollars, atLeast }: CostSum): string {
  return `${atLeast ? 'at least ' : ''}${money(dollars)}`
}

const unknownPrice = 'price unknown'

/** A column of numbers, aligned on the right. */
export function rightAligned(cells: readonly string[], head: string): string[] {
  const width = Math.max(head.length, ...cells.map(({ length }) => length))
  return cells.map((cell) => cell.padStart(width))
}

/** A sum without "at least": a plus sign after it says the same in less room. */
const shortSum = ({ dollars, atLeast }: CostSum): string => `${money(dollars)}${atLeast ? '+' : ' '}`

/** A table with what is billed without traffic, and by traffic, for each service. */
export function serviceTable(lines: readonly CostLine[]): string {
  const kinds = ['standing', 'use'] as const
  const row = (some: readonly CostLine[]): string[] => [
    ...kinds.map((kind) => shortSum(sumLines(some.filter((line) => line.kind === kind)))),
    shortSum(sumLines(some)),
  ]
  const services = sumByService(lines).map(({ service }) => service)
  const rows = [...services.map((service) => row(lines.filter((line) => line.service === service))), row(lines)]
  const head = ['standing', 'by use', 'total']
  const columns = head.map((title, at) =>
    rightAligned(
      rows.map((cells) => cells[at] ?? ''),
      title,
    ),
  )
  return table(
    ['service', ...head.map((title, at) => title.padStart(columns[at]?.[0]?.length ?? 0))],
    [...services, 'total'].map((service, at) => [service, ...columns.map((column) => column[at] ?? '')]),
  )
}

export function unknownText(lines: readonly CostLine[]): string[] {
  const missing = missingPrices(lines)
  const unpriced = lines.filter(({ dollars, charges }) => dollars === undefined && charges.length === 0)
  const names = [...missing, ...unpriced.map(({ what }) => what)]
  if (names.length === 0) return []
  return ['', wrapped(`Price unknown: ${names.join(', ')}. A sum with + is at least that. Say them in a file of --prices.`)]
}

/** What each customer costs, in proportion to its messages. */
export function customersTable(customers: readonly CustomerCost[]): string {
  const heads = ['messages', 'by use', 'standing'] as const
  const cells = customers.map(({ messages, use, standing }) => [count(messages), money(use), money(standing)])
  const columns = heads.map((head, at) =>
    rightAligned(
      cells.map((row) => row[at] ?? ''),
      head,
    ),
  )
  const rows = customers.map(({ customer }, at) => [customer ?? '', ...columns.map((column) => column[at] ?? '')])
  return table(['customer', ...heads.map((head, at) => head.padStart(columns[at]?.[0]?.length ?? 0))], rows)
}

function customersText(customers: readonly CustomerCost[], traffic: Traffic): string[] {
  const [only] = customers
  if (only === undefined || traffic.messages === 0) return []
  if (only.customer === null) {
    if (traffic.customers === 1) return []
    const each = `${count(only.messages)} messages, ${money(only.use)} by use and ${money(only.standing)} of what stands`
    return ['', wrapped(`Each of ${count(traffic.customers)} customers: ${each}.`)]
  }
  return ['', customersTable(customers)]
}

/** Words in lines of at most `width` columns. */
export function wrapped(text: string, width = 80, indent = ''): string {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = word
    else if (indent.length + last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => indent + line).join('\n')
}

function assumedText({ assumed, ...traffic }: Traffic): string[] {
  if (assumed.length === 0) return []
  const values = assumed.map((name) => `${trafficTexts[name]}: ${count(traffic[name])}`)
  return ['', wrapped(`Assumed, because it was not stated: ${values.join('; ')}.`)]
}

/** A quantity at its price: `100,000 requests × $0.4 per million = $0.04`. */
function chargeText({ charge, free, price, dollars }: PricedCharge): string {
  const [per, unit] = unitOf(charge.key)
  const perText = per === 1 ? '' : ` per ${count(per)}`
  const some = quantityText(charge.quantity)
  const less = free === 0n ? '' : ` − ${quantityText(free)} free`
  if (price === undefined || dollars === undefined) return `${some} ${unit}${less} × ${unknownPrice} (${charge.key})`
  const rates = price.tiers.map(({ rate }) => `$${rateText(rate, per)}`)
  return `${some} ${unit}${less} × ${rates.join(', then ')}${perText} = $${dollarsExact(dollars)}`
}

function explainedLine(line: CostLine, sources: ReadonlyMap<string, number>): string {
  const { service, what, why, charges, dollars } = line
  const amount = dollars === undefined ? unknownPrice : money(dollars)
  const head = `${service}: ${what}`.padEnd(66)
  const noted = charges.map((one) => {
    const at = one.price && sources.get(sourceText(one.price))
    return wrapped(`${chargeText(one)}${at === undefined ? '' : ` [${at}]`}`, 80, '    ')
  })
  return [`${head} ${amount.padStart(13)}`, ...(why === '' ? [] : [wrapped(why, 80, '    ')]), ...noted].join('\n')
}

const evidenceTexts = { list: 'price list', bill: 'bill', page: 'published page', file: 'your file' } as const

function sourceText({ source, date, evidence }: Price): string {
  return `${source} (${evidenceTexts[evidence]}, ${date})`
}

/** The arithmetic, line by line, with the source of each price. */
export function explainedText(lines: readonly CostLine[]): string {
  const texts = lines.flatMap(({ charges }) => charges.flatMap(({ price }) => (price === undefined ? [] : [sourceText(price)])))
  const sources = new Map([...new Set(texts)].map((text, at) => [text, at + 1]))
  const of = (kind: CostLine['kind']): string[] =>
    lines.filter((line) => line.kind === kind).map((line) => explainedLine(line, sources))
  return [
    styled('bold', 'Without traffic, in 730 hours'),
    ...of('standing'),
    '',
    styled('bold', 'By traffic'),
    ...of('use'),
    '',
    styled('bold', 'Prices in US dollars'),
    ...[...sources].map(([text, at]) => wrapped(`[${at}] ${plain(text)}`)),
  ].join('\n')
}

export function estimateText(estimate: Estimate, explain: boolean): string {
  const { region, source, freeTier, traffic, lines, standing, use, total, aMillion, customers } = estimate
  const million =
    aMillion === null ? [] : [`A million messages: ${money(aMillion.use)} by use, ${money(aMillion.total)} with what stands.`]
  const tiers = freeTier ? 'free tiers are subtracted' : 'free tiers are not subtracted'
  return [
    ...(explain ? [explainedText(lines), ''] : []),
    styled('bold', `${count(traffic.messages)} messages a month in ${region}: ${sumText(total)}`),
    `  standing ${sumText(standing)}, by use ${sumText(use)}`,
    '',
    serviceTable(lines),
    '',
    ...million,
    ...customersText(customers, traffic),
    ...unknownText(lines),
    ...assumedText(traffic),
    '',
    wrapped(`Prices: ${source}; ${tiers}. Not included: taxes, support, the trail, the hosted zone, GuardDuty, backups.`),
  ].join('\n')
}

/** A line for `--json`. Amounts are texts, because they are exact; `null`: a price is unknown. */
export function lineJson({ kind, service, what, why, charges, dollars }: CostLine) {
  return {
    ...{ kind, service, what, why },
    dollars: dollars === undefined ? null : dollarsExact(dollars),
    charges: charges.map(({ charge, free, price, dollars: each }) => ({
      price: charge.key,
      machine: 'machine' in charge ? charge.machine : null,
      quantity: quantityNumber(charge.quantity),
      free: quantityNumber(free),
      dollars: each === undefined ? null : dollarsExact(each),
      source: price?.source ?? null,
      date: price?.date ?? null,
      evidence: price?.evidence ?? null,
    })),
  }
}

export function sumJson({ dollars, atLeast }: CostSum) {
  return { dollars: dollarsExact(dollars), atLeast }
}

export function servicesJson(lines: readonly CostLine[]) {
  return sumByService(lines).map(({ service, sum }) => ({ service, ...sumJson(sum) }))
}

export function customerJson({ customer, messages, use, standing }: CustomerCost) {
  return { customer, messages, use: dollarsExact(use), standing: dollarsExact(standing) }
}

export function estimateJson(estimate: Estimate) {
  const { region, source, freeTier, traffic, lines, standing, use, total, aMillion, customers } = estimate
  return {
    ...{ region, source, freeTier, traffic },
    ...{ standing: sumJson(standing), use: sumJson(use), total: sumJson(total) },
    aMillion: aMillion && { use: dollarsExact(aMillion.use), total: dollarsExact(aMillion.total) },
    services: servicesJson(lines),
    customers: customers.map(customerJson),
    missing: missingPrices(lines),
    lines: lines.map(lineJson),
  }
}

const csvHead = ['kind', 'service', 'what', 'price', 'quantity', 'unit', 'free', 'dollars', 'source', 'date']

/** A line for each charge. An unknown price leaves the dollars empty. */
export function linesCsv(lines: readonly CostLine[]): string {
  const rows = lines.flatMap(({ kind, service, what, charges }) =>
    charges.map(({ charge, free, price, dollars }) => [
      ...[kind, service, what, 'machine' in charge ? `${charge.key} ${charge.machine}` : charge.key],
      ...[quantityNumber(charge.quantity), unitOf(charge.key)[1], quantityNumber(free)],
      ...[dollars === undefined ? '' : dollarsExact(dollars), price?.source ?? '', price?.date ?? ''],
    ]),
  )
  return csvText([csvHead, ...rows])
}
