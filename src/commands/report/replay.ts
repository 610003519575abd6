import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../../cli/base.ts'
import { confirmed } from '../../cli/confirm.ts'
import { replayReports, withLedger } from '../../operations/reports/index.ts'

export default class ReportReplay extends BaseCommand {
  static override summary = 'write reports once more, for a customer that has lost them'
  static override description =
    'They come after the newest report, so the customer reads them with the cursor that it has. A customer has to take a report that it has seen before for what it is.'
  static override examples = ['<%= config.bin %> report replay acme --hours 24']
  static override args = { customer: Args.string({ required: true, description: 'whose reports' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    hours: Flags.integer({ required: true, min: 1, max: 168, env: 'APIGW_HOURS', summary: 'reports of the last so many hours' }),
    yes: shared.yes,
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(ReportReplay)
    const owner = { customer: args.customer, environment: flags.env }
    const since = Date.now() - flags.hours * 3_600_000
    const question = `Write the ${flags.env} reports of ${args.customer} of the last ${flags.hours} hours once more?`
    if (!flags['dry-run']) await confirmed(question, { yes: flags.yes, interactive: this.interactive })
    const reports = await withLedger(this.settings(flags).ledger, (ledger) =>
      replayReports(ledger, owner, since, !flags['dry-run'], (count) => this.note(`${count} found`)),
    )
    if (flags['dry-run']) this.note('Dry run: nothing was changed.')
    this.log(`${reports} reports of ${args.customer} written once more.`)
    return { ...owner, reports, dryRun: flags['dry-run'] }
  }
}
