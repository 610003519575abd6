import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Args, Flags } from '@oclif/core'
import { shared } from '../../cli/base.ts'
import { LedgerCommand, reasonFlag } from '../../cli/ledger-command.ts'
import { unwritable } from '../../cli/unwritable.ts'
import { Problem } from '../../domain/problem.ts'
import { quantity } from '../../domain/quantity.ts'
import { exportSuppressions } from '../../operations/suppressions/index.ts'

export default class SuppressionExport extends LedgerCommand {
  static override summary = 'export opt-outs as CSV'
  static override description =
    'Writes CSV (RFC 4180) in UTF-8 with a byte order mark, as an import reads it. The file has whole telephone numbers: keep it as you keep personal data. The reason goes into the audit log.'
  static override examples = [
    '<%= config.bin %> suppression export acme --output opt-outs.csv --reason "ticket 4711"',
    '<%= config.bin %> suppression export acme --reason backup | gzip > opt-outs.csv.gz',
  ]
  static override args = { customer: Args.string({ required: true, description: 'customer id' }) }
  static override flags = {
    env: shared.env({ default: 'live' }),
    output: Flags.string({ char: 'o', env: 'APIGW_OUTPUT', helpValue: 'FILE', summary: 'write to a new file (default: stdout)' }),
    reason: reasonFlag,
  }

  async run() {
    const { args, flags } = await this.parse(SuppressionExport)
    const { output } = flags
    if (output === undefined && this.jsonEnabled()) {
      throw new Problem('input-missing', 'With --json, the CSV needs a file of its own.', { next: 'add --output FILE' })
    }
    await this.showNumbers(args.customer, flags)
    let suppressions = 0
    await this.withCustomerLedger(args.customer, flags, async (ledger, owner) => {
      const pages = async function* (): AsyncGenerator<string> {
        for await (const page of exportSuppressions(ledger, owner)) {
          suppressions += page.count
          yield page.text
        }
      }
      // Only its owner may read it, and a file that is there is not replaced.
      if (output === undefined) await pipeline(Readable.from(pages()), process.stdout, { end: false })
      else
        await pipeline(Readable.from(pages()), createWriteStream(output, { flags: 'wx', mode: 0o600 })).catch(unwritable(output))
    })
    this.note(`Exported ${quantity(suppressions, 'opt-out')}.`)
    return { customer: args.customer, environment: flags.env, suppressions, output: output ?? null }
  }
}
