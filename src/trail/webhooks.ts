import { Problem } from '../domain/problem.ts'
import { called, isMissing, type TrailClients } from './clients.ts'
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
      addresses = Object.values(Object(JSON.parse(trimmed)))
    } catch {
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

/** The stored webhooks, or undefined where none are. */
export async function storedWebhooks(clients: TrailClients): Promise<string | undefined> {
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  return called(clients, 'secretsmanager:GetSecretValue', async () => {
    try {
      return (await clients.secrets.send(new GetSecretValueCommand({ SecretId: secretName }))).SecretString
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  })
}

/** Stores the webhooks where they are not stored already. @returns whether that changed anything */
export async function storeWebhooks(clients: TrailClients, webhooks: string): Promise<boolean> {
  const stored = await storedWebhooks(clients)
  if (stored === webhooks) return false
  const { CreateSecretCommand, PutSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  if (stored === undefined) {
    const wanted = { Name: secretName, Description: 'Where the activity trail posts: webhooks of Slack', SecretString: webhooks }
    await called(clients, 'secretsmanager:CreateSecret', () => clients.secrets.send(new CreateSecretCommand(wanted)))
  } else {
    const wanted = { SecretId: secretName, SecretString: webhooks }
    await called(clients, 'secretsmanager:PutSecretValue', () => clients.secrets.send(new PutSecretValueCommand(wanted)))
  }
  return true
}

/** Deletes the secret at once; it can be made again under the same name. */
export async function deleteWebhooks(clients: TrailClients): Promise<void> {
  const { DeleteSecretCommand } = await import('@aws-sdk/client-secrets-manager')
  await called(clients, 'secretsmanager:DeleteSecret', async () => {
    try {
      await clients.secrets.send(new DeleteSecretCommand({ SecretId: secretName, ForceDeleteWithoutRecovery: true }))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  })
}

/**
 * Whether Slack knows a webhook, without posting: an empty message is refused as such where the webhook is good, and the
 * webhook is refused where it is not.
 */
export async function probeWebhook(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      redirect: 'error',
      signal: AbortSignal.timeout(5_000),
    })
    const words = (await response.text()).slice(0, 60).replace(/[^\w .-]/g, ' ')
    if (response.status === 400 || response.ok || response.status === 429) return undefined
    return `Slack answered ${response.status} ${words}`.trim()
  } catch {
    return 'Slack cannot be reached'
  }
}
