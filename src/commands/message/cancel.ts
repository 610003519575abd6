import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { cancelFor } from '../../operations/messages/index.ts'
import { withLedger } from '../../operations/reports/index.ts'
import { iso } from '../../presenters/output.ts'

export default class MessageCancel extends BaseCommand {
  static override summary = 'cancel a message that is held for its time'
  static override description =
    'Permanent: the message is never sent. Repeating it gives the same answer. A gateway returns its units: when the customer reads the report, and every hour.'
  static override examples = [
    '<%= config.bin %> message cancel acme 7ZQ4M8K2X1V9B3N5C6D0F8G2HA',
    '<%= config.bin %> message cancel acme 7ZQ4M8K2X1V9B3N5C6D0F8G2HA --env test --json',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    id: Args.string({ required: true, description: 'message id' }),
  }
  static override flags = { env: shared.env({ default: 'live' }) }

  async run() {
    const { args, flags } = await this.parse(MessageCancel)
    const owner = { customer: args.customer, environment: flags.env }
    const { at, ...cancelled } = await withLedger(this.settings(flags).ledger, (ledger) => cancelFor(ledger, owner, args.id))
    this.log(`${cancelled.id} is cancelled.`)
    return { ...owner, ...cancelled, at: iso(at) }
  }
}
