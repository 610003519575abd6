import type { Chance } from '../chance.ts'
import type { Members } from '../customers.ts'
import type { Sales, SentLog } from '../log.ts'
import type { Sender } from '../sender.ts'
import type { Stage } from '../stage.ts'

/** What a fault can get at. */
export interface World {
  readonly stage: Stage
  readonly members: Members
  readonly log: SentLog
  readonly sales: Sales
  readonly sender: Sender
  /** Of the customer whose advertisements are held at night. */
  readonly advertiser: Sender
  readonly chance: Chance
  readonly signal: AbortSignal
  /** Names for messages that no other call uses. */
  names(count: number): string[]
  /** Sends one message and waits for the answer. */
  probe(): Promise<void>
  /** Sends no new calls while `work` runs, and waits first until those under way are answered. */
  quietly(work: () => Promise<void>): Promise<void>
  /** Compares the units counted by the registry with the answers before the registry loses its data. */
  closeUnits(): Promise<void>
  /** Something did not hold that had to. */
  wrong(what: string, ids?: readonly string[]): void
}

/** One thing that goes wrong in the world, and what must hold through it. */
export interface Fault {
  /** For `--faults`. */
  readonly name: string
  /** What happens. */
  readonly title: string
  /** What must hold, beside the books. */
  readonly holds: string
  /** Whether it can happen to these engines. */
  possible(stage: Stage): boolean
  /**
   * Lets it happen.
   * @returns what was hit, in a few words
   */
  inject(world: World): Promise<string>
  /** Ends what does not end by itself. It is called after every `inject`, also after one that failed. */
  heal?(world: World): Promise<void>
}

export const always = (): boolean => true
