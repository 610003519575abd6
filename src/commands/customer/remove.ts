import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { ask } from '../../cli/prompts.ts'
import { Problem } from '../../domain/problem.ts'
import { removeCustomer, storedProfile } from '../../operations/customers/index.ts'

export default class CustomerRemove extends BaseCommand {
  static override summary = 'remove a customer with its keys, quotas and routes'
  static override description =
    'This cannot be undone, and the id cannot be used again for 400 days, because what is stored under it stays until it expires. To stop a customer, also for good, suspend it.'
  static override examples = ['<%= config.bin %> customer remove acme', '<%= config.bin %> customer remove acme --yes']
  static override args = { customer: Args.string({ required: true, description: 'its id' }) }
  static override flags = { yes: shared.yes, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(CustomerRemove)
    const { customer } = args
    return this.withContext(flags, async (context) => {
      const { profile } = await storedProfile(context.registry, customer)
      const keys = profile.credentials.length
      if (!flags.yes && !flags['dry-run']) await this.#sure(customer, keys)
      await removeCustomer(context, customer)
      this.log(`${customer} and its ${keys} ${keys === 1 ? 'key' : 'keys'} are removed.`)
      return { id: customer, removed: !flags['dry-run'], keys, dryRun: flags['dry-run'] }
    })
  }

  async #sure(customer: string, keys: number): Promise<void> {
    if (!this.interactive) {
      throw new Problem('input-missing', `Removing "${customer}" cannot be undone, so it wants a yes.`, {
        next: `apigw customer remove ${customer} --yes`,
      })
    }
    const typed = await ask({ message: `This removes ${customer} and ${keys} keys for good. Type its id to go on` })
    if (typed !== customer) throw new Problem('declined', 'That was another name; nothing was removed.')
  }
}
