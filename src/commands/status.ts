import { BaseCommand, shared } from '../cli/base.ts'
import { interruptible } from '../cli/interrupt.ts'
import { stageOf } from '../cli/stage.ts'
import { apigw } from '../domain/next-step.ts'
import { type StackStatus, stackClients, stageStatus, watchStage } from '../operations/stacks/index.ts'
import { iso, table } from '../presenters/output.ts'

export default class Status extends BaseCommand {
  static override summary = 'show stack status'
  static override examples = ['<%= config.bin %> status --stage prod', '<%= config.bin %> status --wait']
  static override flags = { wait: shared.wait, profile: shared.profile }

  async run() {
    const { flags } = await this.parse(Status)
    const stage = stageOf(this.settings(flags))
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      const steps = {
        report: (line: string) => this.note(line),
        approve: async () => false,
        statusCommand: apigw('status', '--stage', stage.name),
      }
      const statuses = flags.wait
        ? await interruptible((signal) => watchStage(clients, stage.name, { ...steps, signal }))
        : await stageStatus(clients, stage.name)
      this.note(`Stage ${stage.name} in ${clients.region}.`)
      this.log(table(['stack', 'status', 'changed at', 'reason'], statuses.map(row)))
      return { stage: stage.name, region: clients.region, stacks: statuses.map(shown) }
    } finally {
      clients.close()
    }
  }
}

function row({ key, stack }: StackStatus): string[] {
  return stack === null
    ? [key, 'not deployed']
    : [key, stack.status, iso(stack.changedAt)?.slice(0, 19) ?? '', stack.reason ?? '']
}

function shown({ key, stack }: StackStatus) {
  if (stack === null) return { stack: key, name: null, status: null, changedAt: null, reason: null }
  const { name, status, changedAt, reason } = stack
  return { stack: key, name, status, changedAt: iso(changedAt), reason: reason ?? null }
}
