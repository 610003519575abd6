import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { quantity } from '../../domain/quantity.ts'
import { idlePolling, listQueues, withQueues } from '../../operations/queues/index.ts'
import { count, table } from '../../presenters/output.ts'

export default class QueueList extends BaseCommand {
  static override summary = 'list queues with their message counts and polling cost'
  static override examples = ['<%= config.bin %> queue list', '<%= config.bin %> queue list --prefix carrier']
  static override flags = {
    prefix: Flags.string({ env: 'APIGW_PREFIX', summary: 'only queues whose name starts with this' }),
  }

  async run() {
    const { flags } = await this.parse(QueueList)
    const { sqsEndpoint: endpoint, region } = this.settings(flags)
    const queues = await withQueues({ endpoint, region }, (queue) => listQueues(queue, flags.prefix))
    const rows = queues.map(({ queue, visible, inFlight, delayed, deadLetter }) => [
      queue,
      count(visible),
      count(inFlight),
      count(delayed),
      deadLetter === null ? 'none' : `${count(deadLetter.visible)} in ${deadLetter.queue}`,
    ])
    if (rows.length === 0) this.note('No queues.')
    else this.log(table(['queue', 'waiting', 'in flight', 'delayed', 'dead letters'], rows))
    const { requestsAnHour, dollarsAMonth } = idlePolling
    this.note(
      `Polling an empty queue takes ${quantity(requestsAnHour, 'request')} per hour and costs $${dollarsAMonth.toFixed(3)} per month and queue.`,
    )
    return { queues, idlePolling: { requestsAnHour, dollarsAMonth } }
  }
}
