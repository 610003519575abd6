import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsText, templates } from '../../../operations/trail/index.ts'
import type { Place } from '../template/resource.ts'
import type { SentStack } from '../template/stage.ts'

/** The host that the webhook of a rehearsal names. */
export const slackHost = 'hooks.slack.com'

/** The stack of `apigw trail install`, with the shipped rules, and the code of its function. */
export interface PackedTrail {
  readonly stack: SentStack
  readonly packed: ReadonlyMap<string, string>
  readonly webhooks: string
  /** The secret that `apigw trail install` makes outside of the stack. */
  secretArn(place: Place): string
}

/** @param folder where the code of the function is put, with its settings beside it */
export async function packTrail(folder: string, root: string): Promise<PackedTrail> {
  const { home } = await templates({})
  const code = join(folder, 'notifier')
  mkdirSync(code, { recursive: true })
  copyFileSync(join(root, 'dist', 'lambda', 'notifier.mjs'), join(code, 'notifier.mjs'))
  writeFileSync(join(code, 'settings.json'), await settingsText({}))
  return {
    stack: {
      key: undefined,
      name: 'apigw-trail',
      templateBody: home,
      parameters: { CodeBucket: 'apigw-artifacts', CodeKey: 'notifier.zip' },
      inputs: [],
    },
    packed: new Map([['notifier', code]]),
    webhooks: `https://${slackHost}/services/T0/B0/rehearsal`,
    secretArn: ({ account, region }) => `arn:aws:secretsmanager:${region}:${account}:secret:apigw-trail-slack-AbCdEf`,
  }
}
