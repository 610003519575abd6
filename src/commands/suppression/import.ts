import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { readBytes } from '../../cli/input-file.ts'
import { interruptible } from '../../cli/interrupt.ts'
import { LedgerCommand } from '../../cli/ledger-command.ts'
import { quantity } from '../../domain/quantity.ts'
import { importSuppressions, readSuppressions } from '../../operations/suppressions/index.ts'
import { count } from '../../presenters/output.ts'

/** Bad lines that are shown one by one. */
const maxShown = 100
const progressMs = 2_000

export default class SuppressionImport extends LedgerCommand {
  static override summary = 'import opt-outs from a CSV file'
  static override description =
    'The file is CSV (RFC 4180) in UTF-8. Its first line names the columns: number, and if you like at (RFC 3339), source and note; other columns are ignored. A line that is not valid is named and skipped, the others are imported, and the exit code is then 1. An import can be repeated: what is there stays as it is.'
  static override examples = [
    '<%= config.bin %> suppression import acme opt-outs.csv --dry-run',
    'gunzip -c opt-outs.csv.gz | <%= config.bin %> suppression import acme -',
  ]
  static override args = {
    customer: Args.string({ required: true, description: 'customer id' }),
    file: Args.string({ required: true, description: 'path of the CSV file, or - for stdin' }),
  }
  static override flags = {
    env: shared.env({ default: 'live' }),
    'from-line': Flags.integer({
      default: 1,
      min: 1,
      env: 'APIGW_FROM_LINE',
      helpValue: 'N',
      summary: 'skip the lines before this one, to continue an import that was interrupted',
    }),
    'dry-run': shared.dryRun,
  }

  async run() {
    const { args, flags } = await this.parse(SuppressionImport)
    const { 'dry-run': dryRun, 'from-line': fromLine } = flags
    const imported = await this.withCustomerLedger(args.customer, flags, (ledger, owner) =>
      interruptible((signal) => {
        let shown = 0
        let shownAt = performance.now()
        return importSuppressions(ledger, owner, readSuppressions(readBytes(args.file), Date.now()), {
          dryRun,
          fromLine,
          signal,
          onBadLine: ({ line, detail }) => {
            shown += 1
            if (shown <= maxShown) this.note(`Line ${line}: ${detail}`)
            if (shown === maxShown) this.note('More lines are not valid; only their number is shown.')
          },
          onProgress: ({ line, added, present }) => {
            if (performance.now() - shownAt < progressMs) return
            shownAt = performance.now()
            this.note(`Line ${count(line)}: ${count(added)} added, ${count(present)} already there`)
          },
        })
      }),
    )
    const { added, present, invalid, line, badLines } = imported
    this.log(
      `${dryRun ? 'Would add' : 'Added'} ${count(added)}, ${count(present)} already there, ${quantity(invalid, 'line')} not valid.`,
    )
    if (invalid > 0) process.exitCode = 1
    return { customer: args.customer, environment: flags.env, added, present, invalid, lines: line, badLines, dryRun }
  }
}
