import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { wafFlags, wafPlace } from '../../cli/waf-place.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { applyPromotion, planPromotion, withWaf } from '../../operations/waf/index.ts'
import { table } from '../../presenters/output.ts'
import { sampleHead, sampleJson, sampleRows } from '../../presenters/waf.ts'

type Promotion = Awaited<ReturnType<typeof planPromotion>>

/** Here each rule has its own mode. The template has one mode for all managed rules, and none for the others. */
const untilDeploy =
  'To keep this, also set deploy.waf of the stage in apigw.yaml: the next deploy that changes the web ACL resets the managed rules to that mode, and other rules to the mode in the template.'

export default class WafPromote extends BaseCommand {
  static override summary = 'switch rules from counting to blocking, or back'
  static override description =
    'First shows the requests of the last three hours that the rules would have blocked. Without names, promotes all rules that only count. --to count requires names.'
  static override examples = [
    '<%= config.bin %> waf promote --dry-run',
    '<%= config.bin %> waf promote common',
    '<%= config.bin %> waf promote common --to count --yes',
  ]
  static override args = {
    rule: Args.string({ multiple: true, ignoreStdin: true, description: 'rules to switch (default: all that only count)' }),
  }
  static override flags = {
    to: Flags.string({ options: ['block', 'count'], default: 'block', env: 'APIGW_TO', summary: 'new mode of the rules' }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
    ...wafFlags,
  }

  async run() {
    const { args, flags } = await this.parse(WafPromote)
    const names = args.rule ?? []
    const to = flags.to === 'count' ? 'count' : 'block'
    if (to === 'count' && names.length === 0) {
      throw new Problem('input-missing', '--to count requires the names of the rules.', {
        next: step`${apigw('waf status')}, then ${apigw('waf promote', 'RULE', '--to', 'count')}`,
      })
    }
    return withWaf(wafPlace(this.settings(flags), flags), async (waf) => {
      const plan = await planPromotion(waf, names, to, Date.now())
      this.#show(plan)
      const changes = plan.rules.length > 0 && !flags['dry-run']
      if (changes) {
        const question = `Switch ${plan.rules.join(', ')} to ${to}?`
        await confirm(question, { yes: flags.yes, interactive: this.interactive })
        await applyPromotion(waf, plan)
        this.note(untilDeploy)
      }
      if (flags['dry-run']) this.note('Dry run: nothing was changed.')
      for (const rule of plan.rules) this.log(`${rule} → ${to}`)
      const { rules, already, remarks } = plan
      const samples = plan.samples.map(sampleJson)
      return { webAcl: waf.acl.name, to, rules, already, remarks, samples, dryRun: flags['dry-run'] }
    })
  }

  /** Shows the affected requests to the person who decides. */
  #show({ to, rules, already, samples, remarks }: Promotion): void {
    if (rules.length === 0 && already.length === 0) this.note('No rule is in count mode.')
    for (const rule of already) this.note(`${rule} is already in ${to} mode.`)
    const would = to === 'block' ? 'would have blocked' : 'blocked'
    for (const sample of samples) {
      const { rule, matched, why } = sample
      this.note(matched === null ? `${rule}: unknown; ${why}` : `${rule} ${would} about ${quantity(matched, 'request')} in 3 h.`)
      const rows = sampleRows(sample).slice(0, 10)
      if (rows.length > 0) this.note(table(sampleHead, rows))
    }
    for (const remark of remarks) this.note(remark)
  }
}
