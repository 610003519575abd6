import { recordOf } from '../../../domain/record.ts'

/** One thing that was reported, out of whatever it was wrapped in. */
export interface Reported {
  /** Stays the same when AWS hands the same thing over again: SNS's message id, EventBridge's event id, SQS's. */
  readonly id: string
  /** The SQS message that it came in, where it did: only SQS accepts failures of single messages. */
  readonly sqsId?: string
  readonly subject?: string
  /** JSON where it was JSON, otherwise the text as it came. */
  readonly body: unknown
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A notification of SNS, as Lambda gets it, as SQS holds it and as HTTP delivers it. */
function fromSns(message: unknown, fallbackId: string): Reported | undefined {
  const { MessageId, Message, Subject, TopicArn } = recordOf(message)
  if (typeof Message !== 'string' || typeof TopicArn !== 'string') return undefined
  const subject = textOf(Subject)
  return { id: textOf(MessageId) ?? fallbackId, ...(subject !== undefined && { subject }), body: parsed(Message) }
}

function fromRecord(record: unknown, fallbackId: string): Reported {
  const { Sns, messageId, body } = recordOf(record)
  if (Sns !== undefined) return fromSns(Sns, fallbackId) ?? { id: fallbackId, body: Sns }
  if (typeof body !== 'string') return { id: fallbackId, body: record }
  const inner = parsed(body)
  const sqsId = textOf(messageId) ?? fallbackId
  return { ...(fromSns(inner, sqsId) ?? { id: eventIdOf(inner) ?? sqsId, body: inner }), sqsId }
}

function eventIdOf(event: unknown): string | undefined {
  const { id, 'detail-type': kind } = recordOf(event)
  return kind === undefined ? undefined : textOf(id)
}

/**
 * Everything that an event of Lambda reports: records of SNS, of SQS (with SNS's wrapping or without), one event of
 * EventBridge, or anything else as it is. It never throws: what cannot be read is still something that happened.
 * @param fallbackId names what brings no id of its own, the same each time
 */
export function reportedIn(event: unknown, fallbackId: (event: unknown, at: number) => string): Reported[] {
  const { Records } = recordOf(event)
  if (Array.isArray(Records)) return Records.map((record, at) => fromRecord(record, fallbackId(record, at)))
  const id = fallbackId(event, 0)
  return [fromSns(event, id) ?? { id: eventIdOf(event) ?? id, body: event }]
}
