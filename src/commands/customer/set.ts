import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { setCustomer } from '../../operations/customers/index.ts'
import { iso, plain } from '../../presenters/output.ts'

export default class CustomerSet extends BaseCommand {
  static override summary = "change a customer's name or time zone"
  static override description = 'A new time zone changes when quotas reset. Units already used stay used.'
  static override examples = ['<%= config.bin %> customer set acme --name "Acme Holdings" --time-zone America/New_York']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    name: Flags.string({ env: 'APIGW_NAME', summary: 'display name' }),
    'time-zone': Flags.string({
      env: 'APIGW_TIME_ZONE',
      helpValue: 'ZONE',
      summary: 'IANA time zone in which quotas reset, such as Asia/Seoul',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(CustomerSet)
    if (flags.name === undefined && flags['time-zone'] === undefined) {
      throw new Problem('input-missing', 'No change was given.', {
        next: apigw('customer set', args.customer, '--name', 'NAME'),
      })
    }
    return this.withContext(flags, async (context) => {
      const customer = await setCustomer(context, args.customer, {
        ...(flags.name !== undefined && { name: flags.name }),
        ...(flags['time-zone'] !== undefined && { timeZone: flags['time-zone'] }),
      })
      this.log(`${customer.id}: ${plain(customer.name)}, ${customer.timeZone}`)
      return { ...customer, createdAt: iso(customer.createdAt), dryRun: flags['dry-run'] }
    })
  }
}
