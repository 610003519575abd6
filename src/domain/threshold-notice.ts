import type { Environment } from './names.ts'

/** A customer has used a part of a limit: what the operator is shown. */
export interface ThresholdNotice {
  /** Names the window and the percentage: unique for customer and environment. */
  readonly key: string
  readonly customer: string
  readonly environment: Environment
  readonly window: 'day' | 'month'
  readonly percent: number
  readonly used: number
  readonly limit: number
  /** Milliseconds since 1970. */
  readonly resetsAt: number
  readonly at: number
}

/** Lines of one message. More are counted. */
const maxLines = 50

function lineOf({ customer, environment, window, percent, used, limit, resetsAt }: ThresholdNotice): string {
  const until = new Date(resetsAt).toISOString()
  return `${customer} (${environment}): ${percent} % of the ${window}: ${used} of ${limit} units, until ${until}`
}

/**
 * Notices as one message. SNS takes a subject of up to 99 characters of ASCII
 * (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
 * @param notices at least one
 */
export function noticeText(notices: readonly ThresholdNotice[]): { readonly subject: string; readonly text: string } {
  const [first] = notices
  const { customer = '', percent = 0, window = 'day' } = first ?? {}
  const subject =
    notices.length === 1
      ? `apigw: ${customer} used ${percent} % of the ${window}`
      : `apigw: ${notices.length} quotas are at 80 % or more`
  const lines = notices.slice(0, maxLines).map(lineOf)
  const more = notices.length - lines.length
  return { subject, text: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n') }
}
