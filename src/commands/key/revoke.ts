import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { iso } from '../../cli/output.ts'
import { revokeKey } from '../../operations/customers/index.ts'

export default class KeyRevoke extends BaseCommand {
  static override summary = 'revoke a key: its next call is refused'
  static override description =
    'For good, and at once on every gateway. It asks nothing, because a leaked key is no time for questions.'
  static override examples = ['<%= config.bin %> key revoke acme ak_live_7M2V0Q8R4C6D9E1F3G5H']
  static override args = {
    customer: Args.string({ required: true, description: 'whose key' }),
    key: Args.string({ required: true, description: 'the key id (API_KEY)' }),
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
