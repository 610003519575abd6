import { Flags } from '@oclif/core'
import { apigw, type NextCommand } from '../domain/next-step.ts'
import type { Change, Steps } from '../operations/stacks/index.ts'
import { type TrailClients, trailClients } from '../operations/trail/index.ts'
import { changesText, losesData } from '../presenters/changes.ts'
import { currentActor } from './actor.ts'
import { BaseCommand, shared } from './base.ts'
import { confirm } from './confirm.ts'
import { repeated } from './repeated.ts'
import type { BaseFlags } from './settings.ts'
import { confirmNames } from './typed-name.ts'

/** Flags of every command that reads an installed trail. */
export const trailFlags = {
  region: Flags.string({ env: 'APIGW_REGION', helpValue: 'REGION', summary: 'AWS region (default: that of the stage)' }),
  profile: shared.profile,
}

type TrailFlags = BaseFlags & { region?: string | undefined; profile?: string | undefined }

/** The base of the commands that use AWS clients for the activity trail. */
export abstract class TrailCommand extends BaseCommand {
  // oclif reads it from the direct parent class only.
  static override enableJsonFlag = true

  /** Opens the AWS clients while `work` runs. */
  protected async withTrail<T>(flags: TrailFlags, work: (clients: TrailClients) => Promise<T>): Promise<T> {
    const region = flags.region ?? this.settings(flags).region
    const clients = await trailClients({ region, profile: flags.profile })
    try {
      return await work(clients)
    } finally {
      clients.close()
    }
  }

  /** The steps of a change of the trail's stack: its changes are shown and require confirmation. */
  protected stackSteps(
    flags: { yes: boolean; wait: boolean; confirm?: string[] | undefined },
    next: NextCommand,
    signal: AbortSignal,
  ): Steps {
    const { interactive } = this
    const approve = async (changes: readonly Change[]): Promise<boolean> => {
      this.note(changesText('The activity trail', '', changes))
      // The table of posted alerts can be created again. All other resources with data are retained.
      const losing = losesData(changes.filter(({ id, loss }) => loss === 'lost' && id !== 'Alerts')) ? ['apigw-trail'] : []
      await confirmNames('Data would be lost.', losing, {
        confirmed: repeated(flags.confirm) ?? [],
        interactive,
        next: apigw(next.command, ...next.args, '--yes'),
      })
      if (losing.length === 0) await confirm('Apply these changes?', { yes: flags.yes, interactive })
      return true
    }
    return {
      report: (line) => this.note(line),
      approve,
      mayRemoveFailed: async (what) => {
        await confirm(`${what} Remove it?`, { yes: flags.yes, interactive })
        return true
      },
      wait: flags.wait,
      who: currentActor(process.env).who,
      statusCommand: apigw('trail status'),
      signal,
    }
  }
}
