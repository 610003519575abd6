import { dollarsExact } from '../domain/dollars.ts'
import type { Comparison, EgressOptions, Impossible, Options, PollingOption } from '../operations/cost/index.ts'
import { money, rightAligned, sumJson, sumText, wrapped } from './cost.ts'
import { count, styled, table } from './output.ts'

function pollingTable(polling: readonly PollingOption[]): string {
  const columns = [
    rightAligned(
      polling.map(({ requestsAMonth }) => count(requestsAMonth)),
      'requests',
    ),
    rightAligned(
      polling.map(({ dollars }) => (dollars === undefined ? 'unknown' : money(dollars))),
      'a month',
    ),
    rightAligned(
      polling.map(({ shortPollEvery }) => `${count(shortPollEvery)} s`),
      'as a poll each',
    ),
  ]
  return table(
    ['one empty queue', 'requests', 'a month', 'as a poll each'],
    polling.map(({ how }, at) => [how, ...columns.map((column) => column[at] ?? '')]),
  )
}

function egressText({ endpoints, nat, endpointsAbove, taken }: EgressOptions): string {
  const [one, other] = [endpoints, nat].map((dollars) => (dollars === undefined ? 'price unknown' : money(dollars)))
  const above =
    endpointsAbove === undefined
      ? 'The break-even is unknown.'
      : endpointsAbove === 0
        ? 'Endpoints cost less at any traffic.'
        : `Endpoints cost less above ${count(endpointsAbove)} GB a month.`
  return wrapped(`egress: endpoints ${one}, NAT ${other}, without traffic. ${above} This stage uses ${taken}.`)
}

function breakEvenText({ first, second, breakEven }: Comparison): string {
  const [one, other] = [first.name, second.name]
  switch (breakEven.kind) {
    case 'unknown':
      return 'They differ in something whose price is unknown, so there is no break-even.'
    case 'always':
      if (breakEven.cheaper === 'equal') return 'They cost the same.'
      return `${breakEven.cheaper === 'first' ? one : other} costs less at any traffic.`
    case 'at': {
      const [below, above] = breakEven.below === 'first' ? [one, other] : [other, one]
      return `${below} costs less below ${count(breakEven.messages)} messages a month, ${above} from there on.`
    }
  }
}

function comparisonText(one: Comparison | Impossible): string {
  if ('why' in one) return wrapped(`${one.what}: no choice here. ${one.why}`)
  const { what, first, second } = one
  const sums = `${first.name} ${sumText(first.sum)}, ${second.name} ${sumText(second.sum)}.`
  return wrapped(`${what}: ${sums} ${breakEvenText(one)}`)
}

export function optionsText({ polling, egress, compared }: Options): string {
  return [
    styled('bold', 'Options, each with all else as it is'),
    pollingTable(polling),
    '',
    ...(egress === undefined ? [] : [egressText(egress)]),
    ...compared.map(comparisonText),
  ].join('\n')
}

export function optionsJson({ polling, egress, compared }: Options) {
  return {
    polling: polling.map(({ dollars, ...one }) => ({ ...one, dollars: dollars === undefined ? null : dollarsExact(dollars) })),
    egress: egress === undefined ? null : egressJson(egress),
    compared: compared.map((one) => {
      if ('why' in one) return one
      const { what, first, second, breakEven } = one
      return {
        what,
        first: { name: first.name, ...sumJson(first.sum) },
        second: { name: second.name, ...sumJson(second.sum) },
        breakEven,
      }
    }),
  }
}

function egressJson({ endpoints, nat, endpointsAbove, taken }: EgressOptions) {
  return {
    endpoints: endpoints === undefined ? null : dollarsExact(endpoints),
    nat: nat === undefined ? null : dollarsExact(nat),
    endpointsAboveGigabytes: endpointsAbove ?? null,
    taken,
  }
}
