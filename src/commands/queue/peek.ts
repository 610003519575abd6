import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { iso, table } from '../../cli/output.ts'
import { peekQueue, withQueues } from '../../queues/index.ts'

export default class QueuePeek extends BaseCommand {
  static override summary = 'look at messages of a queue without taking them'
  static override description =
    'Shows whose they are and how old, never their text. SQS counts a look as a receive: a message that is looked at as often as its queue allows goes to the dead letters.'
  static override examples = ['<%= config.bin %> queue peek carrier-a-dlq']
  static override args = { queue: Args.string({ required: true, description: 'which queue' }) }
  static override flags = {
    most: Flags.integer({ default: 10, min: 1, max: 100, env: 'APIGW_MOST', summary: 'how many at most' }),
  }

  async run() {
    const { args, flags } = await this.parse(QueuePeek)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    const seen = await withQueues({ endpoint, region }, (queue) => peekQueue(queue, args.queue, flags.most))
    const messages = seen.map(({ sentAt, ...rest }) => ({ ...rest, sentAt: iso(sentAt) }))
    if (messages.length === 0) this.note('Nothing is waiting.')
    else {
      const rows = messages.map((one) => [
        one.id,
        one.sentAt ?? '',
        String(one.receiveCount),
        one.customer === null ? 'no envelope' : `${one.customer} (${one.environment})`,
        String(one.messages),
        one.recipients.join(', '),
      ])
      this.log(table(['id', 'sent', 'received', 'customer', 'messages', 'to'], rows))
    }
    return { queue: args.queue, messages }
  }
}
