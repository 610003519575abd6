import { step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { StackClients } from './clients.ts'
import type { EventFeed, StackEvent } from './events.ts'
import { stoppedWatching } from './interrupted.ts'
import { Progress } from './progress.ts'
import { describeStack, isBusy, type Stack } from './stack.ts'
import type { Steps } from './steps.ts'

/** The result of a watched operation. */
export interface Watched {
  /** The final state; undefined if CloudFormation no longer knows the ARN. */
  readonly stack: Stack | undefined
  readonly events: readonly StackEvent[]
}

/** DescribeStackEvents is throttled per account, and one poll may take several calls. */
const pausesMs = [500, 1_000, 2_000, 3_000]
/** Failed polls in a row before giving up. A laptop that sleeps for a minute or changes networks must not end the watch. */
const maxFailedPolls = 20

/** Whether the stack's last event ends the operation. Its status may still show the previous operation for a moment. */
function isOver(events: readonly StackEvent[]): boolean {
  return events.findLast(({ ofStack }) => ofStack)?.status.endsWith('_IN_PROGRESS') === false
}

/**
 * Reports a stack's events until the operation ends.
 * @throws Problem `interrupted` if the signal aborts, while AWS continues; `aws-…` if the events can no longer be read
 */
export async function watch(clients: StackClients, stackId: string, feed: EventFeed, steps: Steps): Promise<Watched> {
  const progress = new Progress()
  const events: StackEvent[] = []
  const poll = async (): Promise<Watched | undefined> => {
    const fresh = await feed.next()
    events.push(...fresh)
    for (const event of fresh) progress.report(event, steps)
    if (!isOver(events)) return undefined
    const stack = await describeStack(clients, stackId)
    return stack !== undefined && isBusy(stack) ? undefined : { stack, events }
  }
  for (let round = 0, failedPolls = 0; ; round++) {
    if (steps.signal?.aborted) throw stoppedWatching(clients, stackId, steps.statusCommand)
    try {
      const watched = await poll()
      if (watched !== undefined) return watched
      failedPolls = 0
    } catch (error) {
      if (!(error instanceof Problem) || !error.retryable || ++failedPolls > maxFailedPolls)
        throw watchFailed(error, clients, stackId)
      steps.report(`${error.message} AWS continues; retrying.`)
    }
    await clients.pause(pausesMs[Math.min(round, pausesMs.length - 1)] ?? 0, steps.signal)
  }
}

/** Polling failed for good, such as after an expired sign-in. The operation continues without it. */
function watchFailed(error: unknown, { region }: StackClients, stackId: string): unknown {
  if (!(error instanceof Problem)) return error
  const name = stackId.split('/')[1] ?? stackId
  return new Problem(
    error.code,
    `${error.message} AWS continues to change ${name} in ${region}, but its events cannot be read.`,
    {
      next: step`${error.step ?? 'run it again'}; the same command then shows the result`,
      cause: error,
    },
  )
}
