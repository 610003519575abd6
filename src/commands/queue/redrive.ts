import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirmed } from '../../cli/confirm.ts'
import { deadLettersOf, redriveQueue, withQueues } from '../../queues/index.ts'

export default class QueueRedrive extends BaseCommand {
  static override summary = 'move dead letters back into their queue'
  static override description =
    'For when what made them fail is mended. A message that was written meanwhile is recognised and not written again. What is no envelope stays, unless --all.'
  static override examples = ['<%= config.bin %> queue redrive carrier-a', '<%= config.bin %> queue redrive carrier-a --most 10']
  static override args = { queue: Args.string({ required: true, description: 'the queue to move them into' }) }
  static override flags = {
    from: Flags.string({ env: 'APIGW_FROM', helpValue: 'QUEUE', summary: "another queue than its own dead letters'" }),
    most: Flags.integer({ default: 10_000, min: 1, env: 'APIGW_MOST', summary: 'how many at most' }),
    all: Flags.boolean({ default: false, env: 'APIGW_ALL', summary: 'also what is no envelope' }),
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
        this.log(`${waiting} messages of ${from} would be moved into ${args.queue}.`)
        return { from, to: args.queue, moved: 0, left: waiting, dryRun: flags['dry-run'] }
      }
      await confirmed(`Move ${waiting} messages of ${from} into ${args.queue}?`, {
        yes: flags.yes,
        interactive: this.interactive,
      })
      const stopping = new AbortController()
      const stop = (): void => stopping.abort()
      process.once('SIGINT', stop)
      try {
        const { most, all } = flags
        const moved = (so: number): void => this.note(`${so} of ${waiting} moved`)
        const done = await redriveQueue(queue, args.queue, from, { most, all, signal: stopping.signal, moved })
        this.log(`${done.moved} messages of ${from} moved into ${args.queue}, ${done.left} left.`)
        return { ...done, dryRun: false }
      } finally {
        process.removeListener('SIGINT', stop)
      }
    })
  }
}
