import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { nationalNumber } from '../../domain/phone.ts'
import { removeSender } from '../../operations/customers/index.ts'

export default class SenderRemove extends BaseCommand {
  static override summary = 'remove a sender of a customer'
  static override description =
    'From the next call on, messages from this number are refused. Messages that were accepted before are sent.'
  static override examples = ['<%= config.bin %> sender remove acme 02-123-4567']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    number: Args.string({ required: true, description: 'E.164 or a Korean number' }),
  }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(SenderRemove)
    return this.withContext(flags, async (context) => {
      const number = await removeSender(context, args.customer, args.number)
      this.log(`Removed the sender ${nationalNumber(number)} of ${args.customer}.`)
      return { customer: args.customer, number, removed: !flags['dry-run'], dryRun: flags['dry-run'] }
    })
  }
}
