import * as z from 'zod'
import { eucKrLength } from './euc-kr.ts'
import { messageIdPattern } from './ids.ts'
import { environments } from './names.ts'
import { phoneNumber } from './phone.ts'

/** Bytes in EUC-KR that a carrier takes. */
const smsBytes = 90
const lmsBytes = 2000
const subjectBytes = 40
const mostMedia = 3

export const messageTypes = ['sms', 'lms', 'mms'] as const
/** `sms`: up to 90 bytes. `lms`: up to 2,000, with a subject. `mms`: the same with images. */
export type MessageType = (typeof messageTypes)[number]

/** A message that nobody can send any more after three days is of no use to anyone. */
const longestTtl = 259_200
const furthestSendAt = 30 * 86_400_000

function phone(role: 'recipient' | 'sender') {
  return z
    .string()
    .max(32)
    .transform((text, context) => {
      const number = phoneNumber(text, role)
      if (number !== undefined) return number
      context.addIssue({
        code: 'custom',
        message: 'is not a telephone number: use E.164 (+821012345678) or a Korean number (010-1234-5678)',
      })
      return z.NEVER
    })
}

function eucKr(most: number) {
  return z
    .string()
    .min(1)
    .max(4000)
    .check((context) => {
      const length = eucKrLength(context.value)
      if ('character' in length) {
        const code = (length.character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
        const message = `has the character U+${code} at position ${length.position}, which EUC-KR cannot hold`
        context.issues.push({ code: 'custom', input: context.value, message })
      } else if (length.bytes > most) {
        const message = `takes ${length.bytes} bytes in EUC-KR, and ${most} are allowed`
        context.issues.push({ code: 'custom', input: context.value, message })
      }
    })
}

/** What a caller may ask to be sent. */
export const messageRequest = z
  .strictObject({
    to: phone('recipient').meta({ description: 'Recipient, in E.164 or as a Korean number', example: '010-1234-5678' }),
    from: phone('sender').meta({ description: 'Sender, in E.164 or as a Korean number', example: '1588-1234' }),
    text: eucKr(lmsBytes).meta({ description: 'SMS: up to 90 bytes in EUC-KR, LMS: up to 2,000' }),
    type: z.enum(messageTypes).optional().meta({ description: 'Chosen by media and the length of the text if left out' }),
    subject: eucKr(subjectBytes).optional().meta({ description: 'LMS and MMS only, up to 40 bytes in EUC-KR' }),
    media: z
      .array(z.string().regex(messageIdPattern, 'is not the id of an image: POST it to /v1.0/media first'))
      .min(1)
      .max(mostMedia)
      .optional()
      .meta({ description: 'MMS only: ids of one to three images, as POST /v1.0/media gave them' }),
    ref: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[\x21-\x7e]+$/, 'has a character other than visible ASCII')
      .optional()
      .meta({ description: 'Your own name for the message; comes back with its report' }),
    sendAt: z.iso.datetime({ offset: true }).optional().meta({ description: 'RFC 3339; at most 30 days ahead' }),
    ttl: z.int().min(1).max(longestTtl).optional().meta({ description: 'Seconds after which it is not sent any more' }),
  })
  .check((context) => {
    const { text, type, subject, media } = context.value
    const report = (path: string, message: string) =>
      context.issues.push({ code: 'custom', input: context.value, path: [path], message })
    if (type === 'mms' && media === undefined) report('media', 'is missing: an MMS has at least one image')
    if (type !== undefined && type !== 'mms' && media !== undefined)
      report('media', `is not possible with an ${type.toUpperCase()}`)
    if (type !== 'sms') return
    const length = eucKrLength(text)
    const bytes = 'bytes' in length ? length.bytes : 0
    if (bytes > smsBytes) report('text', `takes ${bytes} bytes in EUC-KR, and an SMS holds ${smsBytes}`)
    if (subject !== undefined) report('subject', 'is not possible with an SMS')
  })

export type MessageRequest = z.infer<typeof messageRequest>

/** A message as it travels from the gateway to the worker. */
export const message = z.strictObject({
  id: z.string().regex(messageIdPattern),
  to: z.string().regex(/^\+\d{7,15}$/),
  from: z.string().regex(/^\+\d{7,15}$/),
  type: z.enum(messageTypes),
  text: z.string().min(1).max(4000),
  subject: z.string().max(80).optional(),
  /** Ids of images. */
  media: z.array(z.string().regex(messageIdPattern)).max(mostMedia).optional(),
  ref: z.string().max(64).optional(),
  /** Milliseconds since 1970. */
  sendAt: z.int().nonnegative().optional(),
  expiresAt: z.int().nonnegative().optional(),
  acceptedAt: z.int().nonnegative(),
})

export type Message = z.infer<typeof message>

/** Many messages in one SQS message: SQS bills by the 64 KB, not by the message. */
export const envelope = z.strictObject({
  v: z.literal(1),
  customer: z.string().min(1).max(40),
  environment: z.enum(environments),
  /** The queue it was sent to, so that a redrive into the wrong queue is noticed. */
  route: z.string().min(1).max(80),
  messages: z.array(message).min(1).max(500),
})

export type Envelope = z.infer<typeof envelope>

/** A message type: what was asked for, or the cheapest that holds the text. */
export function messageType(request: MessageRequest): MessageType {
  if (request.type !== undefined) return request.type
  if (request.media !== undefined) return 'mms'
  const length = eucKrLength(request.text)
  return request.subject === undefined && 'bytes' in length && length.bytes <= smsBytes ? 'sms' : 'lms'
}

/** The message that a request asks for. */
export function messageOf(request: MessageRequest, id: string, now: number): Message {
  const sendAt = request.sendAt === undefined ? undefined : Date.parse(request.sendAt)
  return {
    id,
    to: request.to,
    from: request.from,
    type: messageType(request),
    text: request.text,
    acceptedAt: now,
    ...(request.subject !== undefined && { subject: request.subject }),
    ...(request.media !== undefined && { media: request.media }),
    ...(request.ref !== undefined && { ref: request.ref }),
    ...(sendAt !== undefined && { sendAt }),
    ...(request.ttl !== undefined && { expiresAt: (sendAt ?? now) + request.ttl * 1000 }),
  }
}

/** Why a message cannot be sent when it asks to be, if so. Kept apart from the schema because it needs a clock. */
export function sendAtError(request: MessageRequest, now: number): string | undefined {
  if (request.sendAt === undefined) return undefined
  return Date.parse(request.sendAt) > now + furthestSendAt ? 'is more than 30 days ahead' : undefined
}
