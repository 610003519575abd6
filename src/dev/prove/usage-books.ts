import { outcomes } from '../../domain/report.ts'
import { endings, type Used } from '../../domain/usage-lines.ts'
import { type Wrong, wrongOf } from './wrong.ts'

/** What the registry counted of a customer in one life, beside its quota. */
export interface LifeUsage {
  /** Messages that were accepted, without those that no queue took. */
  readonly accepted: number
  /** Units that were taken, without those that came back. */
  readonly units: number
  /** Units of the quota. */
  readonly ofQuota: number
  /** Messages of calls that were under way when the registry lost something: counted or not, or counted again. */
  readonly unsure: number
}

/** What was counted of one customer, and what there is of it. */
export interface CountedUsage {
  readonly customer: string
  readonly lives: readonly LifeUsage[]
  /** How messages ended, as it was counted. */
  readonly ended: Used['ended']
  /** How messages ended, by the rows of the ledger: those of the customer, and unreadable ones in its envelopes. */
  readonly ledger: ReadonlyMap<string, number>
  /** Messages that are in the carrier's tables, rejected, cancelled, or refused when they were handed over. */
  readonly rows: number
}

/** What was counted and is not what there is. */
export function usageWrong(all: readonly CountedUsage[]): Wrong[] {
  return all.flatMap(({ customer, lives, ended, ledger, rows }) => {
    const accepted = lives.reduce((sum, life) => sum + life.accepted, 0)
    const unsure = lives.reduce((sum, life) => sum + life.unsure, 0)
    const offQuota = lives.reduce((sum, { units, ofQuota }) => sum + Math.abs(units - ofQuota), 0)
    const offRows = Math.max(0, Math.abs(accepted - rows) - unsure)
    const off = outcomes.map((outcome) => [outcome, Math.abs(ended[outcome].messages - (ledger.get(outcome) ?? 0))] as const)
    return [
      ...wrongOf(`units in the usage of customer "${customer}" that differ from its quota`, [], offQuota),
      ...wrongOf(`accepted messages in the usage of customer "${customer}" that differ from the rows`, [], offRows),
      ...off.flatMap(([outcome, count]) =>
        wrongOf(`${outcome} messages in the usage of customer "${customer}" that differ from the ledger`, [], count),
      ),
      ...wrongOf(`messages in the usage of customer "${customer}" with an unknown outcome`, [], ended.other.messages),
    ]
  })
}

/** What was counted, for the balance of a customer. */
export function usageShown({ lives, ended }: CountedUsage) {
  const accepted = lives.reduce((sum, life) => sum + life.accepted, 0)
  const over = endings.reduce((sum, ending) => sum + ended[ending].messages, 0)
  return { accepted, ended: over }
}
