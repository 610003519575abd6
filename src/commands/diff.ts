import { Args } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { interruptible } from '../cli/interrupt.ts'
import { stageOf } from '../cli/stage.ts'
import { diffStage, planStage, stackClients } from '../operations/stacks/index.ts'
import { changesText, unknownText } from '../presenters/changes.ts'

const exitOnDifferences = 3

export default class Diff extends BaseCommand {
  static override summary = 'show how a stage on AWS differs from its templates'
  static override description = 'Uses CloudFormation change sets, which are deleted afterwards. Exits with 3 if anything differs.'
  static override examples = ['<%= config.bin %> diff --stage prod', '<%= config.bin %> diff data --json']
  static override args = { stack: Args.string({ multiple: true, description: 'stacks to compare (default: all)' }) }
  static override flags = { wait: shared.wait, profile: shared.profile }

  async run() {
    const { args, flags } = await this.parse(Diff)
    const stage = stageOf(this.settings(flags))
    const plans = await planStage(stage, args.stack ?? [], this.config.root)
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      const steps = { report: (line: string) => this.note(line), approve: async () => false, wait: flags.wait }
      const deployments = await interruptible((signal) => diffStage(clients, stage, plans, { ...steps, signal }))
      const stacks = deployments.map(({ key, desired, state, changes, unknown }) => ({
        stack: key,
        name: desired.name,
        state,
        changes,
        unknown,
      }))
      const differing = stacks.filter(({ state, changes }) => state !== 'there' || changes.length > 0)
      for (const { name, state, changes, unknown } of differing) {
        this.log(changesText(name, state === 'there' ? '' : 'not deployed', changes))
        if (unknown.length > 0) this.log(unknownText(unknown))
      }
      if (differing.length === 0) this.note(`No differences in ${stacks.map((one) => one.stack).join(', ')} of ${stage.name}.`)
      else process.exitCode = exitOnDifferences
      return { stage: stage.name, region: clients.region, differs: differing.length > 0, stacks }
    } finally {
      clients.close()
    }
  }
}
