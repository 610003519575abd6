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

  #resultOf(row: CarrierRow, now: number): CarrierResult | undefined {
    const { id, recipient } = row
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
    if (outcome === 'failed') return { id, delivered: false, code: 'sandbox-failed', at: now }
    const { type, fallbackType } = row
    if (type !== 'alimtalk') return { id, delivered: true, code: '', at: now }
    const channel = outcome === 'unreached' ? fallbackType : type
    if (channel === undefined) return { id, delivered: false, code: 'sandbox-no-kakao', at: now }
    return { id, delivered: true, code: '', channel, at: now }
  }
}
