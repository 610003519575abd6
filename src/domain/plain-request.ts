import { markOf } from './advertising.ts'
import type { Charset } from './euc-kr.ts'
import { bytesOf, lmsBytes, maxCharacters, maxPhone } from './message-fields.ts'
import { normalized } from './normalize.ts'
import { phoneNumber } from './phone.ts'
import { isRecord } from './record.ts'

/** What most calls have: no type, no subject, no time. */
const plainFields: ReadonlySet<string> = new Set(['to', 'from', 'text', 'ref'])
const plainRef = /^[\x21-\x7e]{1,64}$/

/** A message that asks for nothing but to be sent, as the schema reads it. */
export interface PlainRequest {
  readonly to: string
  readonly from: string
  readonly ref?: string
  readonly text: string
}

/**
 * Reads the usual message without the schema, which takes an eighth of a call. It reads fewer messages than the schema, and none
 * otherwise: whatever is special or wrong is left to it.
 */
export function plainRequest(value: unknown, charset: Charset): PlainRequest | undefined {
  if (!isRecord(value)) return undefined
  for (const field of Object.keys(value)) if (!plainFields.has(field)) return undefined
  const { to, from, text, ref } = value
  if (typeof to !== 'string' || typeof from !== 'string' || typeof text !== 'string') return undefined
  if (to.length > maxPhone || from.length > maxPhone || text === '' || text.length > maxCharacters) return undefined
  if (ref !== undefined && (typeof ref !== 'string' || !plainRef.test(ref))) return undefined
  const [recipient, sender] = [phoneNumber(to, 'recipient'), phoneNumber(from, 'sender')]
  const folded = normalized(text, charset)
  const isSentAsGiven = 'text' in folded && folded.text === text
  if (recipient === undefined || sender === undefined || !isSentAsGiven) return undefined
  if (markOf(text) !== undefined || bytesOf(text, charset) > lmsBytes) return undefined
  return { to: recipient, from: sender, ...(ref !== undefined && { ref }), text }
}
