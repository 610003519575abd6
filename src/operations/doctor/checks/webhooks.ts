import { apigw, step } from '../../../domain/next-step.ts'
import type { Webhook } from '../../../domain/webhook.ts'
import { failuresUntilDown } from '../../../domain/webhook-schedule.ts'
import { openWebhooks, type Progress } from '../../../runtime/ports/index.ts'
import { type Check, failed, type Places } from '../check.ts'

const name = 'webhooks'
/** Endpoints that are looked at. */
const maxLooked = 500

/** Which webhooks are disabled or down, and which belong to customers who are gone or suspended. */
export async function checkWebhooks({ ledger = {} }: Places, stateOf: ReadonlyMap<string, string> | undefined): Promise<Check[]> {
  const webhooks = openWebhooks(ledger)
  if (webhooks === undefined) return []
  try {
    const all = (await webhooks.all()).slice(0, maxLooked).map(({ value }) => value)
    if (all.length === 0) return []
    const found: Check[] = []
    for (const webhook of all) {
      const progress = webhook.disabled === undefined ? (await webhooks.progress(webhook))?.value : undefined
      const check = webhookCheck(webhook, progress, stateOf)
      if (check !== undefined) found.push(check)
    }
    return found.length > 0
      ? found
      : [{ name, state: 'ok', detail: `${all.length} ${all.length === 1 ? 'webhook' : 'webhooks'}` }]
  } catch (error) {
    return [failed(name, error, 'check the name and region of the ledger table, and the rights to read it')]
  }
}

/** @param stateOf of all customers; absent: the registry did not answer @returns `undefined`: there is nothing to do about it */
export function webhookCheck(
  { customer, environment, name: endpoint, disabled }: Webhook,
  progress: Progress | undefined,
  stateOf: ReadonlyMap<string, string> | undefined,
): Check | undefined {
  const where = `${customer} ${environment} ${endpoint}`
  const warn = (detail: string, fix: Check['fix']): Check => ({
    name,
    state: 'warn',
    detail: `${where}: ${detail}`,
    ...(fix && { fix }),
  })
  if (stateOf !== undefined) {
    const state = stateOf.get(customer)
    if (state === undefined)
      return warn('its customer does not exist', apigw('webhook remove', customer, endpoint, '--env', environment))
    if (state === 'suspended' && disabled === undefined) {
      return warn('its customer is suspended, and it still gets events', apigw('customer suspend', customer))
    }
    if (state === 'active' && disabled?.why === 'suspended') {
      return warn('its customer is active, and it gets nothing', apigw('customer resume', customer))
    }
  }
  if (disabled !== undefined) {
    if (disabled.why === 'suspended') return undefined
    const why = disabled.why === 'gone' ? 'it answered 410' : 'it took nothing for five days'
    return warn(
      `disabled, because ${why}`,
      step`ask the customer, then: ${apigw('webhook enable', customer, endpoint, '--env', environment)}`,
    )
  }
  if (progress === undefined || progress.failures < failuresUntilDown) return undefined
  return warn(
    `down since ${new Date(progress.failingSince ?? 0).toISOString()}: ${progress.lastFailure?.why ?? 'no answer'}`,
    apigw('webhook deliveries', customer, endpoint, '--env', environment),
  )
}
