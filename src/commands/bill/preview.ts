import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { billFlags, priceList } from '../../cli/bill-flags.ts'
import { monthlyBills } from '../../operations/bills/index.ts'
import { billJson, billsText, billText } from '../../presenters/bills.ts'

export default class BillPreview extends BaseCommand {
  static override summary = 'show what a customer, or each of them, has to pay for a month'
  static override description =
    'Charges each live message that was accepted in the month, and credits those that ended in it without being delivered. Months follow\nthe calendar of the customer. Messages without a price are an error that names them. A closed bill is shown as it was closed.'
  static override examples = [
    '<%= config.bin %> bill preview acme --month 2026-10 --prices prices.yaml',
    '<%= config.bin %> bill preview --month 2026-10 --prices prices.yaml --json',
  ]
  static override args = { customer: Args.string({ description: 'customer id (default: all customers)' }) }
  static override flags = billFlags

  async run() {
    const { args, flags } = await this.parse(BillPreview)
    const list = priceList(flags.prices)
    return this.withRegistry(flags, async (registry) => {
      const bills = await monthlyBills(registry, () => list, args.customer, flags.month)
      const [only] = bills
      this.log(args.customer !== undefined && only !== undefined ? billText(only) : billsText(bills))
      return { month: flags.month, currency: list.currency, bills: bills.map(billJson) }
    })
  }
}
