import { envelope } from '../domain/message.ts'

/** What an operator may see of a message: no text, and no whole number. */
export interface Content {
  /** `null`: the body is not an envelope. */
  readonly customer: string | null
  readonly environment: string | null
  readonly messages: number
  readonly recipients: readonly string[]
}

function masked(number: string): string {
  return number.length < 9 ? '****' : `${number.slice(0, 5)}****${number.slice(-4)}`
}

export function contentOf(body: string): Content {
  try {
    const { customer, environment, messages } = envelope.parse(JSON.parse(body))
    return { customer, environment, messages: messages.length, recipients: messages.slice(0, 3).map(({ to }) => masked(to)) }
  } catch {
    return { customer: null, environment: null, messages: 0, recipients: [] }
  }
}
