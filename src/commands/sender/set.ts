import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { instant } from '../../cli/instant.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { setSender } from '../../operations/customers/index.ts'
import { senderJson, senderText } from '../../presenters/sending.ts'

export default class SenderSet extends BaseCommand {
  static override summary = 'change the state, document or expiry of a sender'
  static override description = 'The change applies from the next call. What you do not name stays as it is.'
  static override examples = [
    '<%= config.bin %> sender set acme 02-123-4567 --state active --document contracts/acme-2026.pdf',
    '<%= config.bin %> sender set acme 02-123-4567 --expires none',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    number: Args.string({ required: true, description: 'E.164 or a Korean number' }),
  }
  static override flags = {
    state: Flags.option({
      options: ['pending', 'active'] as const,
      env: 'APIGW_STATE',
      summary: 'pending: not allowed; active: allowed until it expires',
    })(),
    document: Flags.string({
      env: 'APIGW_DOCUMENT',
      helpValue: 'REF|none',
      summary: 'where the proof of ownership is kept',
    }),
    expires: Flags.string({
      env: 'APIGW_EXPIRES',
      helpValue: 'WHEN|none',
      summary: 'expiry: a time (2027-01-31T00:00:00Z) or a duration from now (90d, 12h)',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(SenderSet)
    const { state, document, expires } = flags
    if (state === undefined && document === undefined && expires === undefined) {
      throw new Problem('input-missing', 'No change was given.', {
        next: apigw('sender set', args.customer, args.number, '--state', 'active'),
      })
    }
    return this.withContext(flags, async (context) => {
      const sender = await setSender(context, args.customer, args.number, {
        ...(state !== undefined && { state }),
        ...(document !== undefined && { document: document === 'none' ? null : document }),
        ...(expires !== undefined && { expiresAt: expires === 'none' ? null : instant(expires, Date.now()) }),
      })
      this.log(`${args.customer}: ${senderText(sender, Date.now())}`)
      return { customer: args.customer, ...senderJson(sender, Date.now()), dryRun: flags['dry-run'] }
    })
  }
}
