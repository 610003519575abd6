import { Flags } from '@oclif/core'
import { type QuotaChange, type QuotaLimit, quotaLimit, quotaLimits } from '../domain/quota.ts'

/** The four limits of a quota as flags. The domain parses them, so that errors are the same everywhere. */
export const limitFlags = {
  rate: Flags.string({ env: 'APIGW_RATE', helpValue: 'N|none', summary: 'units per second' }),
  burst: Flags.string({
    env: 'APIGW_BURST',
    helpValue: 'N|none',
    summary: 'units allowed at once after a pause (default: the rate)',
  }),
  day: Flags.string({ env: 'APIGW_DAY', helpValue: 'N|none', summary: "units per day in the customer's time zone" }),
  month: Flags.string({ env: 'APIGW_MONTH', helpValue: 'N|none', summary: "units per month in the customer's time zone" }),
} as const

/** @returns `undefined` if no limit was given. @throws Problem `quota-invalid` */
export function quotaChange(flags: { readonly [limit in QuotaLimit]?: string | undefined }): QuotaChange | undefined {
  const change: { [limit in QuotaLimit]?: number | null } = {}
  for (const limit of quotaLimits) {
    const text = flags[limit]
    if (text !== undefined) change[limit] = quotaLimit(limit, text)
  }
  return Object.keys(change).length === 0 ? undefined : change
}
