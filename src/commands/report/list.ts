import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { listReports, withLedger } from '../../operations/reports/index.ts'
import { iso, table } from '../../presenters/output.ts'

export default class ReportList extends BaseCommand {
  static override summary = "list a customer's delivery reports, in the order the customer reads them"
  static override examples = ['<%= config.bin %> report list acme', '<%= config.bin %> report list acme --env test --limit 20']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    cursor: Flags.string({ env: 'APIGW_CURSOR', summary: 'resume from this cursor (default: the oldest report)' }),
    limit: Flags.integer({ default: 100, min: 1, max: 500, env: 'APIGW_LIMIT', summary: 'maximum number of reports' }),
  }

  async run() {
    const { args, flags } = await this.parse(ReportList)
    const owner = { customer: args.customer, environment: flags.env }
    const page = await withLedger(this.settings(flags).ledger, (ledger) => listReports(ledger, owner, flags.cursor, flags.limit))
    const reports = page.reports.map(({ at, ...rest }) => ({ ...rest, at: iso(at) }))
    if (reports.length === 0) this.note('No reports.')
    else {
      const rows = reports.map(({ id, status, code, channel, ref, at }) => [
        at ?? '',
        id,
        status,
        code ?? '',
        channel ?? '',
        ref ?? '',
      ])
      this.log(table(['at', 'message', 'status', 'code', 'channel', 'ref'], rows))
    }
    if (page.more) this.note(step`More: ${apigw('report list', args.customer, '--env', flags.env, '--cursor', page.cursor)}`)
    return { ...owner, reports, cursor: page.cursor, more: page.more }
  }
}
