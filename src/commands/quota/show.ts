import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { quotaStatus } from '../../operations/customers/index.ts'
import { quotaJson, quotaText } from '../../presenters/render.ts'

export default class QuotaShow extends BaseCommand {
  static override summary = "show a customer's limits and what is left of them"
  static override examples = ['<%= config.bin %> quota show acme', '<%= config.bin %> quota show acme --env test --json']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { env: shared.env({ default: 'live' }) }

  async run() {
    const { args, flags } = await this.parse(QuotaShow)
    return this.withRegistry(flags, async (registry) => {
      const status = await quotaStatus(registry, args.customer, flags.env)
      this.log(quotaText(status))
      return quotaJson(status)
    })
  }
}
