import { billText, type ClosedBill, checkedDraft } from '../../domain/closed-bill.ts'
import { moneyText } from '../../domain/price-list.ts'
import { Problem } from '../../domain/problem.ts'
import type { Actor, SharedChange } from './change.ts'
import { checkedReason } from './reason.ts'

/** As much of a digest as a line of the audit log shows. */
const digestShown = 'sha256:'.length + 12

/**
 * A closed bill as it is stored, and its words in the audit log.
 * @param now the registry's clock
 * @throws Problem `input-invalid` for a draft that does not add up, or whose month is not over
 */
export function closedBill(
  { customer, month, bill, reason }: Extract<SharedChange, { kind: 'closeBill' }>,
  { who, from }: Actor,
  now: number,
): { readonly text: string; readonly what: string } {
  const draft = checkedDraft(bill, customer, month)
  if (draft.until > now) throw new Problem('input-invalid', `${month} is not over for ${customer}.`)
  const why = reason === undefined ? undefined : checkedReason(reason)
  const closed: ClosedBill = {
    ...draft,
    closedAt: now,
    closedBy: who,
    closedFrom: from,
    ...(why !== undefined && { reason: why }),
  }
  const { payable, currency, prices, open } = draft
  const words = [`${moneyText(payable)} ${currency}`, `price list ${prices.digest.slice(0, digestShown)}`]
  const more = [...words, ...(open > 0 ? [`${open} messages open`] : []), ...(why === undefined ? [] : [why])]
  return { text: billText(closed), what: `bill of ${customer} for ${month} closed: ${more.join(', ')}` }
}
