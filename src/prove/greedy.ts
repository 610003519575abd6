import type { Sender } from './sender.ts'
import { limit } from './stage.ts'

/** A customer that always asks for more than it may have: what it gets in each life of the registry is counted. */
export class Greedy {
  #life = 0
  readonly #sold: number[] = [0]
  #next = 0

  newLife(): void {
    this.#life += 1
    this.#sold[this.#life] = 0
  }

  /** Asks once, whatever comes of it. */
  async buy(sender: Sender): Promise<void> {
    const life = this.#life
    const key = `greedy-${this.#next++}`
    const accepted = await sender.once({ key, refs: [key] })
    // Nobody knows in which life a call was admitted that lasted from one into the next.
    if (life === this.#life) this.#sold[life] = (this.#sold[life] ?? 0) + (accepted?.length ?? 0)
  }

  get oversold(): number {
    return this.#sold.reduce((sum, sold) => sum + Math.max(0, sold - limit), 0)
  }
}
