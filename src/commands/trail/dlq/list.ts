import { Flags } from '@oclif/core'
import { TrailCommand, trailFlags } from '../../../cli/trail-command.ts'
import { apigw, step } from '../../../domain/next-step.ts'
import { listDeadLetters } from '../../../operations/trail/index.ts'
import { iso, table } from '../../../presenters/output.ts'

export default class TrailDlqList extends TrailCommand {
  static override summary = 'list alerts that could not be posted to Slack'
  static override examples = ['<%= config.bin %> trail dlq list']
  static override flags = {
    most: Flags.integer({ default: 50, min: 1, max: 1_000, env: 'APIGW_MOST', summary: 'maximum number of alerts' }),
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailDlqList)
    const letters = await this.withTrail(flags, (clients) => listDeadLetters(clients, flags.most))
    const rows = letters.map(({ id, sentAt, kind, about }) => [iso(sentAt) ?? '', kind, about, id])
    if (rows.length === 0) this.log('The dead-letter queue is empty.')
    else {
      this.log(table(['since', 'kind', 'about', 'message'], rows))
      this.note(step`Next: ${apigw('trail status')}, then ${apigw('trail dlq redrive')}`)
    }
    return { letters: letters.map((letter) => ({ ...letter, sentAt: iso(letter.sentAt) })) }
  }
}
