import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirmed } from '../../cli/confirm.ts'
import { withQueues } from '../../operations/queues/index.ts'

export default class QueuePurge extends BaseCommand {
  static override summary = 'delete all messages of a queue'
  static override description =
    'The messages of a queue were accepted and charged; after this they are never sent. SQS takes up to a minute to delete them.'
  static override examples = ['<%= config.bin %> queue purge carrier-a-dlq --yes']
  static override args = { queue: Args.string({ required: true, description: 'name of the queue' }) }
  static override flags = { yes: shared.yes, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(QueuePurge)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    return withQueues({ endpoint, region }, async (queue) => {
      const { visible, inFlight, delayed } = await queue.state(args.queue)
      const messages = visible + inFlight + delayed
      if (flags['dry-run']) this.log(`About ${messages} messages of ${args.queue} would be deleted.`)
      else {
        const question = `Delete about ${messages} accepted messages of ${args.queue}? They will never be sent.`
        await confirmed(question, { yes: flags.yes, interactive: this.interactive })
        await queue.purge(args.queue)
        this.log(`About ${messages} messages of ${args.queue} were deleted.`)
      }
      return { queue: args.queue, messages, dryRun: flags['dry-run'] }
    })
  }
}
