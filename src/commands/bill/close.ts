import { basename } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { billFlags, priceList } from '../../cli/bill-flags.ts'
import { ask } from '../../cli/prompts.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { closeBills, planClosing } from '../../operations/bills/index.ts'
import { billsText, closingJson, closingText } from '../../presenters/bills.ts'

export default class BillClose extends BaseCommand {
  static override summary = 'close the bill of a month, which never changes afterwards'
  static override description =
    'Stores the bill with its lines, prices and sums in the registry. What messages of the month that fail later are credited with is on the\nbill of the month in which that becomes known. A bill that is closed already is shown as it was closed. You can run it again after an\ninterruption.'
  static override examples = [
    '<%= config.bin %> bill close acme --month 2026-10 --prices prices.yaml --dry-run',
    '<%= config.bin %> bill close --all --month 2026-10 --prices prices.yaml --allow-open --yes',
  ]
  static override args = { customer: Args.string({ description: 'customer id' }) }
  static override flags = {
    ...billFlags,
    all: Flags.boolean({ default: false, env: 'APIGW_ALL', summary: 'close the bills of all customers' }),
    'allow-open': Flags.boolean({
      default: false,
      env: 'APIGW_ALLOW_OPEN',
      summary: 'close it although messages have no outcome yet: what fails is credited on a later bill',
    }),
    reason: Flags.string({ env: 'APIGW_REASON', helpValue: 'TEXT', summary: 'why it is closed now, for the audit log' }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(BillClose)
    const { month, reason, 'dry-run': dryRun, 'allow-open': allowOpen } = flags
    const { customer } = args
    if ((customer === undefined) === !flags.all) {
      throw new Problem('input-missing', 'Name one customer, or all of them.', {
        next: apigw('bill close', '--all', '--month', month),
      })
    }
    const list = priceList(flags.prices)
    const file = basename(flags.prices)
    return this.withContext(flags, async (context) => {
      const plan = await planClosing(context.registry, { list, file, customer, month, allowOpen, reason })
      const fresh = plan.bills.filter(({ closed }) => closed === undefined).length
      if (fresh > 0 && !flags.yes && !dryRun) {
        this.note(billsText(plan.bills))
        await this.#confirm(fresh, month, customer)
      }
      const results = await closeBills(context, plan, dryRun)
      for (const result of results) this.log(closingText(result, dryRun))
      return { month, dryRun, bills: results.map(closingJson) }
    })
  }

  async #confirm(bills: number, month: string, customer: string | undefined): Promise<void> {
    const what = quantity(bills, 'bill')
    if (!this.interactive) {
      throw new Problem('input-missing', `Closing ${what} of ${month} cannot be undone. Confirmation required.`, {
        next: apigw('bill close', customer ?? '--all', '--month', month, '--yes'),
      })
    }
    const typed = await ask({ message: `This closes ${what}, which never change afterwards. Type the month to confirm` })
    if (typed !== month) throw new Problem('declined', 'The month does not match. Nothing was closed.')
  }
}
