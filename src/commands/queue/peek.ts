import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { quantity } from '../../domain/quantity.ts'
import { type PeekedMessage, peekQueue, withQueues } from '../../operations/queues/index.ts'
import { iso, table } from '../../presenters/output.ts'

function row(one: PeekedMessage): string[] {
  return [
    one.id,
    iso(one.sentAt) ?? '',
    String(one.receiveCount),
    one.receivesLeft === null ? '' : String(one.receivesLeft),
    one.customer === null ? 'malformed' : `${one.customer} (${one.environment})`,
    one.unreadable === 0 ? String(one.messages) : `${one.messages} (${one.unreadable} unreadable)`,
    one.recipients.join(', '),
  ]
}

export default class QueuePeek extends BaseCommand {
  static override summary = 'show messages in a queue, using one receive of each'
  static override description =
    'Shows the customer and age of each message, never its text, and returns it to the queue. SQS can show a message only by receiving it, and moves it to the dead-letter queue after a number of receives. Messages in a dead-letter queue can be shown freely. A queue that allows fewer than 100 receives requires --force. The command stops at the first message that has used half of its receives.'
  static override examples = [
    '<%= config.bin %> queue peek carrier-a-dlq',
    '<%= config.bin %> queue peek carrier-a --most 1 --force',
  ]
  static override args = { queue: Args.string({ required: true, description: 'queue name' }) }
  static override flags = {
    most: Flags.integer({ default: 10, min: 1, max: 100, env: 'APIGW_MOST', summary: 'maximum number of messages' }),
    force: Flags.boolean({
      default: false,
      env: 'APIGW_FORCE',
      summary: 'use one receive of each message, even if few are left',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(QueuePeek)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    const { most, force } = flags
    const peeked = await withQueues({ endpoint, region }, (queue) => peekQueue(queue, args.queue, { most, force }))
    const { messages, inFlight, maxReceiveCount, stopped } = peeked
    if (messages.length === 0) this.note('No messages are waiting.')
    else this.log(table(['id', 'sent', 'received', 'left', 'customer', 'messages', 'to'], messages.map(row)))
    if (inFlight > 0) this.note(`In flight, and cannot be shown: ${quantity(inFlight, 'message')}.`)
    if (messages.length > 0 && maxReceiveCount !== null) {
      this.note(`This used one receive of each. After ${maxReceiveCount} receives, SQS moves a message to the dead-letter queue.`)
    }
    if (messages.some(({ receivesLeft }) => receivesLeft === 0)) this.note('Messages with 0 left are moved at the next receive.')
    if (stopped) this.note('Stopped early: a message has used half of its receives.')
    return {
      queue: args.queue,
      ...peeked,
      messages: messages.map(({ sentAt, ...rest }) => ({ ...rest, sentAt: iso(sentAt) })),
    }
  }
}
