import { Args } from '@oclif/core'
import { BaseCommand } from '../../../cli/base.ts'
import { readLines } from '../../../cli/input-file.ts'
import { matchLines } from '../../../operations/trail/index.ts'
import { plain } from '../../../presenters/output.ts'

export default class TrailRulesMatch extends BaseCommand {
  static override summary = 'test events against the rules'
  static override description =
    'Reads one event per line: CloudTrail records, EventBridge events, or whole CloudTrail files. With --json, prints one object per line.'
  static override examples = [
    '<%= config.bin %> trail rules match events.jsonl',
    'zcat AWSLogs/*.json.gz | <%= config.bin %> trail rules match - --json',
  ]
  static override args = {
    file: Args.string({ required: true, description: 'events file, one JSON object per line; - for stdin' }),
  }

  async run() {
    const { args, flags } = await this.parse(TrailRulesMatch)
    const { trail } = this.settings(flags)
    const json = this.jsonEnabled()
    const name = args.file === '-' ? 'stdin' : args.file
    let events = 0
    let matched = 0
    for await (const found of matchLines(readLines(args.file), name, trail, Date.now())) {
      events++
      const { matches, ignored, line, event, actor } = found
      if (matches.length > 0) matched++
      if (json) process.stdout.write(`${JSON.stringify(found)}\n`)
      else if (matches.length > 0) {
        const rules = matches
          .map(
            ({ rule, severity, threshold: from }) =>
              `${severity} ${rule}${from ? ` (from ${from.count} within ${from.within})` : ''}`,
          )
          .join(', ')
        this.log(plain(`${line}: ${rules}  ${event ?? ''} by ${actor ?? 'an unknown actor'}`))
      } else if (ignored.length > 0) this.log(plain(`${line}: ignored ${ignored.join(', ')}  ${event ?? ''}`))
    }
    this.note(`${matched} of ${events} events match.`)
  }
}
