import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { count, facts, styled, table } from '../../cli/output.ts'
import { readStatus, type WafStatus, weaknessesOf, withWaf } from '../../operations/waf/index.ts'
import { wafFlags, wafPlace } from '../../presenters/waf.ts'

function overview({ webAcl, capacity, defaultAction, loadBalancers, logging }: WafStatus): string {
  const standing = loadBalancers === undefined ? 'not known' : loadBalancers.join(', ') || 'no load balancer'
  const log = logging === undefined ? 'not known' : (logging?.destinations.join(', ') ?? 'off')
  return facts([
    ['web ACL', webAcl],
    ['before', standing],
    ['what no rule matches', defaultAction === 'allow' ? 'gets through' : 'is blocked'],
    ['capacity', `${count(capacity)} units`],
    ['log', log],
  ])
}

export default class WafStatusCommand extends BaseCommand {
  static override summary = 'show what the web ACL does, and where it is weak'
  static override examples = ['<%= config.bin %> waf status', '<%= config.bin %> waf status --stage prod --json']
  static override flags = {
    ...wafFlags,
    'load-balancer': Flags.string({
      env: 'APIGW_LOAD_BALANCER',
      helpValue: 'ARN',
      summary: 'whether this one is protected (default: which ones are)',
    }),
  }

  async run() {
    const { flags } = await this.parse(WafStatusCommand)
    const status = await withWaf(wafPlace(this.settings(flags), flags), (waf) => readStatus(waf, flags['load-balancer']))
    const weaknesses = weaknessesOf(status).map(({ what, fix }) => ({ what, fix: this.here(fix) }))
    const rules = status.rules.map(({ name, mode, what }) => [name, mode, what])
    const sets = status.sets.map(({ name, addresses }) => [name, addresses === null ? 'missing' : count(addresses)])
    this.log([overview(status), table(['rule', 'mode', 'on'], rules), table(['IP set', 'addresses'], sets)].join('\n\n'))
    for (const { what, fix } of weaknesses) this.log(`\n${styled('yellow', what)}\n  Fix: ${fix}`)
    for (const part of status.missing) this.note(`Not read: ${part}`)
    const { deploy: _, ...shown } = status
    return { ...shown, loadBalancers: shown.loadBalancers ?? null, logging: shown.logging ?? null, weaknesses }
  }
}
