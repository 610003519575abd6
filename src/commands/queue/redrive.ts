import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { quantity } from '../../domain/quantity.ts'
import { deadLettersOf, redriveQueue, withQueues } from '../../operations/queues/index.ts'

export default class QueueRedrive extends BaseCommand {
  static override summary = 'move messages from a dead-letter queue back to their queue'
  static override description =
    'Run it after you have fixed the cause of the failures. A message that was written in the meantime is not written again. Malformed messages stay in the dead-letter queue, unless you add --all.'
  static override examples = ['<%= config.bin %> queue redrive carrier-a', '<%= config.bin %> queue redrive carrier-a --most 10']
  static override args = { queue: Args.string({ required: true, description: 'queue to move the messages to' }) }
  static override flags = {
    from: Flags.string({
      env: 'APIGW_FROM',
      helpValue: 'QUEUE',
      summary: 'source queue (default: the dead-letter queue of QUEUE)',
    }),
    most: Flags.integer({ default: 10_000, min: 1, env: 'APIGW_MOST', summary: 'maximum number of messages' }),
    all: Flags.boolean({ default: false, env: 'APIGW_ALL', summary: 'include malformed messages' }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(QueueRedrive)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    return withQueues({ endpoint, region }, async (queue) => {
      const from = flags.from ?? (await deadLettersOf(queue, args.queue))
      const waiting = Math.min((await queue.state(from)).visible, flags.most)
      if (flags['dry-run'] || waiting === 0) {
        if (waiting === 0) this.note(`No messages are waiting in ${from}.`)
        else this.log(`Would move ${quantity(waiting, 'message')} from ${from} to ${args.queue}.`)
        return { from, to: args.queue, moved: 0, left: waiting, dryRun: flags['dry-run'] }
      }
      await confirm(`Move ${quantity(waiting, 'message')} from ${from} to ${args.queue}?`, {
        yes: flags.yes,
        interactive: this.interactive,
      })
      const stopping = new AbortController()
      const stop = (): void => stopping.abort()
      process.once('SIGINT', stop)
      try {
        const { most, all } = flags
        const moved = (total: number): void => this.note(`${total} of ${waiting} moved`)
        const done = await redriveQueue(queue, args.queue, from, { most, all, signal: stopping.signal, moved })
        this.log(`Moved ${quantity(done.moved, 'message')} from ${from} to ${args.queue}.`)
        if (done.left > 0) this.note(`${done.left} malformed messages were not moved. To include them, add --all.`)
        return { ...done, dryRun: false }
      } finally {
        process.removeListener('SIGINT', stop)
      }
    })
  }
}
