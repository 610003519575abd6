import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { defaultChannel, readWebhooks } from '../../runtime/notifier/index.ts'
import { isMissing, type TrailClients } from './clients.ts'
import { secretName } from './names.ts'

/** Slack's hosts, and localhost for tests. */
const address = /^https:\/\/hooks\.slack(?:-gov)?\.com\/(?:services|workflows)\/\S+$|^http:\/\/127\.0\.0\.1:\d+\/\S*$/

/**
 * Validates a webhook: a URL, or a JSON object of channels and their URLs. Error messages never contain a URL.
 * @throws Problem `input-invalid`
 */
export function parseWebhooks(text: string): string {
  const trimmed = text.trim()
  let addresses: unknown[] = [trimmed]
  if (trimmed.startsWith('{')) {
    try {
      const channels = recordOf(JSON.parse(trimmed))
      addresses = Object.values(channels)
      if (channels[defaultChannel] === undefined) throw noDefault()
    } catch (error) {
      if (error instanceof Problem) throw error
      throw new Problem('input-invalid', 'The webhooks are not valid JSON.', {
        next: 'use the format {"default": "https://hooks.slack.com/…", …}',
      })
    }
  }
  if (addresses.length > 0 && addresses.every((one) => typeof one === 'string' && address.test(one))) return trimmed
  throw new Problem(
    'input-invalid',
    'This is not an incoming webhook of Slack. They start with https://hooks.slack.com/services/.',
    {
      next: 'create one: https://api.slack.com/messaging/webhooks',
    },
  )
}

function noDefault(): Problem {
  return new Problem(
    'input-invalid',
    'The webhooks have no "default" channel, which receives all alerts without a channel of their own.',
    {
      next: 'use the format {"default": "https://hooks.slack.com/…", …}',
    },
  )
}

/** The stored webhooks; undefined if there are none. */
export async function storedWebhooks(clients: TrailClients): Promise<string | undefined> {
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  return callAws(clients.place, 'secretsmanager:GetSecretValue', async () => {
    try {
      return (await clients.secrets.send(new GetSecretValueCommand({ SecretId: secretName }))).SecretString
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  })
}

/** Stores webhooks and replaces the stored ones. */
export async function storeWebhooks(clients: TrailClients, webhooks: string): Promise<void> {
  const { CreateSecretCommand, PutSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  if ((await storedWebhooks(clients)) === undefined) {
    const wanted = { Name: secretName, Description: 'Slack webhooks of the activity trail', SecretString: webhooks }
    await callAws(clients.place, 'secretsmanager:CreateSecret', () => clients.secrets.send(new CreateSecretCommand(wanted)))
  } else {
    const wanted = { SecretId: secretName, SecretString: webhooks }
    await callAws(clients.place, 'secretsmanager:PutSecretValue', () => clients.secrets.send(new PutSecretValueCommand(wanted)))
  }
}

/** Deletes the secret without a recovery window, so that its name can be reused at once. */
export async function deleteWebhooks(clients: TrailClients): Promise<void> {
  const { DeleteSecretCommand } = await import('@aws-sdk/client-secrets-manager')
  await callAws(clients.place, 'secretsmanager:DeleteSecret', async () => {
    try {
      await clients.secrets.send(new DeleteSecretCommand({ SecretId: secretName, ForceDeleteWithoutRecovery: true }))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  })
}

/** The result of a webhook test. `unclear`: Slack is down or unreachable from here. */
interface Probed {
  readonly state: 'known' | 'refused' | 'unclear'
  readonly words: string
}

/**
 * Tests a webhook without posting. Slack answers an empty message with 400 if the webhook is valid, and with a different error
 * if it is not.
 */
export async function probeWebhook(url: string): Promise<Probed> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      redirect: 'error',
      signal: AbortSignal.timeout(5_000),
    })
    const text = (await response.text()).slice(0, 60).replace(/[^\w .-]/g, ' ')
    const words = `Slack answered ${response.status} ${text}`.trim()
    if (response.status === 400 || response.ok || response.status === 429) return { state: 'known', words }
    return { state: response.status < 500 ? 'refused' : 'unclear', words }
  } catch {
    return { state: 'unclear', words: 'Slack is unreachable' }
  }
}

/**
 * Tests each webhook, and fails if Slack rejects one. If Slack is unreachable from here, the notifier may still reach it.
 * @throws Problem `input-invalid`, which never shows a URL
 */
export async function verifyWebhooks(webhooks: string, report: (line: string) => void): Promise<void> {
  for (const [channel, url] of readWebhooks(webhooks)) {
    const { state, words } = await probeWebhook(url)
    if (state === 'refused') {
      throw new Problem('input-invalid', `The webhook of "${channel}" does not work: ${words}.`, {
        next: 'create a new one: https://api.slack.com/messaging/webhooks',
      })
    }
    if (state === 'unclear') report(`${words}, so the webhook of "${channel}" was not tested. Test it later: apigw trail test`)
  }
}
