import { Flags } from '@oclif/core'
import { interruptible } from '../../cli/interrupt.ts'
import { table } from '../../cli/output.ts'
import { Problem } from '../../domain/problem.ts'
import { allRules, tryRules } from '../../operations/trail/index.ts'
import { TrailCommand, trailFlags } from '../../presenters/trail.ts'

export default class TrailTest extends TrailCommand {
  static override summary = 'send one event a rule through the installed trail, and wait for each in Slack'
  static override description = 'Each comes out in Slack marked TEST. Exit code 1 if one does not arrive.'
  static override examples = ['<%= config.bin %> trail test', '<%= config.bin %> trail test --rule trail-stopped']
  static override flags = {
    rule: Flags.string({ multiple: true, env: 'APIGW_RULE', helpValue: 'RULE', summary: 'only this rule; again for more' }),
    timeout: Flags.integer({
      default: 180,
      min: 5,
      env: 'APIGW_TIMEOUT',
      helpValue: 'SECONDS',
      summary: 'how long to wait for them',
    }),
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailTest)
    const all = allRules(this.settings(flags).trail)
    const unknown = flags.rule?.find((id) => !all.some((rule) => rule.id === id))
    if (unknown !== undefined)
      throw new Problem('input-invalid', `There is no rule "${unknown}".`, { next: 'apigw trail rules list' })
    const rules = flags.rule === undefined ? all : all.filter(({ id }) => flags.rule?.includes(id))
    const tried = await interruptible((signal) =>
      this.withTrail(flags, (clients) =>
        tryRules(clients, { rules, waitMs: flags.timeout * 1_000, tell: (line) => this.note(line), signal }),
      ),
    )
    const lost = tried.filter(({ arrived }) => !arrived)
    if (lost.length > 0)
      this.log(
        table(
          ['did not arrive'],
          lost.map(({ rule }) => [rule]),
        ),
      )
    else this.log(`All ${tried.length} arrived.`)
    if (lost.length > 0) {
      this.note('Next: apigw trail status')
      process.exitCode = 1
    }
    return { rules: tried }
  }
}
