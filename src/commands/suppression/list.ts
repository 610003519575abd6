import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { LedgerCommand, reasonFlag } from '../../cli/ledger-command.ts'
import { maskedNumber } from '../../domain/masked.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { iso, table } from '../../presenters/output.ts'

export default class SuppressionList extends LedgerCommand {
  static override summary = 'list recipients who have opted out of advertising'
  static override description = 'Numbers are masked. --show-numbers shows them, and needs a reason, which `customer show` lists.'
  static override examples = [
    '<%= config.bin %> suppression list acme',
    '<%= config.bin %> suppression list acme --show-numbers --reason "ticket 4711"',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    cursor: Flags.string({ env: 'APIGW_CURSOR', summary: 'resume from this cursor (default: the first number)' }),
    limit: Flags.integer({ default: 100, min: 1, max: 500, env: 'APIGW_LIMIT', summary: 'maximum number of opt-outs' }),
    'show-numbers': Flags.boolean({ default: false, env: 'APIGW_SHOW_NUMBERS', summary: 'show whole telephone numbers' }),
    reason: reasonFlag,
  }

  async run() {
    const { args, flags } = await this.parse(SuppressionList)
    if (flags['show-numbers']) await this.showNumbers(args.customer, flags)
    return this.withCustomerLedger(args.customer, flags, async (ledger, owner) => {
      const page = await ledger.suppressions(owner, flags.cursor, flags.limit)
      const suppressions = page.suppressions.map(({ number, at, ...rest }) => ({
        number: flags['show-numbers'] ? number : maskedNumber(number),
        at: iso(at),
        ...rest,
      }))
      if (suppressions.length === 0) this.note('No opt-outs.')
      else {
        const rows = suppressions.map(({ number, at, source, note }) => [number, at ?? '', source ?? '', note ?? ''])
        this.log(table(['number', 'since', 'source', 'note'], rows))
      }
      const { cursor = null } = page
      if (cursor !== null) {
        this.note(step`More: ${apigw('suppression list', args.customer, '--env', flags.env, '--cursor', cursor)}`)
      }
      return { ...owner, suppressions, cursor }
    })
  }
}
