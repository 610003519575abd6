import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { wafFlags, wafPlace } from '../../cli/waf-place.ts'
import { quantity } from '../../domain/quantity.ts'
import { readStatus, type WafStatus, weaknessesOf, withWaf } from '../../operations/waf/index.ts'
import { count, facts, styled, table } from '../../presenters/output.ts'

function overview({ webAcl, capacity, defaultAction, loadBalancers, logging }: WafStatus): string {
  const protectedText = loadBalancers === undefined ? 'unknown' : loadBalancers.join(', ') || 'no load balancer'
  const log = logging === undefined ? 'unknown' : (logging?.destinations.join(', ') ?? 'off')
  return facts([
    ['web ACL', webAcl],
    ['protects', protectedText],
    ['default action', defaultAction],
    ['capacity', quantity(capacity, 'unit')],
    ['log', log],
  ])
}

export default class WafStatusCommand extends BaseCommand {
  static override summary = "show the web ACL's rules and weaknesses"
  static override examples = ['<%= config.bin %> waf status', '<%= config.bin %> waf status --stage prod --json']
  static override flags = {
    ...wafFlags,
    'load-balancer': Flags.string({
      env: 'APIGW_LOAD_BALANCER',
      helpValue: 'ARN',
      summary: 'check whether this load balancer is protected (default: list those that are)',
    }),
  }

  async run() {
    const { flags } = await this.parse(WafStatusCommand)
    const status = await withWaf(wafPlace(this.settings(flags), flags), (waf) => readStatus(waf, flags['load-balancer']))
    const weaknesses = weaknessesOf(status).map(({ what, fix }) => ({ what, fix: this.nextText(fix) }))
    const rules = status.rules.map(({ name, mode, what }) => [name, mode, what])
    const sets = status.sets.map(({ name, addresses }) => [name, addresses === null ? 'missing' : count(addresses)])
    this.log([overview(status), table(['rule', 'mode', 'matches'], rules), table(['IP set', 'addresses'], sets)].join('\n\n'))
    for (const { what, fix } of weaknesses) this.log(`\n${styled('yellow', what)}\n  Fix: ${fix}`)
    for (const part of status.missing) this.note(`Not read: ${part}`)
    const { deploy: _, ...shown } = status
    return { ...shown, loadBalancers: shown.loadBalancers ?? null, logging: shown.logging ?? null, weaknesses }
  }
}
