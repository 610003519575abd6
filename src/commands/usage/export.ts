import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Flags } from '@oclif/core'
import { BaseCommand } from '../../cli/base.ts'
import { periodFlags } from '../../cli/period-flags.ts'
import { unwritable } from '../../cli/unwritable.ts'
import { Problem } from '../../domain/problem.ts'
import { everyUsage, usageCsv } from '../../operations/usage/index.ts'
import { count } from '../../presenters/output.ts'
import { storedProfile } from '../../registry/index.ts'

export default class UsageExport extends BaseCommand {
  static override summary = 'export usage as CSV'
  static override description =
    'Writes one line for each hour (of old usage for each day), customer, environment, route, type and destination, and one for each reason of refused calls (RFC 4180, UTF-8, times in UTC). It streams, so a year of all customers needs little memory.'
  static override examples = [
    '<%= config.bin %> usage export --from 2026-10 --to 2026-10 --output usage.csv',
    '<%= config.bin %> usage export --customer acme | gzip > usage.csv.gz',
  ]
  static override flags = {
    ...periodFlags,
    customer: Flags.string({ env: 'APIGW_CUSTOMER', helpValue: 'ID', summary: 'one customer (default: all)' }),
    output: Flags.string({ char: 'o', env: 'APIGW_OUTPUT', helpValue: 'FILE', summary: 'write to a new file (default: stdout)' }),
  }

  async run() {
    const { flags } = await this.parse(UsageExport)
    const { output, customer, from, to } = flags
    if (output === undefined && this.jsonEnabled()) {
      throw new Problem('input-missing', 'With --json, the CSV needs a file of its own.', { next: 'add --output FILE' })
    }
    let lines = 0
    await this.withRegistry(flags, async (registry) => {
      if (customer !== undefined) await storedProfile(registry, customer)
      const pages = async function* (): AsyncGenerator<string> {
        for await (const page of usageCsv(everyUsage(registry, customer, { from, to }))) {
          lines += page.lines
          yield page.text
        }
      }
      if (output === undefined) await pipeline(Readable.from(pages()), process.stdout, { end: false })
      else
        await pipeline(Readable.from(pages()), createWriteStream(output, { flags: 'wx', mode: 0o600 })).catch(unwritable(output))
    })
    this.note(`Exported ${count(lines)} lines.`)
    return { customer: customer ?? null, lines, output: output ?? null }
  }
}
