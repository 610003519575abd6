import { Problem } from '../domain/problem.ts'
import { ask, readStdin } from './prompts.ts'

/**
 * Finds the Slack webhook, which is a secret: from stdin if the flag is `-`, else from the environment or a prompt.
 * @returns undefined if none was given
 * @throws Problem `secret-in-argument`
 */
export async function findWebhooks(flag: string | undefined, how: { interactive: boolean }): Promise<string | undefined> {
  if (flag === '-') return readStdin()
  if (flag !== undefined) {
    throw new Problem('secret-in-argument', 'Every user of this machine can read arguments, and a webhook is a secret.', {
      next: 'pipe it to stdin with --webhook -, or set APIGW_SLACK_WEBHOOK',
    })
  }
  if (process.env.APIGW_SLACK_WEBHOOK) return process.env.APIGW_SLACK_WEBHOOK
  if (!how.interactive) return undefined
  const typed = await ask({ message: 'Slack incoming webhook (leave empty to keep the stored one)', hidden: true })
  return typed === '' ? undefined : typed
}
