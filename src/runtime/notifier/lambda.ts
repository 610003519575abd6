import { readFileSync } from 'node:fs'
import { Problem } from '../../domain/problem.ts'
import { matchingEvents, readSecret, Table } from '../ports/index.ts'
import { log, required } from '../process.ts'
import { readWebhooks } from './channels.ts'
import { sendAlert, sendDigest } from './deliver.ts'
import { tellDue } from './digest.ts'
import { explainer } from './explain.ts'
import { type BatchResult, handle } from './handler.ts'
import { DynamoMemory } from './memory/dynamodb.ts'
import { Notifier } from './notify.ts'
import { readPackedSettings } from './settings.ts'
import { type PostOptions, post } from './slack/post.ts'

interface Context {
  getRemainingTimeInMillis(): number
}

/** What stays open from one event to the next. */
function open() {
  const { env } = process
  const region = env.AWS_REGION
  const settings = readPackedSettings(readFileSync(new URL('settings.json', import.meta.url), 'utf8'))
  const table = new Table({ table: required('APIGW_ALERTS_TABLE'), region, endpoint: env.APIGW_ALERTS_ENDPOINT })
  const memory = new DynamoMemory(table)
  const group = env.APIGW_TRAIL_LOG_GROUP
  const search = group
    ? (query: { pattern: string; from: number; to: number; most: number }) => matchingEvents({ group, ...query }, { region })
    : undefined
  let webhooks: Promise<ReadonlyMap<string, string>> | undefined
  return {
    settings,
    memory,
    explain: explainer(settings.filters, search, Date.now),
    /** Read once, and again after it failed: a webhook that was put right takes effect without a deployment. */
    webhooks: {
      read: () => {
        webhooks ??= readSecret(required('APIGW_SLACK_SECRET'), { region, endpoint: env.APIGW_SECRETS_ENDPOINT }).then(
          readWebhooks,
        )
        return webhooks
      },
      forget: () => {
        webhooks = undefined
      },
    },
  }
}

type Opened = ReturnType<typeof open>

async function postTo(
  { webhooks }: Opened,
  channel: string,
  message: Parameters<typeof post>[1],
  options: PostOptions,
): Promise<void> {
  try {
    const all = await webhooks.read()
    const url = all.get(channel) ?? all.get('default')
    if (url === undefined) throw new Problem('config-invalid', `There is no webhook for the channel "${channel}".`)
    await post(url, message, options)
  } catch (error) {
    webhooks.forget()
    throw error
  }
}

let opened: Opened | undefined

/** What Lambda calls. Nothing is opened before the first event. */
export async function handler(event: unknown, context: Context): Promise<BatchResult> {
  opened ??= open()
  const parts = opened
  const { settings, memory, explain } = parts
  const remaining = () => context.getRemainingTimeInMillis()
  const delivery = {
    channels: settings.channels,
    memory,
    post: (channel: string, message: Parameters<typeof post>[1]) => postTo(parts, channel, message, { remaining }),
  }
  const notifier = new Notifier({
    rules: settings.rules,
    memory,
    explain,
    send: (alert) => sendAlert(alert, delivery),
    now: Date.now,
  })
  const { batchItemFailures } = await handle(event, {
    notifier,
    tellDue: () => tellDue(memory, (key, bursts) => sendDigest(key, bursts, delivery), Date.now()),
    log,
  })
  return { batchItemFailures }
}
