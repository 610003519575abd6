import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { baseFlag, readCustomerFiles } from '../../cli/customer-files.ts'
import { quantity } from '../../domain/quantity.ts'
import { planCustomers } from '../../operations/configuration/index.ts'
import { plannedJson, planText, unfiledText } from '../../presenters/configuration.ts'

const exitOnDifferences = 3

export default class CustomerDiff extends BaseCommand {
  static override summary = 'show how the customers differ from their files'
  static override description =
    'Shows what apply would do, by customer and field, and changes nothing. Exits with 3 if anything differs. Customers in no file are listed, and count as a difference only with --complete.'
  static override examples = [
    '<%= config.bin %> customer diff customers/',
    '<%= config.bin %> customer diff customers.yaml --complete --json',
  ]
  static override args = {
    path: Args.string({
      multiple: true,
      ignoreStdin: true,
      required: true,
      description: 'files or folders of customers; - for stdin',
    }),
  }
  static override flags = {
    base: baseFlag,
    complete: Flags.boolean({
      default: false,
      env: 'APIGW_COMPLETE',
      summary: 'the files name every customer, so that others are a difference',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(CustomerDiff)
    const files = await readCustomerFiles(args.path)
    const base = flags.base === undefined ? undefined : await readCustomerFiles([flags.base])
    return this.withRegistry(flags, async (registry) => {
      const plan = await planCustomers(registry, files, { base })
      const { planned, unfiled, same } = plan
      if (planned.length > 0) this.log(planText(plan))
      if (unfiled.length > 0 && flags.complete) this.log(unfiledText(unfiled))
      const differs = planned.length > 0 || (flags.complete && unfiled.length > 0)
      if (unfiled.length > 0) this.note(`${quantity(unfiled.length, 'customer')} of the registry in no file.`)
      this.note(`${quantity(planned.length, 'customer')} would change, ${quantity(same, 'customer')} would not.`)
      if (differs) process.exitCode = exitOnDifferences
      return { differs, customers: planned.map(plannedJson), same, unfiled }
    })
  }
}
