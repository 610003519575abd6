import { Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { periodFlags } from '../../cli/period-flags.ts'
import { topUsage } from '../../operations/usage/index.ts'
import { topText, usedJson } from '../../presenters/usage.ts'

export default class UsageTop extends BaseCommand {
  static override summary = 'list the customers that used most units'
  static override examples = [
    '<%= config.bin %> usage top',
    '<%= config.bin %> usage top --from 2026-10 --to 2026-10 --limit 5 --json',
  ]
  static override flags = {
    ...periodFlags,
    limit: Flags.integer({
      default: 20,
      min: 1,
      max: 1_000,
      env: 'APIGW_LIMIT',
      helpValue: 'N',
      summary: 'maximum number of customers',
    }),
    env: shared.env({ default: 'live' }),
  }

  async run() {
    const { flags } = await this.parse(UsageTop)
    return this.withRegistry(flags, async (registry) => {
      const { env: environment, from, to, limit } = flags
      const customers = await topUsage(registry, limit, { environment, from, to })
      this.log(topText(customers))
      return { environment, customers: customers.map(({ customer, ...used }) => ({ customer, ...usedJson(used) })) }
    })
  }
}
