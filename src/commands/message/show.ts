import { Args } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { LedgerCommand } from '../../cli/ledger-command.ts'
import { foundMessage, shownRecord, unknownMessage } from '../../operations/messages/index.ts'
import { facts, plain } from '../../presenters/output.ts'

export default class MessageShow extends LedgerCommand {
  static override summary = 'show what is known of a message'
  static override description =
    'Status, result code, times, type, purpose, units and queue. Texts and telephone numbers are not in the ledger.'
  static override examples = ['<%= config.bin %> message show acme 7ZQ4M8K2X1V9B3N5C6D0F8G2HA']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    id: Args.string({ required: true, description: 'message id' }),
  }
  static override flags = { env: shared.env({ default: 'live' }) }

  async run() {
    const { args, flags } = await this.parse(MessageShow)
    return this.withCustomerLedger(args.customer, flags, async (ledger, owner) => {
      const record = await foundMessage(ledger, owner, args.id)
      if (record === undefined) throw await unknownMessage(ledger, owner, args.id)
      const shown = shownRecord(owner, record)
      const pairs = Object.entries(shown).flatMap(([name, value]) =>
        value === null ? [] : [[name, plain(String(value))] as const],
      )
      this.log(facts(pairs))
      return shown
    })
  }
}
