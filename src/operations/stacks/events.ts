import type { StackEvent as AwsEvent } from '@aws-sdk/client-cloudformation'
import { callAws } from '../../aws/index.ts'
import type { StackClients } from './clients.ts'

/** A CloudFormation event of a stack or one of its resources. */
export interface StackEvent {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** The resource's name in the template; the stack's own name for the stack. */
  readonly resource: string
  readonly type: string
  readonly physicalId: string
  /** Such as `CREATE_IN_PROGRESS`. */
  readonly status: string
  readonly reason: string | undefined
  /** Whether the event is about the stack itself. */
  readonly ofStack: boolean
  /** The client request token of the operation. */
  readonly token: string | undefined
}

function eventFrom(event: AwsEvent): StackEvent {
  const { PhysicalResourceId: physicalId = '', StackId } = event
  return {
    id: event.EventId ?? '',
    at: event.Timestamp?.getTime() ?? 0,
    resource: event.LogicalResourceId ?? '',
    type: event.ResourceType ?? '',
    physicalId,
    status: event.ResourceStatus ?? '',
    reason: event.ResourceStatusReason,
    ofStack: event.ResourceType === 'AWS::CloudFormation::Stack' && physicalId === StackId,
    token: event.ClientRequestToken,
  }
}

/**
 * Returns each event of a stack once, oldest first, starting after the newest event at the time of `open`. It compares event
 * ids and not times, because the local clock may differ from AWS's.
 */
export class EventFeed {
  readonly #clients: StackClients
  readonly #stackId: string
  #newest: string | undefined

  private constructor(clients: StackClients, stackId: string) {
    this.#clients = clients
    this.#stackId = stackId
  }

  static async open(clients: StackClients, stackId: string): Promise<EventFeed> {
    const feed = new EventFeed(clients, stackId)
    const [page] = await feed.#pages(() => true)
    feed.#newest = page?.[0]?.id
    return feed
  }

  /** The events since the last call. */
  async next(): Promise<StackEvent[]> {
    const newest = this.#newest
    const pages = await this.#pages((page) => page.some(({ id }) => id === newest))
    const events = pages.flat()
    const known = events.findIndex(({ id }) => id === newest)
    const fresh = known === -1 ? events : events.slice(0, known)
    this.#newest = fresh[0]?.id ?? newest
    return fresh.reverse()
  }

  /** Reads pages, newest event first, up to and including the first for which `isLast` holds. */
  async #pages(isLast: (page: readonly StackEvent[]) => boolean): Promise<StackEvent[][]> {
    const { DescribeStackEventsCommand } = await import('@aws-sdk/client-cloudformation')
    const pages: StackEvent[][] = []
    let token: string | undefined
    do {
      const input = { StackName: this.#stackId, NextToken: token }
      const { StackEvents = [], NextToken } = await callAws(this.#clients, 'cloudformation:DescribeStackEvents', () =>
        this.#clients.cloudFormation.send(new DescribeStackEventsCommand(input)),
      )
      const page = StackEvents.map(eventFrom)
      pages.push(page)
      token = isLast(page) ? undefined : NextToken
    } while (token !== undefined)
    return pages
  }
}

/** The event that started the latest operation on the stack. */
export async function lastStart(clients: StackClients, stackId: string): Promise<StackEvent | undefined> {
  const { DescribeStackEventsCommand } = await import('@aws-sdk/client-cloudformation')
  const { StackEvents = [] } = await callAws(clients, 'cloudformation:DescribeStackEvents', () =>
    clients.cloudFormation.send(new DescribeStackEventsCommand({ StackName: stackId })),
  )
  return StackEvents.map(eventFrom).find(
    ({ ofStack, status }) => ofStack && /^(?:CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(status),
  )
}
