import { currentUsage, type Remaining, remainingOf } from '../../domain/admission.ts'
import { type Windows, windowOf, windowsAt } from '../../domain/calendar.ts'
import type { Environment } from '../../domain/names.ts'
import type { Quota, QuotaChange } from '../../domain/quota.ts'
import { type Spent, spentBy, type UsageLine } from '../../domain/usage-lines.ts'
import { type OperatorRegistry, storedProfile } from '../../registry/index.ts'
import { readUsage } from '../usage/index.ts'
import { type Context, changedProfile } from './change.ts'

/** A customer's limits in one environment, and what remains of them. */
export interface QuotaStatus {
  readonly customer: string
  readonly environment: Environment
  readonly timeZone: string
  /** Absent: no quota is set, so every call is rejected. */
  readonly quota?: Quota
  readonly remaining?: Remaining
  readonly windows: Windows
  /** What was spent by what, in the day and in the month. */
  readonly spent: { readonly day: readonly Spent[]; readonly month: readonly Spent[] }
}

export async function setQuota(
  context: Context,
  customer: string,
  environment: Environment,
  change: QuotaChange,
): Promise<Quota> {
  const profile = await changedProfile(context, { kind: 'setQuota', customer, environment, change })
  return profile.quotas[environment] ?? {}
}

/** Reads the remaining quota without consuming any. */
export async function quotaStatus(registry: OperatorRegistry, customer: string, environment: Environment): Promise<QuotaStatus> {
  const { profile } = await storedProfile(registry, customer)
  const { usage, now } = await registry.usage(customer, environment)
  const { timeZone } = profile.customer
  const current = currentUsage(usage, windowsAt(timeZone, now), now)
  const quota = profile.quotas[environment]
  const windows = { zone: timeZone, day: windowOf(timeZone, current.day), month: windowOf(timeZone, current.month) }
  const lines: UsageLine[] = []
  const period = { start: windows.month.start, end: now + 1 }
  for await (const line of readUsage(registry, { customer, environment }, period)) lines.push(line)
  return {
    customer,
    environment,
    timeZone,
    windows,
    spent: { day: spentBy(lines.filter(({ hour }) => hour >= windows.day.start)), month: spentBy(lines) },
    ...(quota !== undefined && { quota, remaining: remainingOf(quota, current, now) }),
  }
}
