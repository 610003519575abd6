import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { duration } from '../cli/instant.ts'
import { interruptible } from '../cli/interrupt.ts'
import { stageOf } from '../cli/stage.ts'
import { chosenStacks, type LogLine, logGroups, readLogs, stackClients } from '../operations/stacks/index.ts'
import { plain, styled } from '../presenters/output.ts'

export default class Logs extends BaseCommand {
  static override summary = 'show the logs of a stage'
  static override description =
    'Reads the log groups of the stacks from CloudWatch Logs. With --json --follow, prints one JSON object per line.'
  static override examples = [
    '<%= config.bin %> logs --stage prod',
    '<%= config.bin %> logs worker --since 1h --filter ERROR',
    '<%= config.bin %> logs gateway --follow',
  ]
  static override args = {
    stack: Args.string({ multiple: true, description: 'stacks to show (default: gateway and worker)' }),
  }
  static override flags = {
    since: Flags.string({
      default: '10m',
      env: 'APIGW_SINCE',
      helpValue: 'SPAN',
      summary: 'how far back to read, such as 30m or 24h',
    }),
    filter: Flags.string({
      env: 'APIGW_FILTER',
      helpValue: 'PATTERN',
      summary: 'CloudWatch Logs filter pattern',
    }),
    follow: Flags.boolean({ env: 'APIGW_FOLLOW', summary: 'print new lines until Ctrl-C' }),
    profile: shared.profile,
  }

  async run() {
    const { args, flags } = await this.parse(Logs)
    const stage = stageOf(this.settings(flags))
    const since = Date.now() - duration(flags.since)
    const keys = chosenStacks(args.stack ?? ['gateway', 'worker'])
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    const lines: { at: string; group: string; text: string }[] = []
    const show = ({ at, group, text }: LogLine): void => {
      const line = { at: new Date(at).toISOString(), group, text }
      if (!this.jsonEnabled()) this.log(`${styled('dim', `${line.at} ${group}`)} ${plain(text)}`)
      else if (flags.follow) process.stdout.write(`${JSON.stringify(line)}\n`)
      else lines.push(line)
    }
    try {
      const groups = await logGroups(clients, stage.name, keys)
      await interruptible((signal) =>
        readLogs(clients, groups, { since, filter: flags.filter, follow: flags.follow, signal }, show),
      )
      return flags.follow ? undefined : { stage: stage.name, region: clients.region, groups, lines }
    } finally {
      clients.close()
    }
  }
}
