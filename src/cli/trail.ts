import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Flags } from '@oclif/core'
import { Problem } from '../domain/problem.ts'
import { type TrailClients, trailClients } from '../trail/index.ts'
import { BaseCommand, shared } from './base.ts'
import { ask, readStdin } from './prompts.ts'
import type { BaseFlags } from './settings.ts'

/** Flags of every command that looks at an installed trail. */
export const trailFlags = {
  region: Flags.string({ env: 'APIGW_REGION', helpValue: 'REGION', summary: "another region than the stage's" }),
  profile: shared.profile,
}

type PlaceFlags = BaseFlags & { region?: string | undefined; profile?: string | undefined }

/** What the commands of the trail have in common. */
export abstract class TrailCommand extends BaseCommand {
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
}

/** Lines of a file, or of stdin for "-". @throws Problem `input-invalid` where there is no such file */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const input = path === '-' ? process.stdin : createReadStream(path)
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield line
  } catch (cause) {
    throw new Problem('input-invalid', `${path} cannot be read.`, { next: 'give the path of a file, or - for stdin', cause })
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
