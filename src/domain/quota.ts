import { apigw, step } from './next-step.ts'
import { Problem } from './problem.ts'

/** What a customer may spend in one environment, in units. A limit that is absent does not limit. */
export interface Quota {
  /** Units a second, averaged. */
  readonly rate?: number
  /** Units that may come at once after a pause. Always present with `rate`. */
  readonly burst?: number
  /** Units a calendar day of the customer's time zone. */
  readonly day?: number
  /** Units a calendar month of the customer's time zone. */
  readonly month?: number
}

export const quotaLimits = ['rate', 'burst', 'day', 'month'] as const
export type QuotaLimit = (typeof quotaLimits)[number]

/** A change of a quota: a number sets a limit, `null` takes it away, an absent one stays. */
export type QuotaChange = { readonly [limit in QuotaLimit]?: number | null }

// A larger limit could not be counted exactly in the double that Lua counts with, nor does anyone sell it.
const maxLimit = 1_000_000_000_000

function checkedLimit(limit: QuotaLimit, value: number): number {
  const least = limit === 'rate' ? 0.001 : 1
  const whole = limit === 'rate' || Number.isInteger(value)
  if (whole && value >= least && value <= maxLimit) return value
  const range = limit === 'rate' ? `a number from ${least} to ${maxLimit}` : `a whole number from 1 to ${maxLimit}`
  throw new Problem('quota-invalid', `The ${limit} limit cannot be ${value}: it has to be ${range}.`, {
    next:
      value > 0
        ? 'use a whole number such as 1000, or "none"'
        : step`to refuse every call, use: ${apigw('customer suspend', 'CUSTOMER')}`,
  })
}

/**
 * Reads a limit as a person writes it: `1000`, `10_000`, `2.5` (rate only), or `none`.
 * @throws Problem `quota-invalid`
 */
export function quotaLimit(limit: QuotaLimit, text: string): number | null {
  if (text === 'none') return null
  if (!/^-?\d[\d_]*(?:\.\d+)?$/.test(text)) {
    throw new Problem('quota-invalid', `"${text}" is not a number, so it cannot be the ${limit} limit.`, {
      next: `use a number such as 1000, or "none"`,
    })
  }
  return checkedLimit(limit, Number(text.replaceAll('_', '')))
}

/**
 * The quota after a change. A quota has at least a limit of the day or the month, because a rate alone does not limit
 * what a customer can spend.
 * @throws Problem `quota-invalid`
 */
export function changedQuota(before: Quota, change: QuotaChange): Quota {
  const merged: { [limit in QuotaLimit]?: number } = {}
  for (const limit of quotaLimits) {
    const value = change[limit] === undefined ? before[limit] : change[limit]
    if (value !== undefined && value !== null) merged[limit] = checkedLimit(limit, value)
  }
  if (merged.day === undefined && merged.month === undefined) {
    throw new Problem('quota-invalid', 'A quota needs a daily or a monthly limit: a rate alone does not limit the total.', {
      next: 'add --day N or --month N',
    })
  }
  if (merged.rate === undefined) {
    if (change.burst) throw new Problem('quota-invalid', 'A burst needs a rate.', { next: 'add --rate N' })
    delete merged.burst
  } else merged.burst ??= Math.max(1, Math.ceil(merged.rate))
  return merged
}
