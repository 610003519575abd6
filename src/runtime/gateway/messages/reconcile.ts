import { type OpenReservation, type Reservation, reconcileAfterMs } from '../../../domain/admission.ts'
import { messageIdOf } from '../../../domain/ids.ts'
import type { Outcome, Registry } from '../../../registry/index.ts'
import type { Ledger, Owner } from '../../ports/index.ts'
import { rangesFrom, rangesText } from './plan.ts'

/** As many as one read of the ledger takes. */
const idsARead = 100

/**
 * What the ids of a call's messages are made from, stored while the call is open: its rows, and its Idempotency-Key.
 * @returns `undefined` for a call without a key all rows of which are sent: its units and its own id say it all
 */
export function traceOf(rows: readonly number[], key: string | undefined): string | undefined {
  if (key !== undefined) return JSON.stringify([rangesText(rows), key])
  return rows.at(-1) === rows.length - 1 ? undefined : JSON.stringify([rangesText(rows)])
}

/** Makes the id of row `index` of a call. A call without a key has its reservation's id in the place of one. */
export function idsOf(
  owner: Owner,
  from: { key: string; fingerprint: string } | { reservation: string },
): (index: number) => string {
  const { customer, environment } = owner
  const source = 'key' in from ? from : { key: '', fingerprint: from.reservation }
  const { key: idempotencyKey, fingerprint } = source
  return (index) => messageIdOf({ customer, environment, idempotencyKey, fingerprint, index })
}

interface Looked {
  readonly open: OpenReservation
  /** The rows of the call, and the id of the message of each. */
  readonly rows: readonly number[]
  readonly ids: readonly string[]
}

function lookedUp(owner: Owner, open: OpenReservation): Looked {
  const { idempotency, trace, id, units, ids: keyed } = open
  if (keyed !== undefined) return { open, rows: keyed.map((_, at) => at), ids: keyed }
  const kept: unknown = trace === undefined ? [`0-${units - 1}`] : JSON.parse(trace)
  const [ranges = '', key = ''] = Array.isArray(kept) ? kept.map(String) : []
  const rows = rangesFrom(ranges)
  const source = idempotency === undefined ? { reservation: id } : { key, fingerprint: idempotency.fingerprint }
  return { open, rows, ids: rows.map(idsOf(owner, source)) }
}

/** What the ledger says of a call whose gateway never said how it ended. */
function outcomeOf({ rows, ids, open }: Looked, known: ReadonlySet<string>): Outcome {
  const missing = rows.filter((_, place) => !known.has(ids[place] ?? ''))
  if (missing.length === rows.length) return { kind: 'abandoned' }
  // No answer is kept: a repeated call asks about each of its messages again.
  if (open.ids !== undefined) return { kind: 'accepted', refund: missing.length, untaken: missing.map((row) => ids[row] ?? '') }
  const answer = open.idempotency === undefined ? {} : { response: JSON.stringify(missing) }
  return { kind: 'accepted', refund: missing.length, ...answer }
}

/** What a reconciliation did: calls that it closed, and units that it returned. */
interface Reconciled {
  readonly closed: number
  readonly returned: number
}

/**
 * Closes the open reservations of one customer that no gateway can be working on any longer. Messages that the ledger knows
 * were sent, and keep their units. The units of the others are returned. It reads at most `maxOpenListed` reservations.
 *
 * Every row has one unit, and a row's id follows from what is stored of the reservation, so nothing else is needed.
 */
export async function reconcile(
  registry: Pick<Registry, 'open' | 'settle'>,
  ledger: Pick<Ledger, 'standings'>,
  owner: Owner,
): Promise<Reconciled> {
  const { oldest, now } = await registry.open(owner.customer, owner.environment)
  const late = oldest.filter(({ admittedAt }) => now - admittedAt >= reconcileAfterMs)
  const looked = late.map((open) => lookedUp(owner, open))
  const ids = looked.flatMap((one) => one.ids)
  const known = new Set<string>()
  for (let from = 0; from < ids.length; from += idsARead) {
    const standings = await ledger.standings(owner, ids.slice(from, from + idsARead))
    for (const id of standings.keys()) known.add(id)
  }
  let closed = 0
  let returned = 0
  for (const one of looked) {
    const { idempotency, ids: keyed, ...open } = one.open
    const outcome = outcomeOf(one, known)
    const isPart = keyed !== undefined && outcome.kind === 'accepted'
    const claim = idempotency === undefined || isPart ? {} : { idempotency }
    const ofMessages = keyed === undefined ? {} : { keyed: true as const }
    const reservation: Reservation = { ...owner, ...open, ...claim, ...ofMessages, day: '', month: '', attempt: 1 }
    if (!(await registry.settle(reservation, outcome))) continue
    closed += 1
    returned += outcome.kind === 'accepted' ? (outcome.refund ?? 0) : open.units
  }
  return { closed, returned }
}
