import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirmed } from '../../cli/confirm.ts'
import { count, table } from '../../cli/output.ts'
import { Problem } from '../../domain/problem.ts'
import { carryOutPromotion, planPromotion, withWaf } from '../../operations/waf/index.ts'
import { sampleJson, sampleRows, wafFlags, wafPlace } from '../../presenters/waf.ts'

type Promotion = Awaited<ReturnType<typeof planPromotion>>

/** Each of the rules has its own mode here; the template knows one for the managed ones, and none for the others. */
const untilDeploy =
  'To keep this, set deploy.waf of the stage in apigw.yaml too: the next deploy that changes the web ACL sets its managed rules to that, and the others to what the template says.'

export default class WafPromote extends BaseCommand {
  static override summary = 'let rules that only count begin to block, or go back'
  static override description =
    'Shows first what the rules matched in the last three hours: what they would have blocked. Without a name it takes all that only count; --to count wants names.'
  static override examples = [
    '<%= config.bin %> waf promote --dry-run',
    '<%= config.bin %> waf promote common',
    '<%= config.bin %> waf promote common --to count --yes',
  ]
  static override args = {
    rule: Args.string({ multiple: true, ignoreStdin: true, description: 'which rules; left out: all that only count' }),
  }
  static override flags = {
    to: Flags.string({ options: ['block', 'count'], default: 'block', env: 'APIGW_TO', summary: 'what they do afterwards' }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
    ...wafFlags,
  }

  async run() {
    const { args, flags } = await this.parse(WafPromote)
    const names = args.rule ?? []
    const to = flags.to === 'count' ? 'count' : 'block'
    if (to === 'count' && names.length === 0) {
      throw new Problem('input-missing', 'Which rules are to count only, and block no more?', {
        next: 'apigw waf status, then apigw waf promote RULE --to count',
      })
    }
    return withWaf(wafPlace(this.settings(flags), flags), async (waf) => {
      const plan = await planPromotion(waf, names, to, Date.now())
      this.#show(plan)
      const changes = plan.rules.length > 0 && !flags['dry-run']
      if (changes) {
        const question = `Let ${plan.rules.join(', ')} ${to === 'block' ? 'block' : 'only count'}?`
        await confirmed(question, { yes: flags.yes, interactive: this.interactive })
        await carryOutPromotion(waf, plan)
        this.note(untilDeploy)
      }
      if (flags['dry-run']) this.note('Dry run: nothing was changed.')
      for (const rule of plan.rules) this.log(`${rule} → ${to}`)
      const { rules, already, remarks } = plan
      const samples = plan.samples.map(sampleJson)
      return { webAcl: waf.acl.name, to, rules, already, remarks, samples, dryRun: flags['dry-run'] }
    })
  }

  /** Who and what it concerns: for the one who decides, not the data that a program reads. */
  #show({ to, rules, already, samples, remarks }: Promotion): void {
    if (rules.length === 0 && already.length === 0) this.note('No rule only counts.')
    for (const rule of already) this.note(`${rule} does that already.`)
    const would = to === 'block' ? 'would have blocked' : 'blocked'
    for (const sample of samples) {
      const { rule, matched, why } = sample
      this.note(matched === null ? `${rule}: not known; ${why}` : `${rule} ${would} about ${count(matched)} requests in 3 h.`)
      const rows = sampleRows(sample).slice(0, 10)
      if (rows.length > 0) this.note(table(['at', 'rule', 'did', 'address', 'country', 'method', 'what', 'client'], rows))
    }
    for (const remark of remarks) this.note(remark)
  }
}
