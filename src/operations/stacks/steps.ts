import type { NextStep } from '../../domain/next-step.ts'
import type { Change } from './change.ts'

/** How a deployment asks for approval and reports progress. */
export interface Steps {
  /** Progress, one line at a time. */
  report(line: string): void
  /** Called once with all changes, before the first one. An error ends the deployment, as a refusal does. */
  approve(changes: readonly Change[]): Promise<boolean>
  /** Whether a stack whose creation failed may be deleted and created again; `what` describes it. Absent: it may not. */
  mayRemoveFailed?(what: string): Promise<boolean>
  /** Waits while another operation is in progress, instead of failing. */
  readonly wait?: boolean
  /** Who deploys; a concurrent deployment shows it. */
  readonly who?: string
  /** The command that shows the state of a stack that is no longer watched. */
  readonly statusCommand?: NextStep
  readonly signal?: AbortSignal
}
