import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { iso, table } from '../../cli/output.ts'
import { type Peeked, peekQueue, withQueues } from '../../operations/queues/index.ts'

function row(one: Peeked): string[] {
  return [
    one.id,
    iso(one.sentAt) ?? '',
    String(one.receiveCount),
    one.receivesLeft === null ? '' : String(one.receivesLeft),
    one.customer === null ? 'not an envelope' : `${one.customer} (${one.environment})`,
    one.unreadable === 0 ? String(one.messages) : `${one.messages} (${one.unreadable} unreadable)`,
    one.recipients.join(', '),
  ]
}

export default class QueuePeek extends BaseCommand {
  static override summary = 'show messages of a queue, at the cost of a receive each'
  static override description =
    'Shows whose messages they are and how old they are, never their text, and gives them back. SQS cannot show a message without receiving it, and after a number of receives it moves a message to the dead-letter queue. A dead-letter queue can be looked at freely. A queue that allows fewer than 100 receives is refused without --force; any look ends at the first message that has used half of its receives.'
  static override examples = [
    '<%= config.bin %> queue peek carrier-a-dlq',
    '<%= config.bin %> queue peek carrier-a --most 1 --force',
  ]
  static override args = { queue: Args.string({ required: true, description: 'name of the queue' }) }
  static override flags = {
    most: Flags.integer({ default: 10, min: 1, max: 100, env: 'APIGW_MOST', summary: 'maximum number of messages' }),
    force: Flags.boolean({
      default: false,
      env: 'APIGW_FORCE',
      summary: 'use up a receive of each message, even where few are left',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(QueuePeek)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    const { most, force } = flags
    const seen = await withQueues({ endpoint, region }, (queue) => peekQueue(queue, args.queue, { most, force }))
    const { messages, inFlight, maxReceiveCount, stopped } = seen
    if (messages.length === 0) this.note('No messages are waiting.')
    else this.log(table(['id', 'sent', 'received', 'left', 'customer', 'messages', 'to'], messages.map(row)))
    if (inFlight > 0) this.note(`${inFlight} messages are in flight and cannot be shown.`)
    if (messages.length > 0 && maxReceiveCount !== null) {
      this.note(`Each of them was received once more, of ${maxReceiveCount} times before it goes to the dead-letter queue.`)
    }
    if (messages.some(({ receivesLeft }) => receivesLeft === 0)) this.note('Messages with 0 left go there at the next receive.')
    if (stopped) this.note('Stopped early: a message has used half of its receives.')
    return {
      queue: args.queue,
      ...seen,
      messages: messages.map(({ sentAt, ...rest }) => ({ ...rest, sentAt: iso(sentAt) })),
    }
  }
}
