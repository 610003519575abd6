import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirmed } from '../../cli/confirm.ts'
import { withQueues } from '../../queues/index.ts'

export default class QueuePurge extends BaseCommand {
  static override summary = 'throw away everything in a queue'
  static override description = 'What is in a queue was accepted and paid, and will never be sent. SQS takes up to a minute.'
  static override examples = ['<%= config.bin %> queue purge carrier-a-dlq --yes']
  static override args = { queue: Args.string({ required: true, description: 'which queue' }) }
  static override flags = { yes: shared.yes, 'dry-run': shared.dryRun }

  async run() {
    const { args, flags } = await this.parse(QueuePurge)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    return withQueues({ endpoint, region }, async (queue) => {
      const { visible, inFlight, delayed } = await queue.state(args.queue)
      const messages = visible + inFlight + delayed
      if (flags['dry-run']) this.note('Dry run: nothing was changed.')
      else {
        const question = `Throw away about ${messages} accepted messages of ${args.queue}? They will never be sent.`
        await confirmed(question, { yes: flags.yes, interactive: this.interactive })
        await queue.purge(args.queue)
      }
      this.log(`${args.queue}: about ${messages} messages thrown away.`)
      return { queue: args.queue, messages, dryRun: flags['dry-run'] }
    })
  }
}
