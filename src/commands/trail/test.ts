import { Flags } from '@oclif/core'
import { interruptible } from '../../cli/interrupt.ts'
import { TrailCommand, trailFlags } from '../../cli/trail-command.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { allRules, testRules } from '../../operations/trail/index.ts'
import { table } from '../../presenters/output.ts'

export default class TrailTest extends TrailCommand {
  static override summary = 'send a test event for each rule, and wait for it in Slack'
  static override description = 'Each alert is marked TEST in Slack. Exits with 1 if one does not arrive.'
  static override examples = ['<%= config.bin %> trail test', '<%= config.bin %> trail test --rule trail-stopped']
  static override flags = {
    rule: Flags.string({ multiple: true, env: 'APIGW_RULE', helpValue: 'RULE', summary: 'test only this rule; repeatable' }),
    timeout: Flags.integer({
      default: 180,
      min: 5,
      env: 'APIGW_TIMEOUT',
      helpValue: 'SECONDS',
      summary: 'how long to wait for the alerts',
    }),
    ...trailFlags,
  }

  async run() {
    const { flags } = await this.parse(TrailTest)
    const all = allRules(this.settings(flags).trail)
    const unknown = flags.rule?.find((id) => !all.some((rule) => rule.id === id))
    if (unknown !== undefined)
      throw new Problem('input-invalid', `Unknown rule "${unknown}".`, { next: apigw('trail rules list') })
    const rules = flags.rule === undefined ? all : all.filter(({ id }) => flags.rule?.includes(id))
    const tried = await interruptible((signal) =>
      this.withTrail(flags, (clients) =>
        testRules(clients, { rules, waitMs: flags.timeout * 1_000, report: (line) => this.note(line), signal }),
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
    else this.log(`All ${tried.length} alerts arrived.`)
    if (lost.length > 0) {
      this.note(step`Next: ${apigw('trail status')}`)
      process.exitCode = 1
    }
    return { rules: tried }
  }
}
