import { Args } from '@oclif/core'
import { currentActor } from '../cli/actor.ts'
import { BaseCommand, shared } from '../cli/base.ts'
import { confirm } from '../cli/confirm.ts'
import { interruptible } from '../cli/interrupt.ts'
import { repeated } from '../cli/repeated.ts'
import { stageOf } from '../cli/stage.ts'
import { confirmNames } from '../cli/typed-name.ts'
import { apigw } from '../domain/next-step.ts'
import {
  type DeletedStack,
  destroyStage,
  findStacksToDelete,
  type StackClients,
  type StackToDelete,
  stackClients,
} from '../operations/stacks/index.ts'
import { changesText, losesData, restoreText } from '../presenters/changes.ts'

interface DestroyFlags {
  readonly yes: boolean
  readonly wait: boolean
  readonly 'dry-run': boolean
  readonly confirm?: string[] | undefined
}

export default class Destroy extends BaseCommand {
  static override summary = 'delete the stacks of a stage'
  static override description =
    'Shows everything that will be deleted. Dependent stacks are deleted first. If a stack holds data, you must type the name of the stage. Resources that the templates retain (queues, tables, buckets, keys) are listed at the end, with the settings that a new deployment takes them over with.'
  static override examples = ['<%= config.bin %> destroy --stage dev', '<%= config.bin %> destroy gateway --dry-run']
  static override args = { stack: Args.string({ multiple: true, description: 'stacks to delete (default: all)' }) }
  static override flags = {
    'dry-run': shared.dryRun,
    yes: shared.yes,
    confirm: shared.confirm,
    wait: shared.wait,
    profile: shared.profile,
  }

  async run() {
    const { args, flags } = await this.parse(Destroy)
    const stage = stageOf(this.settings(flags))
    const clients = await stackClients({ region: stage.region, profile: flags.profile })
    try {
      return await interruptible((signal) => this.#destroy(clients, stage.name, args.stack ?? [], flags, signal))
    } finally {
      clients.close()
    }
  }

  async #destroy(clients: StackClients, stage: string, named: readonly string[], flags: DestroyFlags, signal: AbortSignal) {
    const { region } = clients
    const stacks = await findStacksToDelete(clients, stage, named)
    for (const { name, changes, members, isProtected } of stacks) {
      this.note(changesText(name, '', changes))
      for (const { group, user } of members) this.note(`  The user ${user} leaves the group ${group}.`)
      if (isProtected) this.note('  Termination protection is turned off first.')
    }
    const head = { stage, region, dryRun: flags['dry-run'] }
    if (stacks.length === 0) this.note(`Nothing of ${stage} is deployed in ${region}.`)
    if (flags['dry-run'] || stacks.length === 0) {
      if (flags['dry-run']) this.note('Dry run: nothing was changed.')
      return { ...head, stacks: stacks.map(({ key, ...rest }) => ({ stack: key, ...rest })) }
    }
    await this.#agreed(stage, stacks, flags)
    const deleted: DeletedStack[] = []
    const steps = {
      report: (line: string) => this.note(line),
      signal,
      wait: flags.wait,
      who: currentActor(process.env).who,
      statusCommand: apigw('status', '--stage', stage),
    }
    await destroyStage(clients, stacks, steps, (one) => {
      deleted.push(one)
      this.log(`${one.name}  deleted`)
    })
    const retained = deleted.flatMap((one) => one.retained)
    if (retained.length > 0) this.note(['Retained resources, billed until you delete them:', ...retained].join('\n  '))
    for (const { restore } of deleted) if (restore !== null) this.note(restoreText(restore, region))
    return { ...head, stacks: deleted }
  }

  async #agreed(stage: string, stacks: readonly StackToDelete[], flags: DestroyFlags): Promise<void> {
    const { interactive } = this
    const names = stacks.map(({ key }) => key).join(', ')
    const holding = stacks.filter(({ changes }) => losesData(changes)).map(({ key }) => key)
    await confirmNames(`Stacks of ${stage} that hold data: ${holding.join(', ')}.`, holding.length > 0 ? [stage] : [], {
      confirmed: repeated(flags.confirm) ?? [],
      interactive,
      next: apigw('destroy', '--stage', stage, '--yes'),
    })
    if (holding.length === 0 || !interactive) {
      await confirm(`This deletes ${names} of ${stage}.`, { yes: flags.yes, interactive })
    }
  }
}
