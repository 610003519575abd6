import { step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import type { StackClients } from './clients.ts'
import type { EventFeed, StackEvent } from './events.ts'
import { Progress } from './progress.ts'
import { leftAlone } from './refusals.ts'
import { describeStack, isBusy, type Stack } from './stack.ts'
import type { Steps } from './steps.ts'

/** What a stack went through. */
export interface Watched {
  /** As it stands at the end; undefined where even its ARN is unknown by now. */
  readonly stack: Stack | undefined
  readonly events: readonly StackEvent[]
}

/** DescribeStackEvents is throttled by account; each look may be several calls. */
const pausesMs = [500, 1_000, 2_000, 3_000]
/** A lid that is closed for a minute, a network that changes: AWS works on meanwhile. */
const missedLooks = 20

/** The end is an event of the stack itself that is new: its status still shows, for a moment, how the last change ended. */
function isOver(events: readonly StackEvent[]): boolean {
  return events.findLast(({ ofStack }) => ofStack)?.status.endsWith('_IN_PROGRESS') === false
}

/**
 * Tells what happens to a stack until it rests again.
 * @throws Problem `interrupted` at the signal: AWS goes on; `aws-…` where it cannot be watched any longer
 */
export async function watch(clients: StackClients, stackId: string, feed: EventFeed, steps: Steps): Promise<Watched> {
  const progress = new Progress()
  const events: StackEvent[] = []
  const look = async (): Promise<Watched | undefined> => {
    const fresh = await feed.next()
    events.push(...fresh)
    for (const event of fresh) progress.tell(event, steps)
    if (!isOver(events)) return undefined
    const stack = await describeStack(clients, stackId)
    return stack !== undefined && isBusy(stack) ? undefined : { stack, events }
  }
  for (let round = 0, missed = 0; ; round++) {
    if (steps.signal?.aborted) throw leftAlone(clients, stackId, steps.look)
    try {
      const watched = await look()
      if (watched !== undefined) return watched
      missed = 0
    } catch (error) {
      if (!(error instanceof Problem) || !error.retryable || ++missed > missedLooks) throw watchedNoMore(error, clients, stackId)
      steps.tell(`${error.message} AWS goes on; looking again.`)
    }
    await clients.pause(pausesMs[Math.min(round, pausesMs.length - 1)] ?? 0, steps.signal)
  }
}

/** Such as a sign-in that expires after an hour: what was started goes on without it. */
function watchedNoMore(error: unknown, { region }: StackClients, stackId: string): unknown {
  if (!(error instanceof Problem)) return error
  const name = stackId.split('/')[1] ?? stackId
  return new Problem(error.code, `${error.message} AWS goes on changing ${name} in ${region}; it can only not be watched.`, {
    next: step`${error.step ?? 'run it again'}; the same command then shows how it ended`,
    cause: error,
  })
}
