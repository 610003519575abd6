import { Problem } from '../../../domain/problem.ts'
import type { Ledger, Owner, ReadBudget, Standing } from '../../ports/index.ts'
import { type GiveBack, payDebt } from './debts.ts'

export interface CancelParts {
  readonly ledger: Pick<Ledger, 'decisions'>
  /** Absent: a gateway gives the units back later, for the note of the debt. */
  readonly giveBack?: GiveBack
}

function released(detail: string): Problem {
  return new Problem('message-released', `${detail} Only a message that is held for its time can be cancelled.`)
}

/**
 * Cancels a message that is held for its time. When it resolves, the message is never sent. Repeating it gives the same answer.
 *
 * The debt is noted first, then the ledger decides between this and the release, then the report is appended and the units are
 * given back. A crash in between leaves a debt that a gateway pays, and a report that the worker appends at the message's time.
 *
 * @throws Problem `message-unknown`, `message-released`, `ledger-unavailable`
 */
export async function cancelMessage(
  { ledger, giveBack }: CancelParts,
  owner: Owner,
  id: string,
  budget?: ReadBudget,
): Promise<Standing> {
  const { decisions } = ledger
  const known = (await decisions.standings(owner, [id], budget)).get(id)
  if (known === undefined) {
    throw new Problem('message-unknown', 'You have no such message, or it is not stored yet: ask again in a moment.')
  }
  const { held, ref, callback, verdict: before } = known
  if (held === undefined) throw released('The message is with its carrier.')
  const { units, acceptedAt, kind } = held
  const debt = { id, units, acceptedAt, ...(kind !== undefined && { kind }) }
  if (before === undefined) await decisions.owe(owner, [debt])
  const named = { ...(ref !== undefined && { ref }), ...(callback !== undefined && { callback }) }
  const message = { id, until: held.until, ...named }
  const verdict = before ?? (await decisions.decide(owner, message, { kind: 'cancelled' }))
  if (verdict.kind !== 'cancelled') {
    if (before === undefined && verdict.kind !== 'refused') await decisions.settle(owner, [id])
    throw released(verdict.kind === 'released' ? 'The message was handed over to its carrier.' : 'The message has ended.')
  }
  const { at, open } = verdict
  if (open) {
    await decisions.reportCancelled(owner, { ...message, at })
    // It is cancelled all the same: the debt stays noted until it is paid.
    if (giveBack !== undefined) await payDebt(giveBack, ledger, owner, debt).catch(() => undefined)
  }
  return { id, status: 'cancelled', at, ...named }
}
