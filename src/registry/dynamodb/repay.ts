import { messagePeriodMs, messagePeriods, type Repayment } from '../../domain/admission.ts'
import { hasUnits, releasedMs, repaid, returnedOf } from '../../domain/settling.ts'
import { frozenDocument, frozenLevel } from '../frozen.ts'
import { type Books, type Noting, type Owner, returnedName } from './books.ts'
import { keys, ttl, unpacked } from './items.ts'
import type { Found, Job } from './lane.ts'
import { messagesOf, recordKeys, recordOf, returnsOf } from './records.ts'
import { notingsOf, type Settled } from './settle.ts'
import { type Item, type Key, keyText, number, text } from './table.ts'

/** How long a message's item stays after it is last asked for. */
const messageGraceMs = 5 * 86_400_000

/** What is known of a settlement that gave a message's units back. */
interface Release {
  readonly at: number
  /** The Idempotency-Key with which the message may have been taken again. */
  readonly again?: string
}

/** `claim`: it depends on the record of this Idempotency-Key, and was not decided. */
export type RepaySettled = Settled & { readonly claim?: string }

/** Gives the units of one message back, as a change of its customer's books. */
export class RepayJob implements Job<RepaySettled> {
  readonly #repayment: Repayment
  readonly #claim: string | undefined
  readonly #now: () => number

  /** @param claim the Idempotency-Key whose record is to be read */
  constructor(repayment: Repayment, claim: string | undefined, now: () => number) {
    this.#repayment = repayment
    this.#claim = claim
    this.#now = now
  }

  /** Books that a copy has not written yet have no mark, and a repayment would be lost with them. */
  isRefused(books: Books, found: Found): boolean {
    return books.frozen === 'all' || frozenLevel(unpacked(found.get(keyText(keys.document(frozenDocument))))) === 'all'
  }

  wants(books: Books): Key[] {
    const { customer, environment, id } = this.#repayment
    const ofMessage = [keys.message, keys.returned, keys.released].map((keyOf) => keyOf(customer, environment, id))
    const wanted = [...ofMessage, keys.document(frozenDocument)]
    return this.#claim === undefined ? wanted : [...wanted, ...recordKeys(this.#repayment, this.#claim, books)]
  }

  run(books: Books, found: Found): RepaySettled {
    const now = this.#now()
    const repayment = this.#repayment
    const { id } = repayment
    const release = releaseOf(repayment, books, found)
    const again = release !== undefined && now - release.at < releasedMs ? release.again : undefined
    if (again !== undefined && again !== this.#claim) return { settled: false, notings: [], claim: again }
    const isTakenAgain = again !== undefined && hasUnits(recordOf(repayment, again, books, found, now))
    const [stored] = messagesOf(repayment, [id], books, found, now)
    const message = stored === undefined || stored === 'accepted' ? stored : books.open.get(stored.reservation)
    const state = {
      usage: books.usage,
      isReturned: returnsOf(repayment, [id], books, found, now).length > 0,
      isReleased: release !== undefined && now - release.at < releasedMs && !isTakenAgain,
      ...(message !== undefined && { message }),
    }
    const paid = repaid(repayment, state, now)
    if (paid === undefined) return { settled: false, notings: notingsOf(books, returnedName(id), now) }
    const name = books.repay(id, paid, returnedOf(repayment, now), now)
    return { settled: true, notings: notingsOf(books, name, now) }
  }
}

function releaseOf({ customer, environment, id }: Repayment, books: Books, found: Found): Release | undefined {
  const noted = [...books.noting.values()].findLast(({ released }) => released?.includes(id))
  if (noted !== undefined) return noted
  const item = found.get(keyText(keys.released(customer, environment, id)))
  const at = number(item, 'at')
  const again = text(item, 'again')
  return at === undefined ? undefined : { at, ...(again !== undefined && { again }) }
}

/** The items of the messages of a noting. */
export function noteItems({ customer, environment }: Owner, { at, period, ids, released = [], again, returned }: Noting): Item[] {
  const itemAt = (key: Key, attributes: Item): Item => ({ pk: { S: key.pk }, sk: { S: key.sk }, ...attributes })
  const knownUntil = (period + messagePeriods + 1) * messagePeriodMs + messageGraceMs
  const accepted = ids.map((id) =>
    itemAt(keys.message(customer, environment, id), { period: { N: String(period) }, ...ttl(knownUntil) }),
  )
  const release: Item = { at: { N: String(at) }, ...(again !== undefined && { again: { S: again } }), ...ttl(at + releasedMs) }
  const back = released.map((id) => itemAt(keys.released(customer, environment, id), release))
  if (returned === undefined) return [...accepted, ...back]
  const { id, until, units, at: returnedAt } = returned
  const numbers = { until: { N: String(until) }, units: { N: String(units) }, at: { N: String(returnedAt) } }
  const mark = itemAt(keys.returned(customer, environment, id), { ...numbers, ...ttl(until) })
  return [...accepted, ...back, mark]
}
