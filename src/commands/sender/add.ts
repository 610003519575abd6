import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { instant } from '../../cli/instant.ts'
import { addSender } from '../../operations/customers/index.ts'
import { senderJson, senderText } from '../../presenters/sending.ts'

export default class SenderAdd extends BaseCommand {
  static override summary = 'register a number that a customer may send from'
  static override description =
    'Live messages are accepted only from registered senders. In Korea the owner of a number proves it before the number is used\n(Telecommunications Business Act, article 84-2): keep the proof, and name it with --document.'
  static override examples = [
    '<%= config.bin %> sender add acme 1588-1234 --document contracts/acme-2026.pdf',
    '<%= config.bin %> sender add acme 02-123-4567 --pending',
    '<%= config.bin %> sender add acme 010-1234-5678 --expires 2027-12-31T23:59:59+09:00',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    number: Args.string({ required: true, description: 'E.164 or a Korean number' }),
  }
  static override flags = {
    document: Flags.string({ env: 'APIGW_DOCUMENT', helpValue: 'REF', summary: 'where the proof of ownership is kept' }),
    expires: Flags.string({
      env: 'APIGW_EXPIRES',
      helpValue: 'WHEN',
      summary: 'expiry: a time (2027-01-31T00:00:00Z) or a duration from now (90d, 12h)',
    }),
    pending: Flags.boolean({
      default: false,
      env: 'APIGW_PENDING',
      summary: 'add it without allowing it yet; "sender set --state active" allows it',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(SenderAdd)
    return this.withContext(flags, async (context) => {
      const sender = await addSender(context, args.customer, args.number, {
        state: flags.pending ? 'pending' : 'active',
        ...(flags.document !== undefined && { document: flags.document }),
        ...(flags.expires !== undefined && { expiresAt: instant(flags.expires, Date.now()) }),
      })
      this.log(`${args.customer}: ${senderText(sender, Date.now())}`)
      return { customer: args.customer, ...senderJson(sender, Date.now()), dryRun: flags['dry-run'] }
    })
  }
}
