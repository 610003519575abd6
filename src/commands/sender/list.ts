import { Args } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { sendingOf } from '../../operations/customers/index.ts'
import { senderJson, sendersText } from '../../presenters/sending.ts'

export default class SenderList extends BaseCommand {
  static override summary = "list a customer's senders and their state"
  static override examples = ['<%= config.bin %> sender list acme']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }

  async run() {
    const { args, flags } = await this.parse(SenderList)
    return this.withRegistry(flags, async (registry) => {
      const { senders, policy } = await sendingOf(registry, args.customer)
      const now = await registry.now()
      if (policy.from === 'any') this.note('This customer may send from any number: --senders any is set.')
      if (senders.length > 0) this.log(sendersText(senders, now))
      else if (policy.from === 'registered') this.note(step`No senders. Next: ${apigw('sender add', args.customer, 'NUMBER')}`)
      return { customer: args.customer, from: policy.from, senders: senders.map((sender) => senderJson(sender, now)) }
    })
  }
}
