import { handOver } from '../../domain/holding.ts'
import { callingCode, kindOf } from '../../domain/usage.ts'
import type { Asked, EndedRow, HeldRow, Ledger, Owner, Row } from '../ports/index.ts'
import { byOwner } from './notes.ts'

/** Decisions that are under way at the same time. */
const decisionsAtOnce = 32
const numbersARead = 100

/** What was decided about held rows. */
export interface HandedOver {
  readonly sent: Row[]
  readonly ended: EndedRow[]
  readonly held: { readonly id: string; readonly until: number }[]
  /** Rows about which nothing was decided, and why. */
  readonly open: { readonly ids: readonly string[]; readonly error: unknown }[]
}

/** The recipients of advertisements that have opted out of them. */
async function suppressedAmong(ledger: Ledger, owner: Owner, rows: readonly HeldRow[]): Promise<ReadonlySet<string>> {
  const messages = rows.flatMap(({ content }) => (typeof content === 'string' ? [] : [content.message]))
  const numbers = [...new Set(messages.flatMap(({ purpose, to }) => (purpose === 'ad' ? [to] : [])))]
  // A worker has no master key. The gateway put the hash of the recipient into the message.
  const hashes = new Map(messages.flatMap(({ to, recipientHash }) => (recipientHash === undefined ? [] : [[to, recipientHash]])))
  const of = (number: string): string[] => [hashes.get(number) ?? []].flat()
  const found = new Set<string>()
  for (let from = 0; from < numbers.length; from += numbersARead) {
    for (const number of await ledger.suppressed(owner, numbers.slice(from, from + numbersARead), undefined, { of }))
      found.add(number)
  }
  return found
}

/**
 * Decides what becomes of rows that are due. The ledger keeps the first decision about each message, so a later question gets
 * the same: another worker, this worker after its crash, and a customer who cancels at the same moment. A row whose message cannot be
 * read is decided, too, because it may have been cancelled.
 *
 * Units of what is refused are noted as owed before the decision (`Decisions`).
 */
export async function decideAll(ledger: Ledger, rows: readonly HeldRow[], now: () => number): Promise<HandedOver> {
  const result: HandedOver = { sent: [], ended: [], held: [], open: [] }
  for (const { owner, rows: mine } of byOwner(rows)) {
    const suppressed = await suppressedAmong(ledger, owner, mine).catch((error: unknown) => {
      result.open.push({ ids: mine.map(({ id }) => id), error })
    })
    if (suppressed === undefined) continue
    // All take from one iterator, so each row is decided by one of them.
    const left = mine.values()
    const decider = async (): Promise<void> => {
      for (const row of left) {
        try {
          await decideOne(ledger, row, suppressed, now(), result)
        } catch (error) {
          // The ledger is away, or refuses this customer: its other rows wait, too.
          result.open.push({ ids: [row.id, ...[...left].map(({ id }) => id)], error })
        }
      }
    }
    await Promise.all(Array.from({ length: decisionsAtOnce }, decider))
  }
  return result
}

async function decideOne(
  ledger: Ledger,
  row: HeldRow,
  suppressed: ReadonlySet<string>,
  now: number,
  { sent, ended, held }: HandedOver,
): Promise<void> {
  const { content, id, dueAt } = row
  const message = typeof content === 'string' ? undefined : content.message
  const plan = message === undefined ? ({ kind: 'send' } as const) : handOver(message, now, suppressed.has(message.to))
  if (plan.kind === 'hold') {
    held.push({ id, until: plan.until })
    return
  }
  const asked: Asked = plan.kind === 'send' ? { kind: 'released' } : plan
  if (asked.kind === 'refused' && message !== undefined) {
    const kind = kindOf('messages', message.type, callingCode(message.to))
    await ledger.decisions.owe(row, [{ id, units: message.units ?? 1, acceptedAt: message.acceptedAt, kind }])
  }
  const { ref, callback } = message ?? {}
  const decided = { id, until: dueAt, ...(ref !== undefined && { ref }), ...(callback !== undefined && { callback }) }
  const verdict = await ledger.decisions.decide(row, decided, asked)
  const { customer, environment } = row
  const one = { id, customer, environment }
  if (verdict.kind === 'cancelled') ended.push({ ...one, as: verdict.open ? 'cancelled' : 'reported' })
  else if (verdict.kind === 'expired') ended.push({ ...one, as: 'expired' })
  else if (verdict.kind === 'refused') ended.push({ ...one, as: 'failed', code: verdict.code })
  else if (typeof content !== 'string') sent.push(content)
  else ended.push({ ...one, as: 'rejected', reason: `The held message cannot be read: ${content}` })
}
