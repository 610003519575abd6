import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Args, Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { billFlags, optionalPrices, priceListWhenNeeded } from '../../cli/bill-flags.ts'
import { unwritable } from '../../cli/unwritable.ts'
import { Problem } from '../../domain/problem.ts'
import { billCsv, monthlyBills } from '../../operations/bills/index.ts'
import { writtenText } from '../../presenters/bills.ts'

export default class BillCsv extends BaseCommand {
  static override summary = 'write the bills of a month as CSV'
  static override description =
    'Writes a line for each customer, type and destination (RFC 4180, UTF-8). All bills are made before the first line is written, so a\nprice that is missing writes nothing. Closed bills are written as they were closed.'
  static override examples = [
    '<%= config.bin %> bill csv --month 2026-10 --prices prices.yaml --output bills.csv',
    '<%= config.bin %> bill csv acme --month 2026-10',
  ]
  static override args = { customer: Args.string({ description: 'customer id (default: all customers)' }) }
  static override flags = {
    month: billFlags.month,
    prices: optionalPrices,
    output: Flags.string({ char: 'o', env: 'APIGW_OUTPUT', helpValue: 'FILE', summary: 'write to a new file (default: stdout)' }),
  }

  async run() {
    const { args, flags } = await this.parse(BillCsv)
    const { output, month } = flags
    if (output === undefined && this.jsonEnabled()) {
      throw new Problem('input-missing', 'With --json, the CSV needs a file of its own.', { next: 'add --output FILE' })
    }
    const prices = priceListWhenNeeded(flags.prices, month)
    const bills = await this.withRegistry(flags, (registry) => monthlyBills(registry, prices, args.customer, month))
    const unfinished = bills.find(({ complete }) => !complete)
    if (unfinished !== undefined)
      this.note(`${month} is not over for ${unfinished.customer}: the bill is for what was used so far.`)
    const pages = [...billCsv(bills)]
    const lines = pages.reduce((sum, page) => sum + page.lines, 0)
    const texts = Readable.from(pages.map(({ text }) => text))
    if (output === undefined) await pipeline(texts, process.stdout, { end: false })
    else await pipeline(texts, createWriteStream(output, { flags: 'wx', mode: 0o600 })).catch(unwritable(output))
    this.note(writtenText(bills.length, lines))
    return { month, bills: bills.length, lines, output: output ?? null }
  }
}
