import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { revokeKey } from '../../operations/customers/index.ts'
import { iso } from '../../presenters/output.ts'

export default class KeyRevoke extends BaseCommand {
  static override summary = 'revoke a key immediately'
  static override description =
    'Permanent, and effective at once on every gateway. Does not ask for confirmation, so that a leaked key can be revoked without delay.'
  static override examples = ['<%= config.bin %> key revoke acme ak_live_7M2V0Q8R4C6D9E1F3G5H']
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    key: Args.string({ required: true, description: 'key id (API_KEY)' }),
  }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(KeyRevoke)
    return this.withContext(flags, async (context) => {
      const { keyId, revokedAt } = await revokeKey(context, args.customer, args.key)
      this.log(`${keyId} is revoked.`)
      return { customer: args.customer, keyId, revokedAt: iso(revokedAt), dryRun: flags['dry-run'] }
    })
  }
}
