import { createHash } from 'node:crypto'
import { errorFields } from '../process.ts'
import type { Notifier, Outcome } from './notify.ts'
import { type Reported, reportedIn } from './read/records.ts'
import { signalOf } from './read/signal.ts'

export interface HandlerParts {
  readonly notifier: Notifier
  /** Sends the collected alerts that are due. */
  tellDue(): Promise<number>
  log(event: string, fields: Readonly<Record<string, unknown>>): void
}

/** SQS keeps what is named here. */
export interface BatchResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

/** Part of an event could not be delivered. Lambda retries the whole event, and only the missing part is sent then. */
export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed'
  readonly outcomes: readonly Outcome[]
  readonly failures: number

  constructor(outcomes: readonly Outcome[], errors: readonly unknown[]) {
    const [first] = errors
    const why = first instanceof Error ? first.message : 'unknown'
    super(`${errors.length} of ${outcomes.length + errors.length} could not be delivered: ${why}`, { cause: first })
    this.outcomes = outcomes
    this.failures = errors.length
  }
}

/** What happened to all of an event. */
export interface Handled extends BatchResult {
  readonly outcomes: readonly Outcome[]
}

/** Names what brings no id by what it says, so that the same thing handed over again has the same name. */
function nameOf(event: unknown, at: number): string {
  return createHash('sha256')
    .update(`${at}\n${JSON.stringify(event) ?? ''}`)
    .digest('hex')
    .slice(0, 32)
}

function isTick(reported: Reported): boolean {
  return signalOf(reported).kind === 'tick'
}

/**
 * Handles what Lambda is given: each record by itself, so that a bad one takes no other with it. What failed is thrown at
 * the end, after the others were sent, and Lambda retries the event. For SQS it reports the failed messages instead.
 * @throws DeliveryFailed
 */
export async function handle(event: unknown, { notifier, tellDue, log }: HandlerParts): Promise<Handled> {
  const outcomes: Outcome[] = []
  const failures: { readonly reported: Reported; readonly error: unknown }[] = []
  for (const reported of reportedIn(event, nameOf)) {
    try {
      if (isTick(reported)) log('digest', { alerts: await tellDue() })
      for (const outcome of await notifier.notify(reported)) {
        outcomes.push(outcome)
        log('alert', { ...outcome, report: reported.id })
      }
    } catch (error) {
      failures.push({ reported, error })
      log('alert-failed', { report: reported.id, ...errorFields(error) })
    }
  }
  const kept = failures.flatMap(({ reported: { sqsId } }) => (sqsId === undefined ? [] : [{ itemIdentifier: sqsId }]))
  const thrown = failures.filter(({ reported: { sqsId } }) => sqsId === undefined)
  if (thrown.length > 0) {
    throw new DeliveryFailed(
      outcomes,
      thrown.map(({ error }) => error),
    )
  }
  return { batchItemFailures: kept, outcomes }
}
