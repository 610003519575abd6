import type { Repayment } from '../../../domain/admission.ts'
import { debtsARead, type Ledger, type Owed, type Owner, type Verdict } from '../../ports/index.ts'

/** Gives the units of one message back. @returns whether they were still to be given back */
export type GiveBack = (repayment: Repayment) => Promise<boolean>

export type DebtLedger = Pick<Ledger, 'decisions'>

/** Debts that are paid at the same time. */
const atOnce = 16
/** Reads of one call: what is left is paid by the next. */
const maxReads = 50

/** What one debt comes to: its message was cancelled or refused, or it is sent, or nothing is decided yet. */
function dueOf(verdict: Verdict | undefined): 'pay' | 'drop' | 'wait' {
  if (verdict === undefined) return 'wait'
  return verdict.kind === 'cancelled' || verdict.kind === 'refused' ? 'pay' : 'drop'
}

/**
 * Pays what is owed to one customer for messages that were never sent. The registry remembers each payment by the message's id,
 * so a crash before the note of the debt is removed pays nothing twice.
 * @returns the units that were given back
 */
export async function payDebts(giveBack: GiveBack, ledger: DebtLedger, owner: Owner): Promise<number> {
  const { decisions } = ledger
  let paid = 0
  let after: string | undefined
  for (let read = 0; read < maxReads; read++) {
    const debts = await decisions.owed(owner, after)
    if (debts.length === 0) return paid
    const known = await decisions.standings(
      owner,
      debts.map(({ id }) => id),
    )
    const settled: string[] = []
    const left = debts.values()
    const payer = async (): Promise<void> => {
      for (const debt of left) {
        const due = dueOf(known.get(debt.id)?.verdict)
        if (due === 'wait') continue
        if (due === 'pay' && (await giveBack({ ...owner, ...debt }))) paid += debt.units
        settled.push(debt.id)
      }
    }
    const ends = await Promise.allSettled(Array.from({ length: atOnce }, payer))
    await decisions.settle(owner, settled)
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    if (debts.length < debtsARead) return paid
    after = debts.at(-1)?.id
  }
  return paid
}

/** Pays one debt. @throws Problem what the registry throws: the note of the debt stays, and `payDebts` pays it */
export async function payDebt(giveBack: GiveBack, ledger: DebtLedger, owner: Owner, debt: Owed): Promise<void> {
  await giveBack({ ...owner, ...debt })
  await ledger.decisions.settle(owner, [debt.id])
}
