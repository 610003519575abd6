import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Flags } from '@oclif/core'
import { currentActor } from '../cli/actor.ts'
import { BaseCommand, shared } from '../cli/base.ts'
import { confirmed } from '../cli/confirm.ts'
import { ask, readStdin } from '../cli/prompts.ts'
import { repeated } from '../cli/repeated.ts'
import type { BaseFlags } from '../cli/settings.ts'
import { typedNames } from '../cli/typed-name.ts'
import { Problem } from '../domain/problem.ts'
import type { Change, Steps } from '../operations/stacks/index.ts'
import { type TrailClients, trailClients } from '../operations/trail/index.ts'
import { changesText, losesData } from './changes.ts'

/** Flags of every command that looks at an installed trail. */
export const trailFlags = {
  region: Flags.string({ env: 'APIGW_REGION', helpValue: 'REGION', summary: "another region than the stage's" }),
  profile: shared.profile,
}

type PlaceFlags = BaseFlags & { region?: string | undefined; profile?: string | undefined }

/** What the commands of the trail have in common. */
export abstract class TrailCommand extends BaseCommand {
  // oclif looks for it one class up only.
  static override enableJsonFlag = true

  /** Opens AWS's clients for as long as `work` takes. */
  protected async withTrail<T>(flags: PlaceFlags, work: (clients: TrailClients) => Promise<T>): Promise<T> {
    const region = flags.region ?? this.settings(flags).region
    const clients = await trailClients({ region, profile: flags.profile })
    try {
      return await work(clients)
    } finally {
      clients.close()
    }
  }

  /** What a stack of the trail asks and tells on its way: its changes are shown, and want a yes. */
  protected stackSteps(
    flags: { yes: boolean; wait: boolean; confirm?: string[] | undefined },
    next: string,
    signal: AbortSignal,
  ): Steps {
    const { interactive } = this
    const approve = async (changes: readonly Change[]): Promise<boolean> => {
      this.note(changesText('The activity trail', '', changes))
      // The table of what was told can be made again; all else that remembers is kept.
      const losing = losesData(changes.filter(({ id, loss }) => loss === 'lost' && id !== 'Alerts')) ? ['apigw-trail'] : []
      await typedNames('Data would be lost.', losing, {
        confirmed: repeated(flags.confirm) ?? [],
        interactive,
        next: `${next} --yes`,
      })
      if (losing.length === 0) await confirmed('Change it so?', { yes: flags.yes, interactive })
      return true
    }
    return {
      tell: (line) => this.note(line),
      approve,
      mayRemoveFailed: async (what) => {
        await confirmed(`${what} Do so?`, { yes: flags.yes, interactive })
        return true
      },
      wait: flags.wait,
      who: currentActor(process.env).who,
      look: 'apigw trail status',
      signal,
    }
  }
}

/** All of a file, or of stdin for "-". @throws Problem `input-invalid` where there is no such file */
export async function textOf(path: string): Promise<string> {
  if (path === '-') return readStdin()
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): Problem {
  return new Problem('input-invalid', `${path} cannot be read.`, { next: 'give the path of a file, or - for stdin', cause })
}

/** Lines of a file, or of stdin for "-". @throws Problem `input-invalid` where there is no such file */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const input = path === '-' ? process.stdin : createReadStream(path)
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield line
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/**
 * The webhook, which is a secret: from the environment, from stdin, or typed. Undefined where nothing was given.
 * @throws Problem `secret-in-argument`
 */
export async function findWebhooks(flag: string | undefined, how: { interactive: boolean }): Promise<string | undefined> {
  if (flag === '-') return readStdin()
  if (flag !== undefined) {
    throw new Problem('secret-in-argument', 'Every user of this machine can read arguments, and a webhook is a secret.', {
      next: 'give --webhook - and write it to stdin, or set APIGW_SLACK_WEBHOOK',
    })
  }
  if (process.env.APIGW_SLACK_WEBHOOK) return process.env.APIGW_SLACK_WEBHOOK
  if (!how.interactive) return undefined
  const typed = await ask({ message: "Slack's incoming webhook (empty: keep the one that is stored)", hidden: true })
  return typed === '' ? undefined : typed
}
