import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { callAws, clientOptions } from '../../aws/index.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type StackKey, stackName } from '../../domain/stage.ts'
import type { StackClients } from './clients.ts'
import { contentsOf } from './contents.ts'
import { describeStack } from './stack.ts'

/** A log line of a stage. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly group: string
  readonly text: string
}

export interface LogQuery {
  /** Milliseconds since 1970. */
  readonly since: number
  /** A filter pattern of CloudWatch Logs. */
  readonly filter: string | undefined
  readonly follow: boolean
  readonly signal: AbortSignal
}

const pauseMs = 2_000
/** CloudWatch Logs delivers lines some seconds late, and lines of different streams out of order. */
const lateMs = 30_000

/**
 * Finds the log groups of some stacks.
 * @throws Problem `stack-unknown` if none of them is deployed or has a log group
 */
export async function logGroups(clients: StackClients, stage: string, keys: readonly StackKey[]): Promise<readonly string[]> {
  const found = await Promise.all(
    keys.map(async (key) => {
      const stack = await describeStack(clients, stackName(stage, key))
      const contents = stack === undefined ? [] : await contentsOf(clients, stack)
      return contents.flatMap(({ type, physicalId }) => (type === 'AWS::Logs::LogGroup' && physicalId ? [physicalId] : []))
    }),
  )
  const groups = found.flat()
  if (groups.length > 0) return groups
  throw new Problem(
    'stack-unknown',
    `${keys.join(' and ')} of ${stage} ${keys.length === 1 ? 'has' : 'have'} no logs in ${clients.region}.`,
    {
      next: apigw('status'),
    },
  )
}

/** The ids of lines that were already returned, kept for as long as a query can return them again. */
class Seen {
  readonly #ids = new Map<string, number>()

  isNew(id: string, at: number): boolean {
    if (this.#ids.has(id)) return false
    this.#ids.set(id, at)
    return true
  }

  forgetBefore(time: number): void {
    for (const [id, at] of this.#ids) if (at < time) this.#ids.delete(id)
  }
}

async function page(
  clients: StackClients,
  logs: CloudWatchLogsClient,
  group: string,
  query: LogQuery,
  startTime: number,
  seen: Seen,
): Promise<LogLine[]> {
  const { paginateFilterLogEvents } = await import('@aws-sdk/client-cloudwatch-logs')
  const input = { logGroupName: group, startTime, ...(query.filter !== undefined && { filterPattern: query.filter }) }
  return callAws(clients, 'logs:FilterLogEvents', async () => {
    const lines: LogLine[] = []
    for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, input)) {
      for (const { eventId = '', timestamp: at = 0, message = '' } of events) {
        if (seen.isNew(`${group} ${eventId}`, at)) lines.push({ at, group, text: message.trimEnd() })
      }
      if (query.signal.aborted) break
    }
    return lines
  })
}

/**
 * Passes each line to `show` once, ordered by time. With `follow` it runs until the signal aborts.
 * @throws Problem `aws-…`
 */
export async function readLogs(
  clients: StackClients,
  groups: readonly string[],
  query: LogQuery,
  show: (line: LogLine) => void,
): Promise<void> {
  const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs')
  const logs = new CloudWatchLogsClient(clientOptions(clients))
  const seen = new Seen()
  try {
    for (let from = query.since; ; ) {
      const lines = (await Promise.all(groups.map((group) => page(clients, logs, group, query, from, seen)))).flat()
      for (const line of lines.sort((one, other) => one.at - other.at)) show(line)
      if (!query.follow || query.signal.aborted) return
      from = Math.max(from, (lines.at(-1)?.at ?? 0) - lateMs)
      seen.forgetBefore(from)
      await clients.pause(pauseMs, query.signal)
      if (query.signal.aborted) return
    }
  } finally {
    logs.destroy()
  }
}
