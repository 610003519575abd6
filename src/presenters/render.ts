import { type Credential, keyState } from '../domain/credential.ts'
import { type Environment, environments } from '../domain/names.ts'
import type { Quota } from '../domain/quota.ts'
import { type originCodeOf, policyOf } from '../domain/sending.ts'
import type { IssuedKey, QuotaStatus } from '../operations/customers/index.ts'
import type { Profile } from '../registry/index.ts'
import { count, facts, iso, localTime, plain, styled, table } from './output.ts'
import { routeJson, routeText } from './routes.ts'
import { sendingFacts, sendingJson } from './sending.ts'
import { spentText } from './usage.ts'

/** A quota in a few words. */
export function quotaWords(quota: Quota | undefined): string {
  if (quota === undefined) return 'no quota: every call is refused'
  const { rate, burst, day, month } = quota
  return [
    day === undefined ? '' : `${count(day)} per day`,
    month === undefined ? '' : `${count(month)} per month`,
    rate === undefined ? '' : `${count(rate)} per second (burst ${count(burst ?? 1)})`,
  ]
    .filter(Boolean)
    .join(' · ')
}

/** A key for `--json`, without its secret or digest. */
export function keyJson(credential: Credential, now: number) {
  const { keyId, scheme, environment, notBefore, expiresAt, revokedAt, allowIps = [], createdAt } = credential
  return {
    keyId,
    scheme,
    environment,
    state: keyState(credential, now),
    createdAt: iso(createdAt),
    notBefore: iso(notBefore),
    expiresAt: iso(expiresAt),
    revokedAt: iso(revokedAt),
    allowIps: allowIps.map((range) => range.text),
  }
}

/** A new key with its secret, which is shown only once. A dry run creates no key and shows no secret. */
export function issuedJson(issued: IssuedKey, now: number, dryRun: boolean) {
  const { customer, keyId } = issued.credential
  const key = keyJson(issued.credential, now)
  return dryRun ? key : { ...key, id: customer, password: issued.secret, apiKey: keyId, basic: issued.basic }
}

export function issuedText(issued: IssuedKey, dryRun: boolean): string {
  const { customer, keyId, scheme, environment } = issued.credential
  if (dryRun) return `Would issue a ${scheme} key for ${environment}.`
  const parts = facts(
    [
      ['ID', customer],
      ['PW', issued.secret],
      ['API_KEY', keyId],
    ],
    '  ',
  )
  const once = styled('yellow', 'Save the secret now. It cannot be shown again.')
  return `Key ${styled('bold', keyId)} (${scheme}, ${environment})\n${parts}\n${once}`
}

export function profileJson(profile: Profile, now: number) {
  const { customer, quotas, routes, credentials } = profile
  return {
    ...customer,
    createdAt: iso(customer.createdAt),
    quotas: Object.fromEntries(environments.map((environment) => [environment, quotas[environment] ?? null])),
    routes: routes.map(routeJson),
    sending: sendingJson(policyOf(profile.sending)),
    keys: credentials.map((credential) => keyJson(credential, now)),
  }
}

function environmentLine(profile: Profile, environment: Environment): string {
  const route = profile.routes.find((one) => one.environment === environment)
  const target = route === undefined ? 'no own route' : `→ ${routeText(route)}`
  return `${quotaWords(profile.quotas[environment])}  ${target}`
}

/** @param originCode the code that goes with its messages, and whose it is */
export function profileText(profile: Profile, now: number, originCode?: ReturnType<typeof originCodeOf>): string {
  const { id, name, state, timeZone, createdAt } = profile.customer
  const shown = state === 'active' ? styled('green', state) : styled('red', state)
  const lines = facts([
    ['customer', `${styled('bold', id)}  ${plain(name)}`],
    ['state', shown],
    ['created', localTime(createdAt, timeZone)],
    ['live', environmentLine(profile, 'live')],
    ['test', environmentLine(profile, 'test')],
    ...sendingFacts(policyOf(profile.sending), now),
    ...(originCode?.of === 'operator'
      ? [['origin code', `${plain(originCode.code)}  yours, because this customer has none of its own`] as const]
      : []),
  ])
  return profile.credentials.length === 0
    ? `${lines}\n${styled('dim', 'No keys.')}`
    : `${lines}\n\n${keysText(profile.credentials, now)}`
}

export function keysText(credentials: readonly Credential[], now: number): string {
  return table(
    ['key', 'scheme', 'env', 'state', 'expires', 'from'],
    credentials.map((credential) => [
      credential.keyId,
      credential.scheme,
      credential.environment,
      keyState(credential, now),
      iso(credential.expiresAt) ?? 'never',
      credential.allowIps?.map((range) => range.text).join(', ') ?? 'anywhere',
    ]),
  )
}

export function quotaJson({ customer, environment, timeZone, quota, remaining, windows, spent }: QuotaStatus) {
  const limit = (name: 'day' | 'month') =>
    quota?.[name] === undefined
      ? null
      : { limit: quota[name], remaining: remaining?.[name] ?? 0, window: windows[name].id, resetsAt: iso(windows[name].end) }
  const rate =
    quota?.rate === undefined ? null : { perSecond: quota.rate, burst: quota.burst ?? 1, remaining: remaining?.rate ?? 0 }
  return { customer, environment, timeZone, rate, day: limit('day'), month: limit('month'), spent }
}

export function quotaText(status: QuotaStatus): string {
  const { quota, remaining, windows, timeZone } = status
  if (quota === undefined || remaining === undefined)
    return `${status.customer} has no ${status.environment} quota: every call is refused.`
  const rows: string[][] = []
  if (quota.rate !== undefined)
    rows.push(['rate', `${count(quota.rate)}/s, burst ${count(quota.burst ?? 1)}`, count(remaining.rate), ''])
  for (const name of ['day', 'month'] as const) {
    const limit = quota[name]
    if (limit !== undefined) rows.push([name, count(limit), count(remaining[name]), localTime(windows[name].end, timeZone)])
  }
  const limits = table(['limit', 'allowed', 'left', 'resets'], rows)
  return `${limits}${spentText('today', status.spent.day)}${spentText('this month', status.spent.month)}`
}
