import * as z from 'zod'
import type { Channels, Severity } from '../../domain/alerting.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'

/** Where everything goes that no channel asks for. */
export const defaultChannel = 'default'

function asks({ severities: wanted, rules }: Channels[string], rule: string, severity: Severity): boolean {
  const named = rules?.some((id) => (id.endsWith('*') ? rule.startsWith(id.slice(0, -1)) : id === rule)) ?? false
  return named || (wanted?.includes(severity) ?? false)
}

/** The channels of an alert: all that ask for it, or the default. */
export function channelsOf(channels: Channels, rule: string, severity: Severity): string[] {
  const found = Object.keys(channels).filter((name) => asks(channels[name] ?? {}, rule, severity))
  return found.length > 0 ? found : [defaultChannel]
}

const webhooksFormat = z.record(z.string(), z.url({ protocol: /^https?$/ }))

/**
 * Reads the secret: one address, or an object of channels with their addresses.
 * @throws Problem `config-invalid`, which never shows what it read
 */
export function readWebhooks(text: string): ReadonlyMap<string, string> {
  const trimmed = text.trim()
  let value: unknown = { [defaultChannel]: trimmed }
  if (trimmed.startsWith('{')) {
    try {
      value = JSON.parse(trimmed)
    } catch {
      throw new Problem('config-invalid', 'The secret of the webhooks is not JSON.', { next: apigw('trail install') })
    }
  }
  const result = webhooksFormat.safeParse(value)
  if (!result.success) {
    throw new Problem('config-invalid', 'The secret with the webhooks contains an invalid URL.', {
      next: apigw('trail install'),
    })
  }
  return new Map(Object.entries(result.data))
}
