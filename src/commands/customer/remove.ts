import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { changeWebhooks } from '../../cli/customer-webhooks.ts'
import { ask } from '../../cli/prompts.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { removeCustomer, storedProfile } from '../../operations/customers/index.ts'
import { removeWebhooks } from '../../operations/webhooks/index.ts'

export default class CustomerRemove extends BaseCommand {
  static override summary = 'remove a customer with its keys, quotas and routes'
  static override description =
    'This cannot be undone. The id cannot be reused for 400 days, until everything stored under it has expired. To stop the calls of a customer and keep its data, suspend it instead.'
  static override examples = ['<%= config.bin %> customer remove acme', '<%= config.bin %> customer remove acme --yes']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { yes: shared.yes, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(CustomerRemove)
    const { customer } = args
    return this.withContext(flags, async (context) => {
      const { profile } = await storedProfile(context.registry, customer)
      const keys = profile.credentials.length
      if (!flags.yes && !flags['dry-run']) await this.#confirm(customer, keys)
      const dryRun = flags['dry-run']
      // First: the command is not run again for a customer who is gone.
      const untouched = `Nothing of ${customer} was removed.`
      await changeWebhooks(this.settings(flags), untouched, dryRun, (store) => removeWebhooks(store, customer))
      await removeCustomer(context, customer)
      this.log(`Removed ${customer} and its ${quantity(keys, 'key')}.`)
      return { id: customer, removed: !dryRun, keys, dryRun }
    })
  }

  async #confirm(customer: string, keys: number): Promise<void> {
    if (!this.interactive) {
      throw new Problem('input-missing', `Removing "${customer}" cannot be undone. Confirmation required.`, {
        next: apigw('customer remove', customer, '--yes'),
      })
    }
    const typed = await ask({
      message: `This permanently removes ${customer} and its ${quantity(keys, 'key')}. Type the customer id to confirm`,
    })
    if (typed !== customer) throw new Problem('declined', 'The id does not match. Nothing was removed.')
  }
}
