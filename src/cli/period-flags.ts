import { Flags } from '@oclif/core'

/** A period by the calendar of the customer. */
export const periodFlags = {
  from: Flags.string({
    env: 'APIGW_FROM',
    helpValue: 'DAY',
    summary: 'first day or month, such as 2026-11-01 or 2026-11 (default: this month)',
  }),
  to: Flags.string({ env: 'APIGW_TO', helpValue: 'DAY', summary: 'last day or month (default: today)' }),
} as const
