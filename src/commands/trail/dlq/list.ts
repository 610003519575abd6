import { Flags } from '@oclif/core'
import { iso, table } from '../../../cli/output.ts'
import { listDeadLetters } from '../../../operations/trail/index.ts'
import { TrailCommand, trailFlags } from '../../../presenters/trail.ts'

export default class TrailDlqList extends TrailCommand {
  static override summary = 'show what could not be told in Slack'
  static override examples = ['<%= config.bin %> trail dlq list']
  static override flags = {
    most: Flags.integer({ default: 50, min: 1, max: 1_000, env: 'APIGW_MOST', summary: 'how many at most' }),
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailDlqList)
    const letters = await this.withTrail(flags, (clients) => listDeadLetters(clients, flags.most))
    const rows = letters.map(({ id, sentAt, kind, about }) => [iso(sentAt) ?? '', kind, about, id])
    if (rows.length === 0) this.log('Nothing waits.')
    else {
      this.log(table(['since', 'kind', 'about', 'message'], rows))
      this.note('Next: apigw trail status, then apigw trail dlq redrive')
    }
    return { letters: letters.map((letter) => ({ ...letter, sentAt: iso(letter.sentAt) })) }
  }
}
