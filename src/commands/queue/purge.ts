import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { quantity } from '../../domain/quantity.ts'
import { withQueues } from '../../operations/queues/index.ts'

export default class QueuePurge extends BaseCommand {
  static override summary = 'delete all messages in a queue'
  static override description =
    'The messages were accepted and charged, and will never be sent. SQS takes up to a minute to delete them.'
  static override examples = ['<%= config.bin %> queue purge carrier-a-dlq --yes']
  static override args = { queue: Args.string({ required: true, description: 'queue name' }) }
  static override flags = { yes: shared.yes, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(QueuePurge)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    return withQueues({ endpoint, region }, async (queue) => {
      const { visible, inFlight, delayed } = await queue.state(args.queue)
      const messages = visible + inFlight + delayed
      if (flags['dry-run']) this.log(`Would delete about ${quantity(messages, 'message')} in ${args.queue}.`)
      else {
        const question = `Delete about ${messages} accepted messages in ${args.queue}? They will never be sent.`
        await confirm(question, { yes: flags.yes, interactive: this.interactive })
        await queue.purge(args.queue)
        this.log(`Deleted about ${quantity(messages, 'message')} in ${args.queue}.`)
      }
      return { queue: args.queue, messages, dryRun: flags['dry-run'] }
    })
  }
}
