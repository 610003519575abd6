import { recordOf } from '../../domain/record.ts'
import { AwsClient, type AwsOptions } from './aws.ts'

export interface LogQuery {
  readonly group: string
  /** A filter pattern of CloudWatch Logs. */
  readonly pattern: string
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  /** Events at most. */
  readonly most: number
}

/** A page may be empty although more follow; so many are read before it is enough. */
const maxPages = 10

/**
 * Messages of a log group that fit a pattern, oldest first
 * (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html).
 * @throws AwsError
 */
export async function matchingEvents({ group, pattern, from, to, most }: LogQuery, options: AwsOptions): Promise<string[]> {
  const client = new AwsClient('logs', options)
  const found: string[] = []
  let nextToken: unknown
  for (let page = 0; page < maxPages && found.length < most; page++) {
    const answer = await client.call('Logs_20140328.FilterLogEvents', {
      logGroupName: group,
      filterPattern: pattern,
      startTime: from,
      endTime: to,
      limit: most - found.length,
      ...(nextToken !== undefined && { nextToken }),
    })
    const events = Array.isArray(answer.events) ? answer.events : []
    found.push(...events.map((event: unknown) => String(recordOf(event).message)))
    nextToken = answer.nextToken
    if (typeof nextToken !== 'string') break
  }
  return found.slice(0, most)
}
