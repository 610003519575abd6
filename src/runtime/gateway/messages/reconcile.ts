import { type OpenReservation, type Reservation, reconcileAfterMs, weightsOf } from '../../../domain/admission.ts'
import { messageIdOf } from '../../../domain/ids.ts'
import { kindAt, kindsOf } from '../../../domain/usage.ts'
import type { Outcome, Registry } from '../../../registry/index.ts'
import type { Ledger, Owner } from '../../ports/index.ts'
import { rangesFrom, rangesText } from './plan.ts'

/** As many as one read of the ledger takes. */
const idsARead = 100

/** `1*3,4` for 1, 1, 1 and 4. */
function weightsText(weights: readonly number[]): string {
  const runs: [number, number][] = []
  for (const weight of weights) {
    const last = runs.at(-1)
    if (last !== undefined && last[0] === weight) last[1] += 1
    else runs.push([weight, 1])
  }
  return runs.map(([weight, count]) => (count === 1 ? String(weight) : `${weight}*${count}`)).join(',')
}

/** The weights of `weightsText`. */
function weightsFrom(text: string): number[] {
  if (text === '') return []
  return text.split(',').flatMap((run) => {
    const [weight = 1, count = 1] = run.split('*').map(Number)
    return Array.from({ length: count }, () => weight)
  })
}

/**
 * What is stored of a call's messages while it is open: its rows and its Idempotency-Key, from which their ids are made, and the
 * units of each row. A trace of an older version has fewer members, and it reads only those of a newer one that it knows.
 * @param weights the units of each of `rows`, in order; absent: one each
 * @param kinds what each of `rows` is, or one kind for all
 * @returns `undefined` for a call without a key all rows of which are sent, with one unit each: its units and its own id say it all
 */
export function traceOf(
  rows: readonly number[],
  key: string | undefined,
  weights: readonly number[] = [],
  kinds?: readonly string[],
): string | undefined {
  const units = weights.some((weight) => weight !== 1) ? [weightsText(weights)] : []
  if (kinds !== undefined) return JSON.stringify([rangesText(rows), key ?? '', units[0] ?? '', kinds.join(',')])
  if (key !== undefined || units.length > 0) return JSON.stringify([rangesText(rows), key ?? '', ...units])
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
  /** The units of each; absent: one each. */
  readonly weights: readonly number[]
  readonly kinds?: readonly string[]
}

function lookedUp(owner: Owner, open: OpenReservation): Looked {
  const { idempotency, trace, id, units, ids: keyed } = open
  if (keyed !== undefined) return { open, rows: keyed.map((_, at) => at), ids: keyed, weights: open.weights ?? [] }
  const kept: unknown = trace === undefined ? [`0-${units - 1}`] : JSON.parse(trace)
  const [ranges = '', key = '', weights = '', kinds = ''] = Array.isArray(kept) ? kept.map(String) : []
  const rows = rangesFrom(ranges)
  const source = idempotency === undefined ? { reservation: id } : { key, fingerprint: idempotency.fingerprint }
  return {
    open,
    rows,
    ids: rows.map(idsOf(owner, source)),
    weights: weightsFrom(weights),
    ...(kinds !== '' && { kinds: kinds.split(',') }),
  }
}

/** What the ledger says of a call whose gateway never said how it ended. */
function outcomeOf(looked: Looked, known: ReadonlySet<string>): Outcome {
  const { rows, ids, weights, open } = looked
  const missing = rows.flatMap((row, place) => (known.has(ids[place] ?? '') ? [] : { row, place }))
  const untaken = missing.map(({ place }) => ids[place] ?? '')
  const kinds = looked.kinds && missing.map(({ place }) => kindAt(looked, place))
  // Of messages with keys, the registry has these itself.
  const parts = open.ids === undefined ? { ...kindsOf(kinds), ...weightsOf(missing.map(({ place }) => weights[place] ?? 1)) } : {}
  if (missing.length === rows.length) return { ...parts, kind: 'abandoned', untaken }
  const refund = missing.reduce((sum, { place }) => sum + (weights[place] ?? 1), 0)
  // No answer is kept where messages have keys: a repeated call asks about each of them again.
  const isAnswered = open.ids === undefined && open.idempotency !== undefined
  return {
    ...parts,
    kind: 'accepted',
    refund,
    untaken,
    ...(isAnswered && { response: JSON.stringify(missing.map(({ row }) => row)) }),
  }
}

/** What a reconciliation did: calls that it closed, and units that it returned. */
interface Reconciled {
  readonly closed: number
  readonly returned: number
}

/**
 * Closes the open reservations of one customer that no gateway can be working on any longer. Messages that the ledger knows
 * were sent, and keep their units. The units of the others are returned, as many as each row took. It reads at most `maxOpenListed`
 * reservations.
 *
 * A row's id and its units follow from what is stored of the reservation, so nothing else is needed. A message whose units were
 * given back (`Registry.giveBack`) is known to the ledger, so they are not returned again.
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
