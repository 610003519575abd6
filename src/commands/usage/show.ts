import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { periodFlags } from '../../cli/period-flags.ts'
import { groupings, showUsage } from '../../operations/usage/index.ts'
import { usageJson, usageText } from '../../presenters/usage.ts'

export default class UsageShow extends BaseCommand {
  static override summary = 'show what a customer used, by day, hour, type, destination, route or reason'
  static override description =
    'Days and months follow the calendar of the customer. How messages ended is counted up to an hour later. Usage is kept for 13 months, and by the hour for 75 days.'
  static override examples = [
    '<%= config.bin %> usage show acme',
    '<%= config.bin %> usage show acme --by type --from 2026-10 --to 2026-10',
    '<%= config.bin %> usage show acme --by reason --env test --json',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    ...periodFlags,
    by: Flags.option({ options: groupings, env: 'APIGW_BY', summary: 'what to add up' })({ default: 'day' }),
    env: shared.env({ default: 'live' }),
  }

  async run() {
    const { args, flags } = await this.parse(UsageShow)
    return this.withRegistry(flags, async (registry) => {
      const { by, env: environment, from, to } = flags
      const usage = await showUsage(registry, args.customer, by, { environment, from, to })
      this.log(usageText(usage))
      return usageJson(usage)
    })
  }
}
