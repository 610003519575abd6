import { sandboxLateMs, sandboxOutcome } from '../../../../domain/sandbox.ts'
import type { CarrierResult, CarrierRow } from '../../../ports/index.ts'
import type { CarrierDriver } from '../driver.ts'

/** A simulated carrier: the last digits of the recipient select the outcome. */
export class Sandbox implements CarrierDriver {
  /** Rows that are reported late, with the time since they wait. */
  readonly #late = new Map<string, number>()
  /** Rows that never get a result. */
  readonly #silent = new Set<string>()

  get pending(): number {
    return this.#late.size + this.#silent.size
  }

  get isWaiting(): boolean {
    return this.#late.size > 0
  }

  async deliver(rows: readonly CarrierRow[]): Promise<readonly CarrierResult[]> {
    const now = Date.now()
    return rows.flatMap((row) => this.#resultOf(row, now) ?? [])
  }

  #resultOf({ id, recipient }: CarrierRow, now: number): CarrierResult | undefined {
    const outcome = sandboxOutcome(recipient)
    if (outcome === 'silent') {
      this.#silent.add(id)
      return undefined
    }
    if (outcome === 'late') {
      const since = this.#late.get(id) ?? now
      this.#late.set(id, since)
      if (now - since < sandboxLateMs) return undefined
      this.#late.delete(id)
    }
    const delivered = outcome !== 'failed'
    return { id, delivered, code: delivered ? '' : 'sandbox-failed', at: now }
  }
}
