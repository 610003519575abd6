import { post } from '../notifier/index.ts'
import { publishTo, secretFrom } from '../ports/index.ts'
import type { NoticeChannel } from './notices.ts'

/** Longest that Slack may take, with all its pauses. */
const slackMs = 9_000
const slackHost = 'https://hooks.slack.com/'

/** An incoming webhook of Slack. @throws Error without the address, which is a secret */
async function slackUrl(env: NodeJS.ProcessEnv): Promise<string> {
  const url = (await secretFrom(env, 'APIGW_THRESHOLD_SLACK'))?.trim() ?? ''
  if (url.startsWith(slackHost)) return url
  throw new Error(`the secret for Slack holds no address that begins with ${slackHost}`)
}

/**
 * The ways to the operator that the environment names. A secret is read when it is needed: one that is missing must not keep
 * webhooks from starting.
 */
export function noticeChannels(env: NodeJS.ProcessEnv): NoticeChannel[] {
  const topic = env.APIGW_THRESHOLD_TOPIC
  const options = { endpoint: env.APIGW_SNS_ENDPOINT, region: env.AWS_REGION }
  const mail: NoticeChannel[] = topic ? [{ name: 'mail', send: (message) => publishTo(topic, message, options) }] : []
  if (!env.APIGW_THRESHOLD_SLACK && !env.APIGW_THRESHOLD_SLACK_SECRET) return mail
  const toSlack = async ({ subject, text }: { subject: string; text: string }): Promise<void> => {
    const startedAt = performance.now()
    const message = { text: `*${subject}*\n${text}`, unfurl_links: false, unfurl_media: false } as const
    await post(await slackUrl(env), message, { remaining: () => slackMs - (performance.now() - startedAt) })
  }
  return [...mail, { name: 'slack', send: toSlack }]
}
