import { Args } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { LedgerCommand } from '../../cli/ledger-command.ts'
import { resolveRoute } from '../../operations/customers/index.ts'
import { explained, foundMessage, shownRecord, unknownMessage } from '../../operations/messages/index.ts'
import { withQueues } from '../../operations/queues/index.ts'
import { localTime, plain } from '../../presenters/output.ts'

export default class MessageExplain extends LedgerCommand {
  static override summary = 'explain what happened to a message, where it is, and what to do'
  static override description =
    'For a message that the ledger does not have, the queues of the customer are looked at: it may be waiting there.'
  static override examples = ['<%= config.bin %> message explain acme 7ZQ4M8K2X1V9B3N5C6D0F8G2HA']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    id: Args.string({ required: true, description: 'message id' }),
  }
  static override flags = { env: shared.env({ default: 'live' }) }

  async run() {
    const { args, flags } = await this.parse(MessageExplain)
    return this.withCustomerLedger(args.customer, flags, async (ledger, owner, { customer: { timeZone } }) => {
      const record = await foundMessage(ledger, owner, args.id)
      if (record === undefined) {
        const names = await this.#queues(flags, args.customer, flags.env)
        const { sqsEndpoint: endpoint, region } = this.settings(flags)
        throw await withQueues({ endpoint, region }, (queue) => unknownMessage(ledger, owner, args.id, { queue, names }))
      }
      const { events, now, why, next } = explained(owner, record, Date.now())
      for (const { at, what } of events) this.log(`${localTime(at, timeZone)}  ${plain(what)}`)
      this.log(now)
      if (why !== undefined) this.log(plain(why))
      if (next !== undefined) this.note(next)
      return {
        ...shownRecord(owner, record),
        events: events.map(({ at, what }) => ({ at: new Date(at).toISOString(), what })),
        now,
        why: why ?? null,
        next: next === undefined ? null : this.nextText(next),
      }
    })
  }

  /** The queues that serve the customer now; none without a route. */
  #queues(flags: Parameters<typeof this.settings>[0], customer: string, environment: 'live' | 'test'): Promise<string[]> {
    return this.withRegistry(flags, async (registry) => {
      const resolved = await resolveRoute(registry, customer, 'messages', environment).catch(() => undefined)
      return resolved?.route.targets.map(({ queue }) => queue) ?? []
    })
  }
}
