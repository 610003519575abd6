import { message, sealedEnvelope } from '../../domain/message.ts'
import { recordOf } from '../../domain/record.ts'

/** What an operator may see of a message: no text, and no whole number. */
export interface Content {
  /** `null`: the body is not an envelope. */
  readonly customer: string | null
  readonly environment: string | null
  readonly messages: number
  /** Of these, messages that the worker cannot read. */
  readonly unreadable: number
  readonly recipients: readonly string[]
}

function masked(number: string): string {
  return number.length < 9 ? '****' : `${number.slice(0, 5)}****${number.slice(-4)}`
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Opens a body as the worker does: first the envelope, and then each message by itself. */
export function contentOf(body: string): Content {
  const envelope = sealedEnvelope.safeParse(parsed(body))
  if (!envelope.success) return { customer: null, environment: null, messages: 0, unreadable: 0, recipients: [] }
  const { customer, environment, messages } = envelope.data
  const recipients = messages.slice(0, 3).map((value) => {
    const to = message.shape.to.safeParse(recordOf(value).to)
    return to.success ? masked(to.data) : '?'
  })
  const unreadable = messages.filter((value) => !message.safeParse(value).success).length
  return { customer, environment, messages: messages.length, unreadable, recipients }
}
