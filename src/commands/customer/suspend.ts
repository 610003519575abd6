import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { changeWebhooks } from '../../cli/customer-webhooks.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { setCustomer } from '../../operations/customers/index.ts'
import { suspendWebhooks } from '../../operations/webhooks/index.ts'

export default class CustomerSuspend extends BaseCommand {
  static override summary = 'suspend a customer: all its calls are refused'
  static override examples = ['<%= config.bin %> customer suspend acme']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = { 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(CustomerSuspend)
    return this.withContext(flags, async (context) => {
      const { customer } = await setCustomer(context, args.customer, { state: 'suspended' })
      const { id, state } = customer
      this.log(`${id} is ${state}.`)
      this.note(step`All its calls are refused from now on. Undo: ${apigw('customer resume', id)}`)
      const dryRun = flags['dry-run']
      const stop = (store: Parameters<typeof suspendWebhooks>[0]) => suspendWebhooks(store, id, true)
      const webhooks = await changeWebhooks(this.settings(flags), `${id} is ${state}.`, dryRun, stop)
      if (webhooks > 0) this.note(`${webhooks} of its webhooks get nothing until it is resumed.`)
      return { id, state, dryRun }
    })
  }
}
