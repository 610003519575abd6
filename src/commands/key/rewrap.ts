import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { quantity } from '../../domain/quantity.ts'
import { rewrapKeys, rewrapTokenKeys } from '../../operations/customers/index.ts'

export default class KeyRewrap extends BaseCommand {
  static override summary = 're-encrypt HMAC secrets and token keys with the current master key'
  static override description =
    'To change the master key, give gateways and this command the new key before the old one (APIGW_MASTER_KEY=NEW,OLD), run this\ncommand, then remove the old key. The secrets themselves do not change, so customers are not affected.'
  static override examples = ['<%= config.bin %> key rewrap', '<%= config.bin %> key rewrap acme --dry-run']
  static override args = { customer: Args.string({ description: 'customer id (default: all customers)' }) }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(KeyRewrap)
    return this.withContext(flags, async (context) => {
      const ids = args.customer === undefined ? (await context.registry.customers()).map(({ id }) => id) : [args.customer]
      let rewrapped = 0
      for (const id of ids) rewrapped += await rewrapKeys(context, id)
      if (args.customer === undefined) rewrapped += await rewrapTokenKeys(context)
      this.log(`Re-encrypted ${quantity(rewrapped, 'secret')}; checked ${quantity(ids.length, 'customer')}.`)
      return { customers: ids.length, rewrapped, dryRun: flags['dry-run'] }
    })
  }
}
