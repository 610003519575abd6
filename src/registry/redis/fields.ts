import type { AddressRange } from '../../domain/address.ts'
import type { Credential } from '../../domain/credential.ts'
import { environments } from '../../domain/names.ts'
import type { Quota } from '../../domain/quota.ts'
import { routePlanText } from '../../domain/route.ts'
import { sendingOf } from '../compiled.ts'
import type { Profile } from '../registry.ts'

/** Joined by bars, because Lua takes such a text apart in one match; none of the values can hold one. */
function packed(values: readonly (string | number | undefined)[]): string {
  return values.map((value) => value ?? '').join('|')
}

function packedRanges(ranges: readonly AddressRange[] | undefined): string {
  return (ranges ?? []).map(({ from, to }) => `${from}-${to}`).join(',')
}

/**
 * A key as the admission script reads it. One that is bound by nothing but its environment, as most are, is just
 * that word: the script then compares and takes nothing apart. `notBefore` need not be repeated once it has passed,
 * and it has when the key was not made for later.
 */
function packedKey(credential: Credential): string {
  const { environment, notBefore, createdAt, expiresAt, revokedAt, allowIps } = credential
  const later = notBefore > createdAt ? notBefore : undefined
  const ranges = packedRanges(allowIps)
  const free = later === undefined && expiresAt === undefined && revokedAt === undefined && ranges === ''
  return free ? environment : packed([environment, later, expiresAt, revokedAt, ranges])
}

/** A quota as the admission script reads it: rate, burst, day, month. */
function packedQuota(quota: Quota): string {
  return packed([quota.rate, quota.burst, quota.day, quota.month])
}

const quotas = new Map<string, Quota>()
const maxQuotas = 1_000

/** The quota that `packedQuota` wrote. There are few of them, and each call reads one. */
export function unpackedQuota(text: string): Quota {
  let quota = quotas.get(text)
  if (quota === undefined) {
    const [rate = '', burst = '', day = '', month = ''] = text.split('|')
    quota = {
      ...(rate !== '' && { rate: Number(rate) }),
      ...(burst !== '' && { burst: Number(burst) }),
      ...(day !== '' && { day: Number(day) }),
      ...(month !== '' && { month: Number(month) }),
    }
    if (quotas.size >= maxQuotas) quotas.clear()
    quotas.set(text, quota)
  }
  return quota
}

/**
 * The fields of a profile's hash. `document` is the profile; the others repeat what admission reads, so that its
 * script needs no JSON. All are written by one script, so they cannot disagree.
 */
export function profileFields(profile: Profile, version: string): string[] {
  const fields = ['version', version, 'document', JSON.stringify(profile)]
  fields.push('state', profile.customer.state, 'zone', profile.customer.timeZone, 'policy', sendingOf(profile).version)
  for (const credential of profile.credentials) {
    fields.push(`key:${credential.keyId}`, packedKey(credential))
    fields.push(`credential:${credential.keyId}`, JSON.stringify(credential))
  }
  for (const environment of environments) {
    const quota = profile.quotas[environment]
    if (quota !== undefined) fields.push(`quota:${environment}`, packedQuota(quota))
  }
  for (const route of profile.routes) fields.push(`way:${route.environment}:${route.api}`, routePlanText(route))
  return fields
}
