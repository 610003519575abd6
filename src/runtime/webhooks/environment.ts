import { Problem } from '../../domain/problem.ts'
import { masterKeysFrom } from '../../domain/seal.ts'
import { openLedger, openNotices, openWebhooks, secretFrom } from '../ports/index.ts'
import { choiceFrom, errorFields, log } from '../process.ts'
import { noticeChannels } from './channels.ts'
import type { WebhookWorkerEvent } from './events.ts'
import type { NoticeParts } from './notices.ts'
import type { SenderOptions } from './send.ts'
import type { TurnParts } from './turn.ts'

function observe(event: WebhookWorkerEvent): void {
  const { kind, ...fields } = event
  log(kind, 'error' in event ? { ...fields, ...errorFields(event.error) } : fields)
}

/** What delivers, and to where it may. */
export interface WebhookEnvironment {
  readonly parts: Omit<TurnParts, 'send' | 'holder'>
  readonly sending: SenderOptions
  readonly noticing: NoticeParts
}

/**
 * The worker of webhooks as the environment describes it, in a container and on Lambda. It reaches the ledger and the internet, and
 * neither registry nor database.
 * @throws Problem `config-invalid`, `master-key-missing`, `master-key-invalid`
 */
export async function webhookEnvironment(): Promise<WebhookEnvironment> {
  const { env } = process
  const place = { endpoint: env.APIGW_LEDGER_ENDPOINT, region: env.AWS_REGION, table: env.APIGW_LEDGER_TABLE }
  const ledger = openLedger(place)
  const webhooks = openWebhooks(place)
  const notices = openNotices(place)
  if (ledger === undefined || webhooks === undefined || notices === undefined) {
    throw new Problem('config-invalid', 'The environment variable APIGW_LEDGER_TABLE is missing.')
  }
  const masterKey = await secretFrom(env, 'APIGW_MASTER_KEY')
  if (masterKey === undefined) {
    throw new Problem(
      'master-key-missing',
      'The environment variable APIGW_MASTER_KEY is missing: secrets of webhooks are sealed.',
    )
  }
  const local = choiceFrom('APIGW_WEBHOOK_LOCAL', ['allow', 'refuse'], 'refuse') === 'allow'
  return {
    parts: { webhooks, ledger, masterKeys: masterKeysFrom(masterKey), observe },
    sending: { local },
    noticing: { notices, channels: noticeChannels(env), observe },
  }
}
