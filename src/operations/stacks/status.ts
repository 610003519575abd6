import { callAws } from '../../aws/index.ts'
import { stackKeys, stackName } from '../../domain/stage.ts'
import type { StackClients } from './clients.ts'
import { EventFeed } from './events.ts'
import { stoppedWatching } from './interrupted.ts'
import { Progress } from './progress.ts'
import { isBusy, isInReview, type Stack, stackFrom } from './stack.ts'
import type { Steps } from './steps.ts'

/** The current state of one stack of a stage; `stack` is null if it is not deployed. */
export interface StackStatus {
  /** Such as `data`. */
  readonly key: string
  readonly stack: Stack | null
}

/** All stacks of a stage: the standard ones, and others with its name prefix, such as its trail. */
export async function stageStatus(clients: StackClients, stage: string): Promise<readonly StackStatus[]> {
  const { paginateDescribeStacks } = await import('@aws-sdk/client-cloudformation')
  const found = await callAws(clients, 'cloudformation:DescribeStacks', async () => {
    const stacks: Stack[] = []
    for await (const { Stacks = [] } of paginateDescribeStacks({ client: clients.cloudFormation }, {})) {
      stacks.push(...Stacks.map(stackFrom))
    }
    return new Map(stacks.filter((stack) => !isInReview(stack)).map((stack) => [stack.name, stack]))
  })
  const prefix = stackName(stage, '')
  const standard = stackKeys.map((key) => ({ key, stack: found.get(stackName(stage, key)) ?? null }))
  const names = new Set(standard.map(({ key }) => stackName(stage, key)))
  // The stage "prod" must not list the stacks of a stage "prod-eu", which have the same prefix.
  const others = [...found.values()].filter(
    ({ name }) => name.startsWith(prefix) && !names.has(name) && !name.slice(prefix.length).includes('-'),
  )
  return [...standard, ...others.map((stack) => ({ key: stack.name.slice(prefix.length), stack }))]
}

const pauseMs = 3_000

/**
 * Reports events until no stack has an operation in progress.
 * @throws Problem `interrupted` if the signal aborts
 */
export async function watchStage(clients: StackClients, stage: string, steps: Steps): Promise<readonly StackStatus[]> {
  const feeds = new Map<string, { feed: EventFeed; progress: Progress }>()
  for (;;) {
    const statuses = await stageStatus(clients, stage)
    const busy = statuses.flatMap(({ stack }) => (stack !== null && isBusy(stack) ? [stack] : []))
    for (const { id } of busy) {
      if (!feeds.has(id)) feeds.set(id, { feed: await EventFeed.open(clients, id), progress: new Progress() })
    }
    for (const { feed, progress } of feeds.values()) {
      for (const event of await feed.next()) progress.report(event, steps)
    }
    if (busy.length === 0) return statuses
    if (steps.signal?.aborted) throw stoppedWatching(clients, busy[0]?.id ?? stage, steps.statusCommand)
    await clients.pause(pauseMs, steps.signal)
  }
}
