import { maskedNumber } from '../../domain/masked.ts'
import { message, sealedEnvelope } from '../../domain/message.ts'
import { recordOf } from '../../domain/record.ts'

/** The part of a message that an operator may see: no text, and only masked phone numbers. */
export interface Content {
  /** `null`: the body is not an envelope. */
  readonly customer: string | null
  readonly environment: string | null
  readonly messages: number
  /** How many of them the worker cannot parse. */
  readonly unreadable: number
  readonly recipients: readonly string[]
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Parses a body as the worker does: first the envelope, then each message separately. */
export function contentOf(body: string): Content {
  const envelope = sealedEnvelope.safeParse(parsed(body))
  if (!envelope.success) return { customer: null, environment: null, messages: 0, unreadable: 0, recipients: [] }
  const { customer, environment, messages } = envelope.data
  const recipients = messages.slice(0, 3).map((value) => {
    const to = message.shape.to.safeParse(recordOf(value).to)
    return to.success ? maskedNumber(to.data) : '?'
  })
  const unreadable = messages.filter((value) => !message.safeParse(value).success).length
  return { customer, environment, messages: messages.length, unreadable, recipients }
}
