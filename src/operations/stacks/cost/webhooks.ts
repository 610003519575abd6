import { hoursAMonth } from '../../../domain/aws-prices.ts'
import type { Charge } from '../../../domain/cost-charges.ts'
import { quantityOf } from '../../../domain/dollars.ts'
import type { Part } from './billed.ts'

/** What the function of webhooks reads at each start, in read units: the two lists of endpoints, which are short. */
export const readsAStart = 2
/** What it reads for an endpoint without events: how far it is, events beside the reports, and whether there is a report. */
export const readsAnEndpoint = 4
const startsAMonth = hoursAMonth * 60
/** A start without events waits for two answers of DynamoDB. It is billed by the millisecond, and a second is generous. */
const secondsAStart = 1
const gigabytes = 0.25

/** The function that sends events, without an event. It is outside the network, so no NAT gateway or endpoint is there for it. */
export function webhookPart(): Part {
  const charges: readonly Charge[] = [
    { key: 'functionCall', quantity: quantityOf(startsAMonth) },
    { key: 'functionGigabyteSecond', quantity: quantityOf(startsAMonth * gigabytes * secondsAStart) },
    { key: 'tableRead', quantity: quantityOf(startsAMonth * readsAStart) },
  ]
  const unit = `${startsAMonth.toLocaleString('en')} starts of a function, without NAT`
  return { service: 'Lambda', part: 'webhooks', unit, count: 1, charges }
}

/** What each endpoint without events costs a month, in read units. */
export const endpointReadsAMonth = readsAnEndpoint * startsAMonth
