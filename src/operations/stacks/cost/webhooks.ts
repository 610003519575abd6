import type { Part } from './billed.ts'
import { hoursAMonth, type Prices } from './prices.ts'

/** What the function of webhooks reads at each start, in read units: the two lists of endpoints, which are short. */
export const readsAStart = 2
/** What it reads for an endpoint without events: how far it is, events beside the reports, and whether there is a report. */
export const readsAnEndpoint = 4
const startsAMonth = hoursAMonth * 60
/** A start without events waits for two answers of DynamoDB. It is billed by the millisecond, and a second is generous. */
const secondsAStart = 1
const gigabytes = 0.25

/** What one start costs: the call, its time and its reads. */
function startPrice({ functionCall, functionGigabyteSecond, tableRead }: Prices): number | undefined {
  if (functionCall === undefined || functionGigabyteSecond === undefined || tableRead === undefined) return undefined
  return functionCall + functionGigabyteSecond * gigabytes * secondsAStart + tableRead * readsAStart
}

/** The function that sends events, without an event. It is outside the network, so no NAT gateway or endpoint is there for it. */
export function webhookPart(price: Prices): Part {
  const each = startPrice(price)
  return {
    part: 'webhooks',
    unit: `${startsAMonth.toLocaleString('en')} starts of a function, without NAT`,
    count: 1,
    dollarsEach: each === undefined ? undefined : each * startsAMonth,
  }
}

/** What each endpoint without events costs a month, in read units. */
export const endpointReadsAMonth = readsAnEndpoint * startsAMonth
