import type { NextStep } from '../../domain/next-step.ts'
import type { Change } from './change.ts'

/** What a deployment asks and tells on its way. */
export interface Steps {
  /** Progress, one line at a time. */
  tell(line: string): void
  /** Asked once, with all that would happen, before anything does. An error of it ends the deployment as a no does. */
  approve(changes: readonly Change[]): Promise<boolean>
  /** Whether a stack whose first creation failed may be deleted, to be made again; `what` says so. Absent: it may not. */
  mayRemoveFailed?(what: string): Promise<boolean>
  /** Waits while somebody else changes the stack, instead of giving up. */
  readonly wait?: boolean
  /** Who deploys, to be told to whoever deploys at the same time. */
  readonly who?: string
  /** The command with which to look at a stack that is left to itself. */
  readonly look?: NextStep
  readonly signal?: AbortSignal
}
