import { hash } from 'node:crypto'
import type { Credential } from '../../domain/credential.ts'
import { environments } from '../../domain/names.ts'
import { quotaLimits } from '../../domain/quota.ts'
import { type Route, targetText } from '../../domain/route.ts'
import type { Sender } from '../../domain/sending.ts'
import type { Profile } from '../registry.ts'
import type { Configuration, ConfiguredKey, ConfiguredQuota, ConfiguredSender } from './schema.ts'

function iso(instant: number): string {
  return new Date(instant).toISOString()
}

/** Entries as a map, in the order of their names: the same content is the same text. */
function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** The part of a digest that people compare. */
export function fingerprintOf(digest: string): string {
  return digest.slice(0, 16)
}

function keyOf(credential: Credential): ConfiguredKey {
  const { scheme, environment, notBefore, expiresAt, revokedAt, allowIps, createdAt } = credential
  return {
    scheme,
    environment,
    ...(credential.scheme === 'hmac'
      ? { sealed: credential.sealed }
      : { digest: credential.digest, fingerprint: fingerprintOf(credential.digest) }),
    notBefore: iso(notBefore),
    ...(expiresAt !== undefined && { expiresAt: iso(expiresAt) }),
    ...(revokedAt !== undefined && { revokedAt: iso(revokedAt) }),
    ...(allowIps !== undefined && { allowIps: allowIps.map((range) => range.text) }),
    createdAt: iso(createdAt),
  }
}

function senderOf({ state, document, expiresAt, addedAt }: Sender): ConfiguredSender {
  return {
    state,
    ...(document !== undefined && { document }),
    ...(expiresAt !== undefined && { expiresAt: iso(expiresAt) }),
    addedAt: iso(addedAt),
  }
}

function quotasOf(quotas: Profile['quotas']): Configuration['quotas'] {
  const known = environments.flatMap((environment) => {
    const quota = quotas[environment]
    if (quota === undefined) return []
    const limits = quotaLimits.flatMap((limit) => (quota[limit] === undefined ? [] : [[limit, quota[limit]]]))
    return [[environment, Object.fromEntries(limits) as ConfiguredQuota] as const]
  })
  return Object.fromEntries(known)
}

function routesOf(routes: readonly Route[]): Configuration['routes'] {
  const ofEnvironment = environments.map((environment) => {
    const own = routes.filter((route) => route.environment === environment)
    const entries = own.map(({ api, targets, media }) => {
      const limits = media && { maxBytes: media.maxBytes, maxWidth: media.maxWidth, maxHeight: media.maxHeight }
      return [api, { targets: targets.map(targetText), ...(limits && { media: limits }) }] as const
    })
    return [environment, sorted(entries)] as const
  })
  return Object.fromEntries(ofEnvironment.filter(([, own]) => Object.keys(own).length > 0))
}

/** A price list in one order of its parts. */
function sendingOf({ sending = {} }: Profile): Configuration['sending'] {
  const { from, destinations, adNight, prices, originCode, alimtalkProfiles } = sending
  return {
    ...(from !== undefined && { from }),
    ...(destinations !== undefined && { destinations: [...destinations] }),
    ...(adNight !== undefined && { adNight }),
    ...(prices !== undefined && {
      prices: {
        name: prices.name,
        types: sorted(Object.entries(prices.types)),
        destinations: prices.destinations.map(({ prefix, factor }) => ({ prefix, factor })),
      },
    }),
    ...(originCode !== undefined && { originCode }),
    ...(alimtalkProfiles !== undefined && { alimtalkProfiles: [...alimtalkProfiles] }),
  }
}

/** The whole configuration of a customer: every section is present. What was spent is not part of it. */
export function configurationOf(profile: Profile): Required<Configuration> {
  const { customer, quotas, routes, credentials, sending } = profile
  return {
    name: customer.name,
    state: customer.state,
    timeZone: customer.timeZone,
    createdAt: iso(customer.createdAt),
    quotas: quotasOf(quotas) ?? {},
    routes: routesOf(routes) ?? {},
    sending: sendingOf(profile) ?? {},
    senders: sorted((sending?.senders ?? []).map((sender) => [sender.number, senderOf(sender)] as const)),
    keys: sorted(credentials.map((credential) => [credential.keyId, keyOf(credential)] as const)),
  }
}

/** A configuration without sealed secrets: what is shown, compared and exported. A key keeps its secret for as long as it exists. */
export function withoutSealed(configuration: Required<Configuration>): Required<Configuration> {
  const keys = Object.entries(configuration.keys).map(([id, { sealed: _, ...key }]) => [id, key] as const)
  return { ...configuration, keys: Object.fromEntries(keys) }
}

/**
 * Names the content of a configuration: the same in every store, and the same after the secrets are sealed under another master key.
 * A change that was planned with one revision is refused where there is another.
 */
export function revisionOf(profile: Profile): string {
  return hash('sha256', JSON.stringify(withoutSealed(configurationOf(profile))), 'hex').slice(0, 16)
}
