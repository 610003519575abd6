import { callAws } from '../../aws/index.ts'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'
import { defaultChannel, readWebhooks } from '../../runtime/notifier/index.ts'
import { isMissing, type TrailClients } from './clients.ts'
import { secretName } from './names.ts'

/** Slack's own host; another one only on this machine, where tests listen. */
const address = /^https:\/\/hooks\.slack(?:-gov)?\.com\/(?:services|workflows)\/\S+$|^http:\/\/127\.0\.0\.1:\d+\/\S*$/

/**
 * Checks what was given as webhook: an address, or an object of channels with their addresses. Nothing of it is shown.
 * @throws Problem `input-invalid`
 */
export function checkedWebhooks(text: string): string {
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
        next: 'give {"default": "https://hooks.slack.com/…", …}',
      })
    }
  }
  if (addresses.length > 0 && addresses.every((one) => typeof one === 'string' && address.test(one))) return trimmed
  throw new Problem('input-invalid', 'That is no incoming webhook of Slack: they begin with https://hooks.slack.com/services/.', {
    next: 'make one: https://api.slack.com/messaging/webhooks',
  })
}

function noDefault(): Problem {
  return new Problem('input-invalid', 'No webhook is named "default", and what no channel asks for goes there.', {
    next: 'give {"default": "https://hooks.slack.com/…", …}',
  })
}

/** The stored webhooks, or undefined where none are. */
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

/** Stores webhooks, in place of those that were stored. */
export async function storeWebhooks(clients: TrailClients, webhooks: string): Promise<void> {
  const { CreateSecretCommand, PutSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  if ((await storedWebhooks(clients)) === undefined) {
    const wanted = { Name: secretName, Description: 'Where the activity trail posts: webhooks of Slack', SecretString: webhooks }
    await callAws(clients.place, 'secretsmanager:CreateSecret', () => clients.secrets.send(new CreateSecretCommand(wanted)))
  } else {
    const wanted = { SecretId: secretName, SecretString: webhooks }
    await callAws(clients.place, 'secretsmanager:PutSecretValue', () => clients.secrets.send(new PutSecretValueCommand(wanted)))
  }
}

/** Deletes the secret at once; it can be made again under the same name. */
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

/** What Slack says of a webhook: `unclear` where it did not say, as while it is down or out of reach from here. */
interface Probed {
  readonly state: 'known' | 'refused' | 'unclear'
  readonly words: string
}

/**
 * Whether Slack knows a webhook, without posting: an empty message is refused as such where the webhook is good, and the
 * webhook is refused where it is not.
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
    return { state: 'unclear', words: 'Slack cannot be reached' }
  }
}

/**
 * Goes on unless Slack refuses one of them. Where Slack cannot be asked from here, the notifier still may reach it.
 * @throws Problem `input-invalid`, which never shows an address
 */
export async function knownWebhooks(webhooks: string, tell: (line: string) => void): Promise<void> {
  for (const [channel, url] of readWebhooks(webhooks)) {
    const { state, words } = await probeWebhook(url)
    if (state === 'refused') {
      throw new Problem('input-invalid', `The webhook of "${channel}" does not work: ${words}.`, {
        next: 'make another one: https://api.slack.com/messaging/webhooks',
      })
    }
    if (state === 'unclear') tell(`${words}: whether the webhook of "${channel}" works, apigw trail test will show.`)
  }
}
