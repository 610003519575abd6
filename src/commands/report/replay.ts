import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirm } from '../../cli/confirm.ts'
import { quantity } from '../../domain/quantity.ts'
import { replayReports, withLedger } from '../../operations/reports/index.ts'

export default class ReportReplay extends BaseCommand {
  static override summary = "write a customer's reports again, if the customer has lost them"
  static override description =
    'The copies come after the newest report, so the customer reads them from its current cursor. The customer must accept reports that it has already read.'
  static override examples = ['<%= config.bin %> report replay acme --hours 24']
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    hours: Flags.integer({
      required: true,
      min: 1,
      max: 168,
      env: 'APIGW_HOURS',
      summary: 'replay the reports of the last N hours',
    }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(ReportReplay)
    const owner = { customer: args.customer, environment: flags.env }
    const since = Date.now() - flags.hours * 3_600_000
    const question = `Replay the ${flags.env} reports of ${args.customer} from the last ${quantity(flags.hours, 'hour')}?`
    if (!flags['dry-run']) await confirm(question, { yes: flags.yes, interactive: this.interactive })
    const reports = await withLedger(this.settings(flags).ledger, (ledger) =>
      replayReports(ledger, owner, since, !flags['dry-run'], (count) => this.note(`${count} found`)),
    )
    if (flags['dry-run']) this.note('Dry run: nothing was changed.')
    this.log(`${flags['dry-run'] ? 'Would replay' : 'Replayed'} ${quantity(reports, 'report')} of ${args.customer}.`)
    return { ...owner, reports, dryRun: flags['dry-run'] }
  }
}
