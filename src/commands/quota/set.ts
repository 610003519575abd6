import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { limitFlags, quotaChange } from '../../cli/limits.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { setQuota } from '../../operations/customers/index.ts'
import { quotaWords } from '../../presenters/render.ts'

export default class QuotaSet extends BaseCommand {
  static override summary = "set a customer's quota"
  static override description =
    'Limits that you do not name stay as they are. "none" removes a limit. A change applies from the next call; units already used stay used.'
  static override examples = [
    '<%= config.bin %> quota set acme --day 1000 --month 20000 --rate 10 --burst 50',
    '<%= config.bin %> quota set acme --env test --day 500',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { env: shared.env({ default: 'live' }), ...limitFlags, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(QuotaSet)
    const change = quotaChange(flags)
    if (change === undefined) {
      throw new Problem('input-missing', 'No limit was given.', { next: apigw('quota set', args.customer, '--day', 'N') })
    }
    return this.withContext(flags, async (context) => {
      const quota = await setQuota(context, args.customer, flags.env, change)
      this.log(`${args.customer} ${flags.env}: ${quotaWords(quota)}`)
      const { rate = null, burst = null, day = null, month = null } = quota
      return { customer: args.customer, environment: flags.env, rate, burst, day, month, dryRun: flags['dry-run'] }
    })
  }
}
