import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { wafFlags, wafPlace } from '../../cli/waf-place.ts'
import { quantity } from '../../domain/quantity.ts'
import { maxHours, maxSamples, sampleRules, withWaf } from '../../operations/waf/index.ts'
import { table } from '../../presenters/output.ts'
import { sampleHead, sampleJson, sampleRows } from '../../presenters/waf.ts'

export default class WafSample extends BaseCommand {
  static override summary = 'show requests that the rules matched in the last hours'
  static override description = 'AWS WAF keeps samples for three hours. Headers are not shown, because they carry credentials.'
  static override examples = ['<%= config.bin %> waf sample', '<%= config.bin %> waf sample flood --hours 1 --most 20']
  static override args = {
    rule: Args.string({ multiple: true, ignoreStdin: true, description: 'rules to show (default: all)' }),
  }
  static override flags = {
    hours: Flags.integer({ min: 1, max: maxHours, default: maxHours, env: 'APIGW_HOURS', summary: 'how far back to look' }),
    most: Flags.integer({
      min: 1,
      max: maxSamples,
      default: 50,
      env: 'APIGW_MOST',
      summary: 'maximum number of requests per rule',
    }),
    ...wafFlags,
  }

  async run() {
    const { args, flags } = await this.parse(WafSample)
    const how = { hours: flags.hours, most: flags.most, now: Date.now() }
    const place = wafPlace(this.settings(flags), flags)
    const samples = await withWaf(place, (waf) => sampleRules(waf, args.rule ?? [], how))
    const rows = samples.flatMap(sampleRows)
    if (rows.length > 0) this.log(table(sampleHead, rows))
    for (const { rule, matched, why } of samples) {
      this.note(
        matched === null ? `${rule}: unknown; ${why}` : `${rule}: about ${quantity(matched, 'request')} in ${flags.hours} h`,
      )
    }
    return { webAcl: place.webAcl, hours: flags.hours, rules: samples.map(sampleJson) }
  }
}
