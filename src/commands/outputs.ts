import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { stageOf } from '../cli/stage.ts'
import { apigw } from '../domain/next-step.ts'
import { Problem } from '../domain/problem.ts'
import { stackClients, stageStatus } from '../operations/stacks/index.ts'
import { table } from '../presenters/output.ts'

export default class Outputs extends BaseCommand {
  static override summary = 'show the addresses and names that a deployment created'
  static override examples = ['<%= config.bin %> outputs --stage prod', '<%= config.bin %> outputs data --json']
  static override args = { stack: Args.string({ multiple: true, description: 'stacks to show (default: all)' }) }
  static override flags = { profile: shared.profile }

  async run() {
    const { args, flags } = await this.parse(Outputs)
    const stage = stageOf(this.settings(flags))
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      const status = await stageStatus(clients, stage.name)
      const wanted = args.stack ?? []
      for (const name of wanted) {
        if (status.some(({ key, stack }) => key === name && stack !== null)) continue
        throw new Problem('stack-unknown', `${stage.name} has no stack "${name}" in ${clients.region}.`, {
          next: apigw('status', '--stage', stage.name),
        })
      }
      const shown = status.filter(({ key, stack }) => stack !== null && (wanted.length === 0 || wanted.includes(key)))
      const stacks = Object.fromEntries(shown.map(({ key, stack }) => [key, stack?.outputs ?? {}]))
      const rows = Object.entries(stacks).flatMap(([key, outputs]) =>
        Object.entries(outputs).map(([name, value]) => [key, name, value]),
      )
      if (shown.length === 0) this.note(`Nothing of ${stage.name} is deployed in ${clients.region}.`)
      else if (rows.length === 0) this.note(`The deployed stacks of ${stage.name} have no outputs.`)
      else this.log(table(['stack', 'name', 'value'], rows))
      return { stage: stage.name, region: clients.region, outputs: stacks }
    } finally {
      clients.close()
    }
  }
}
