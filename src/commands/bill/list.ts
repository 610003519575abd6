import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { listBills } from '../../operations/bills/index.ts'
import { listedJson, listedText } from '../../presenters/bills.ts'

export default class BillList extends BaseCommand {
  static override summary = 'list which bills are closed'
  static override description = 'Lists the months of one customer, or one month of all customers.'
  static override examples = ['<%= config.bin %> bill list acme', '<%= config.bin %> bill list --month 2026-10 --json']
  static override args = { customer: Args.string({ description: 'customer id (default: all customers)' }) }
  static override flags = {
    month: Flags.string({
      env: 'APIGW_MONTH',
      helpValue: 'YEAR-MONTH',
      summary: 'month (default: all of one customer, or last month of all customers)',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(BillList)
    return this.withRegistry(flags, async (registry) => {
      const bills = await listBills(registry, args.customer, flags.month)
      this.log(listedText(bills))
      return { bills: bills.map(listedJson) }
    })
  }
}
