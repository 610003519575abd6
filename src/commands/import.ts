import { Flags } from '@oclif/core'
import { currentActor } from '../cli/actor.ts'
import { BaseCommand, shared } from '../cli/base.ts'
import { confirm } from '../cli/confirm.ts'
import { interruptible } from '../cli/interrupt.ts'
import { repeated } from '../cli/repeated.ts'
import { stageOf } from '../cli/stage.ts'
import { apigw, step } from '../domain/next-step.ts'
import {
  findLeft,
  type Imported,
  importLeft,
  planStage,
  refuseImport,
  type StackClients,
  type StackPlan,
  stackClients,
} from '../operations/stacks/index.ts'
import { leftText } from '../presenters/left.ts'

interface ImportFlags {
  readonly yes: boolean
  readonly wait: boolean
  readonly 'dry-run': boolean
  readonly resource?: string[] | undefined
}

export default class Import extends BaseCommand {
  static override summary = 'take over what earlier stacks of a stage left'
  static override description =
    'Finds tables, buckets, queues, log groups and image repositories with the tag of the stage that no stack has, and makes them part of the stacks by a CloudFormation import, which changes nothing else. Snapshots and the master key are not imported: the settings that take them over are shown. Nothing changes if a resource has a conflict. It can be repeated after an interruption.'
  static override examples = [
    '<%= config.bin %> import --stage prod --dry-run',
    '<%= config.bin %> import --stage prod',
    '<%= config.bin %> import --stage prod --resource apigw-prod-data-Ledger-1ABC --yes',
  ]
  static override flags = {
    'dry-run': shared.dryRun,
    resource: Flags.string({
      multiple: true,
      env: 'APIGW_RESOURCE',
      helpValue: 'NAME',
      summary: 'import only the resource with this name (default: all)',
    }),
    yes: shared.yes,
    wait: shared.wait,
    profile: shared.profile,
  }

  async run() {
    const { flags } = await this.parse(Import)
    const stage = stageOf(this.settings(flags))
    const plans = await planStage(stage, [], this.config.root)
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      return await interruptible((signal) => this.#import(clients, stage.name, plans, flags, signal))
    } finally {
      clients.close()
    }
  }

  async #import(clients: StackClients, stage: string, plans: readonly StackPlan[], flags: ImportFlags, signal: AbortSignal) {
    const { region } = clients
    const found = await findLeft(clients, stage, plans, repeated(flags.resource) ?? [])
    const head = { stage, region, dryRun: flags['dry-run'], left: found.left }
    if (found.left.length === 0) this.note(`Earlier stacks of ${stage} left nothing in ${region}.`)
    else this.log(leftText(found.left))
    await refuseImport(clients, stage, found)
    const imported: Imported[] = []
    if (flags['dry-run']) this.note('Dry run: nothing was changed.')
    if (flags['dry-run'] || found.stacks.length === 0) return { ...head, imported }
    const names = found.stacks.map(({ plan }) => plan.name).join(', ')
    await confirm(`This imports resources into ${names}.`, { yes: flags.yes, interactive: this.interactive })
    const steps = {
      report: (line: string) => this.note(line),
      signal,
      wait: flags.wait,
      who: currentActor(process.env).who,
      statusCommand: apigw('status', '--stage', stage),
    }
    await importLeft(clients, stage, found.stacks, steps, (one) => {
      imported.push(one)
      this.log(`${one.name}  imported ${one.resources.map(({ id }) => id).join(', ')}`)
    })
    this.note(step`Next: ${apigw('deploy', '--stage', stage)} gives them the settings of the templates, and creates the rest.`)
    return { ...head, imported }
  }
}
