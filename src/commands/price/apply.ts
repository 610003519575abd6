import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { applyPriceClass } from '../../operations/customers/index.ts'
import { count } from '../../presenters/output.ts'

export default class PriceApply extends BaseCommand {
  static override summary = 'give the customers of a price class its current prices'
  static override description =
    'The prices apply from the next call of each customer. You can run it again after an interruption.'
  static override examples = ['<%= config.bin %> price apply export --dry-run', '<%= config.bin %> price apply export']
  static override args = { class: Args.string({ required: true, description: 'price class' }) }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(PriceApply)
    return this.withContext(flags, async (context) => {
      const { changed, same } = await applyPriceClass(context, args.class)
      const verb = flags['dry-run'] ? 'would change' : 'changed'
      for (const customer of changed) this.log(`${customer}: ${verb}`)
      this.note(`Customers of ${args.class}: ${count(changed.length)} ${verb}, ${count(same)} unchanged.`)
      return { class: args.class, changed, unchanged: same, dryRun: flags['dry-run'] }
    })
  }
}
