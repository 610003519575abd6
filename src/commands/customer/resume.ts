import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { changeWebhooks } from '../../cli/customer-webhooks.ts'
import { setCustomer } from '../../operations/customers/index.ts'
import { suspendWebhooks } from '../../operations/webhooks/index.ts'

export default class CustomerResume extends BaseCommand {
  static override summary = 'resume a suspended customer'
  static override examples = ['<%= config.bin %> customer resume acme']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(CustomerResume)
    return this.withContext(flags, async (context) => {
      const { customer } = await setCustomer(context, args.customer, { state: 'active' })
      const { id, state } = customer
      this.log(`${id} is ${state}.`)
      const dryRun = flags['dry-run']
      const start = (store: Parameters<typeof suspendWebhooks>[0]) => suspendWebhooks(store, id, false)
      const webhooks = await changeWebhooks(this.settings(flags), `${id} is ${state}.`, dryRun, start)
      if (webhooks > 0) this.note(`${webhooks} of its webhooks continue from where they were.`)
      return { id, state, dryRun }
    })
  }
}
