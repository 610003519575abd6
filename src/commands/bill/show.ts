import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { billFlags } from '../../cli/bill-flags.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { checkedMonth, ofClosed, storedBill } from '../../operations/bills/index.ts'
import { billJson, billText } from '../../presenters/bills.ts'
import { storedProfile } from '../../registry/index.ts'

export default class BillShow extends BaseCommand {
  static override summary = 'show a closed bill'
  static override description =
    'Shows the bill as it was closed, with the prices of then. Credits for messages of earlier months name the month.'
  static override examples = ['<%= config.bin %> bill show acme --month 2026-10']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { month: billFlags.month }

  async run() {
    const { args, flags } = await this.parse(BillShow)
    const month = checkedMonth(flags.month)
    return this.withRegistry(flags, async (registry) => {
      const closed = await storedBill(registry, args.customer, month)
      if (closed === undefined) {
        await storedProfile(registry, args.customer)
        throw new Problem('input-invalid', `The bill of ${args.customer} for ${month} is not closed.`, {
          next: apigw('bill preview', args.customer, '--month', month, '--prices', 'FILE'),
        })
      }
      const bill = ofClosed(closed)
      this.log(billText(bill))
      return billJson(bill)
    })
  }
}
