import { isRecord } from '../../../domain/record.ts'
import type { Reported } from './records.ts'

/** A record of CloudTrail: whatever AWS put into it, and anything may be missing. */
export type TrailRecord = Readonly<Record<string, unknown>>

/** What a reported thing is. */
export type Signal =
  | { readonly kind: 'activity'; readonly record: TrailRecord; readonly test: boolean }
  | { readonly kind: 'finding'; readonly event: TrailRecord; readonly test: boolean }
  | { readonly kind: 'alarm'; readonly alarm: TrailRecord }
  | { readonly kind: 'budget'; readonly subject: string; readonly text: string }
  | { readonly kind: 'tick' }
  | { readonly kind: 'text'; readonly subject: string | undefined; readonly text: string }

/** What `apigw trail test` sends its events as; EventBridge keeps `aws.` for AWS itself. */
export const testSource = 'apigw.trail'
/** What the schedule sends when collected alerts may be due. */
export const tickKind = 'apigw trail tick'

function plain({ body, subject }: Reported): Signal {
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 1)
  if (subject?.startsWith('AWS Budgets:')) return { kind: 'budget', subject, text }
  return { kind: 'text', subject, text: text ?? String(body) }
}

/** Recognises a signal by its shape. An unknown shape is reported as text, so that nothing is dropped. */
export function signalOf(reported: Reported): Signal {
  const { body } = reported
  if (!isRecord(body)) return plain(reported)
  const { 'detail-type': detailType, source, detail } = body
  const test = source === testSource
  if (detailType === tickKind) return { kind: 'tick' }
  if (detailType === 'GuardDuty Finding' && isRecord(detail)) return { kind: 'finding', event: body, test }
  if (isRecord(detail) && typeof detail.eventName === 'string') return { kind: 'activity', record: detail, test }
  if (typeof body.eventName === 'string' && typeof body.eventSource === 'string') {
    return { kind: 'activity', record: body, test: false }
  }
  if (typeof body.AlarmName === 'string' && typeof body.NewStateValue === 'string') return { kind: 'alarm', alarm: body }
  return plain(reported)
}
