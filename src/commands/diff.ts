import { Args, Flags } from '@oclif/core'
import { BaseCommand, shared } from '../cli/base.ts'
import { interruptible } from '../cli/interrupt.ts'
import { stageOf } from '../cli/stage.ts'
import {
  diffStage,
  planStage,
  type StackClients,
  type StackDrift,
  type StackPlan,
  stackClients,
  stageDrift,
} from '../operations/stacks/index.ts'
import { changesText, driftText, unknownText } from '../presenters/changes.ts'

const exitOnDifferences = 3

export default class Diff extends BaseCommand {
  static override summary = 'show how a stage on AWS differs from its templates'
  static override description =
    'Uses CloudFormation change sets, which are deleted afterwards. With --drift it also finds what was changed outside CloudFormation, such as in the console. Exits with 3 if anything differs.'
  static override examples = [
    '<%= config.bin %> diff --stage prod',
    '<%= config.bin %> diff data --json',
    '<%= config.bin %> diff --drift',
  ]
  static override args = { stack: Args.string({ multiple: true, description: 'stacks to compare (default: all)' }) }
  static override flags = {
    drift: Flags.boolean({
      default: false,
      env: 'APIGW_DRIFT',
      summary: 'also compare the resources in the account with the deployed templates; takes up to 5 minutes',
    }),
    wait: shared.wait,
    profile: shared.profile,
  }

  async run() {
    const { args, flags } = await this.parse(Diff)
    const stage = stageOf(this.settings(flags))
    const plans = await planStage(stage, args.stack ?? [], this.config.root)
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      const steps = { report: (line: string) => this.note(line), approve: async () => false, wait: flags.wait }
      const [deployments, drifts] = await interruptible(async (signal) => [
        await diffStage(clients, stage, plans, { ...steps, signal }),
        flags.drift ? await this.#drift(clients, stage.name, plans, signal) : undefined,
      ])
      const stacks = deployments.map(({ key, desired, state, changes, unknown }) => ({
        stack: key,
        name: desired.name,
        state,
        changes,
        unknown,
        drift: drifts?.find(({ stack }) => stack === key) ?? null,
      }))
      const differing = stacks.filter(({ state, changes }) => state !== 'there' || changes.length > 0)
      const drifted = stacks.filter(({ drift }) => drift !== null && drift.resources.length > 0)
      for (const { name, state, changes, unknown } of differing) {
        this.log(changesText(name, state === 'there' ? '' : 'not deployed', changes))
        if (unknown.length > 0) this.log(unknownText(unknown))
      }
      for (const { name, drift } of drifted) if (drift !== null) this.log(driftText(name, drift))
      const differs = differing.length + drifted.length > 0
      if (!differs) this.note(`No differences in ${stacks.map((one) => one.stack).join(', ')} of ${stage.name}.`)
      else process.exitCode = exitOnDifferences
      return { stage: stage.name, region: clients.region, differs, stacks }
    } finally {
      clients.close()
    }
  }

  async #drift(clients: StackClients, stage: string, plans: readonly StackPlan[], signal: AbortSignal) {
    this.note('Comparing the resources in the account with the deployed templates.')
    const keys = plans.map(({ key }) => key)
    const drifts: readonly StackDrift[] = await stageDrift(clients, stage, keys, { signal })
    for (const { stack, incomplete } of drifts) {
      if (incomplete !== null) this.note(`Not all of ${stack} was compared: ${incomplete}.`)
    }
    return drifts
  }
}
