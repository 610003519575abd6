import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { removePriceClass } from '../../operations/customers/index.ts'

export default class PriceRemove extends BaseCommand {
  static override summary = 'remove a price class'
  static override description = 'Customers that have the class keep its prices until you set another one.'
  static override examples = ['<%= config.bin %> price remove export']
  static override args = { class: Args.string({ required: true, description: 'price class' }) }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(PriceRemove)
    return this.withContext(flags, async (context) => {
      await removePriceClass(context, args.class)
      this.log(`Removed the price class ${args.class}.`)
      return { name: args.class, removed: !flags['dry-run'], dryRun: flags['dry-run'] }
    })
  }
}
