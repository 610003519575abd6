import * as z from 'zod'
import { adFaults, markOf } from './advertising.ts'
import { type Charset, charsets, eucKrLength } from './euc-kr.ts'
import { messageIdPattern } from './ids.ts'
import { customerIdPattern, environments } from './names.ts'
import { normalized, tableVersion } from './normalize.ts'
import { phoneNumber } from './phone.ts'
import { type AdNightRule, adNightRules, homePrefix } from './sending.ts'
import { variables } from './template.ts'

/** Bytes in EUC-KR that a carrier takes. */
const smsBytes = 90
const lmsBytes = 2000
const subjectBytes = 40
/** Images of a message. */
export const maxMedia = 3
/** UTF-16 code units of a text or a subject, as given. Separate jamo take three for a syllable. */
const maxCharacters = 4000
const maxRef = 64
export const refPattern = /^[\x21-\x7e]{1,64}$/

export const messageTypes = ['sms', 'lms', 'mms'] as const
/** `sms`: up to 90 bytes. `lms`: up to 2,000, with a subject. `mms`: the same with images. */
export type MessageType = (typeof messageTypes)[number]

/** What a message is for. `ad`: advertising, which Korean law binds to a form, to hours and to consent. */
export const purposes = ['normal', 'auth', 'ad'] as const
export type Purpose = (typeof purposes)[number]

/** A message is not worth sending after three days. */
const maxTtl = 259_200
/** How far ahead a message may be sent, in milliseconds. */
export const maxSendAt = 30 * 86_400_000
/** How late a `sendAt` may be, in milliseconds: clocks differ, and a call may wait in its sender or be repeated. */
const latestSendAt = 15 * 60_000

/** Why a text is not the number that it should be. */
function phoneFault(text: string, role: 'recipient' | 'sender'): string {
  if (role === 'recipient' && phoneNumber(text, 'sender') !== undefined) return 'is a number that receives no messages'
  if (role === 'sender' && phoneNumber(text, 'recipient') !== undefined) {
    return 'cannot be a sender: carriers refuse 050 numbers, and 15xx, 16xx and 18xx numbers behind an area code'
  }
  return 'is not a telephone number: use E.164 (+821012345678) or a Korean number (010-1234-5678)'
}

function phone(role: 'recipient' | 'sender') {
  return z
    .string()
    .max(32)
    .transform((text, context) => {
      const number = phoneNumber(text, role)
      if (number !== undefined) return number
      context.addIssue({ code: 'custom', message: phoneFault(text, role) })
      return z.NEVER
    })
}

/** A text as it was given and as it will be sent. */
interface Fitted {
  readonly given: string
  readonly sent: string
}

const charsetName: Readonly<Record<Charset, string>> = { 'euc-kr': 'EUC-KR', cp949: 'CP949' }

function unheld({ character, position }: { character: string; position: number }, charset: Charset): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `has the character U+${code} at position ${position}, which ${charsetName[charset]} cannot hold`
}

/** A text in the form that will be sent; `most` bytes of the charset hold it. */
function fitted(charset: Charset, most: number) {
  return (
    z
      .string()
      // A text that is not transformed must end the check: what follows reads its parts.
      .min(1, { abort: true })
      .max(maxCharacters, { abort: true })
      .transform((given, context): Fitted => {
        const refuse = (message: string): Fitted => {
          context.addIssue({ code: 'custom', message })
          return z.NEVER
        }
        const fold = normalized(given, charset)
        if ('character' in fold) return refuse(unheld(fold, charset))
        if (fold.text === '') return refuse('has nothing but invisible characters')
        const bytes = bytesOf(fold.text, charset)
        return bytes > most
          ? refuse(`takes ${bytes} bytes in ${charsetName[charset]}, and ${most} are allowed`)
          : { given, sent: fold.text }
      })
  )
}

/** What a text that the charset holds takes. */
function bytesOf(text: string, charset: Charset): number {
  const length = eucKrLength(text, charset)
  return 'bytes' in length ? length.bytes : 0
}

function requestFields(charset: Charset) {
  const name = charsetName[charset]
  return z.strictObject({
    to: phone('recipient').meta({ description: 'Recipient, in E.164 or as a Korean number', example: '010-1234-5678' }),
    from: phone('sender').meta({ description: 'Sender, in E.164 or as a Korean number', example: '1588-1234' }),
    text: fitted(charset, lmsBytes).meta({ description: `SMS: up to 90 bytes in ${name}, LMS: up to 2,000`, example: 'Hello' }),
    type: z.enum(messageTypes).optional().meta({ description: 'Chosen by media and the length of the text if left out' }),
    subject: fitted(charset, subjectBytes)
      .optional()
      .meta({ description: `LMS and MMS only, up to 40 bytes in ${name}` }),
    normalize: z
      .boolean()
      .optional()
      .meta({
        description: `Replace characters that ${name} does not hold where there is a customary replacement. Default: true`,
      }),
    media: z
      .array(z.string().regex(messageIdPattern, 'is not the id of an image: POST it to /v1.0/media first'))
      .min(1)
      .max(maxMedia)
      .optional()
      .meta({ description: 'MMS only: ids of one to three images, as POST /v1.0/media gave them' }),
    ref: z
      .string()
      .min(1)
      .max(maxRef)
      .regex(/^[\x21-\x7e]+$/, 'has a character other than visible ASCII')
      .optional()
      .meta({ description: 'Your own name for the message; comes back with its report' }),
    key: z
      .string()
      .regex(/^[\x21-\x7e]{1,64}$/, 'has to be 1 to 64 visible ASCII characters')
      .optional()
      .meta({
        description:
          'Your key for the message. The same key with the same content is sent once, whichever call carries it. Either all messages of a call have one, or none',
      }),
    sendAt: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'RFC 3339; at most 30 days ahead. Up to 15 minutes ago means now' }),
    ttl: z.int().min(1).max(maxTtl).optional().meta({ description: 'Seconds after which it is not sent any more' }),
    purpose: z.enum(purposes).optional().meta({
      description: `What it is for. "ad": an advertisement, which begins with "(광고)" and the name of its sender, ends with a free number for refusals, and to Korea is not sent from 21:00 to 08:00. Left out: "ad" where the text begins as an advertisement, else "normal"`,
    }),
  })
}

/** What a message of a call may have, for the description of the API: its variables are in place before it is read. */
export function describedRequestIn(charset: Charset) {
  return requestFields(charset)
    .extend({
      variables: variables.optional().meta({
        description:
          'Values for {{name}} in text and subject. Each is used, and each {{name}} has one. Left out: braces are sent as they are',
        example: { name: '홍길동' },
      }),
    })
    .meta({ title: 'MessageRequest' })
}

/** The given texts that the charset does not hold, and why. */
function unheldIn(texts: Readonly<Record<string, Fitted | undefined>>, charset: Charset): [string, string][] {
  return Object.entries(texts).flatMap(([path, text]): [string, string][] => {
    const length = text === undefined ? undefined : eucKrLength(text.given, charset)
    return length !== undefined && 'character' in length ? [[path, unheld(length, charset)]] : []
  })
}

/** A text that begins as an advertisement is one, unless its customer says otherwise, which is refused. */
function purposeOf(text: Fitted): Purpose | undefined {
  return markOf(text.sent) === undefined ? undefined : 'ad'
}

interface Purposed {
  readonly to: string
  readonly text: Fitted
  readonly subject?: Fitted | undefined
  readonly purpose?: Purpose | undefined
}

/** What is wrong with a message for what it is for. The form of advertisements is that of Korean law, for recipients there. */
function purposeFaults({ to, text, subject, purpose = purposeOf(text) }: Purposed): readonly { field: string; detail: string }[] {
  if (purpose === 'ad') return to.startsWith(homePrefix) ? adFaults({ text: text.sent, subject: subject?.sent }) : []
  const mark = markOf(text.sent)
  if (purpose === undefined || mark === undefined) return []
  return [{ field: 'purpose', detail: `is "${purpose}", and the text begins as an advertisement: "${mark.trim()}"` }]
}

/** The schema of a request over one charset: what is normalized and how bytes are counted depends on it. */
function requestSchema(charset: Charset) {
  return requestFields(charset)
    .check((context) => {
      const { text, type, subject, media, normalize } = context.value
      const report = (path: string, message: string) =>
        context.issues.push({ code: 'custom', input: context.value, path: [path], message })
      if (normalize === false) {
        for (const [path, why] of unheldIn({ text, subject }, charset)) report(path, why)
      }
      for (const { field, detail } of purposeFaults(context.value)) report(field, detail)
      if (type === 'mms' && media === undefined) report('media', 'is missing: an MMS has at least one image')
      if (type !== undefined && type !== 'mms' && media !== undefined)
        report('media', `is not possible with an ${type.toUpperCase()}`)
      if (type !== 'sms') return
      const bytes = bytesOf(text.sent, charset)
      if (bytes > smsBytes) report('text', `takes ${bytes} bytes in ${charsetName[charset]}, and an SMS holds ${smsBytes}`)
      if (subject !== undefined) report('subject', 'is not possible with an SMS')
    })
    .transform(({ text, subject, normalize: _normalize, purpose = purposeOf(text), ...rest }) => ({
      ...rest,
      ...(purpose !== undefined && { purpose }),
      text: text.sent,
      ...(subject !== undefined && { subject: subject.sent }),
      ...changedOf(text, subject),
    }))
}

/** The texts that are changed before sending. */
function changedOf(text: Fitted, subject: Fitted | undefined): { normalized?: NormalizedTexts } {
  const changed: NormalizedTexts = {
    ...(text.sent !== text.given && { text: text.sent }),
    ...(subject !== undefined && subject.sent !== subject.given && { subject: subject.sent }),
  }
  return Object.keys(changed).length === 0 ? {} : { normalized: changed }
}

/** What is sent instead of what was given, as an answer shows it. */
export const normalizedTexts = z
  .object({ text: z.string().exactOptional(), subject: z.string().exactOptional() })
  .meta({ title: 'NormalizedTexts', description: 'What is sent instead of what you gave, where the two differ' })
export type NormalizedTexts = z.infer<typeof normalizedTexts>

const requestSchemas = { 'euc-kr': requestSchema('euc-kr'), cp949: requestSchema('cp949') }

/** What a caller may ask to be sent where the carriers' tables hold this charset. */
export function messageRequestIn(charset: Charset): typeof messageRequest {
  return requestSchemas[charset]
}

/** Names what decides in which form a text is sent: the charset and the table of replacements. */
export function textRules(charset: Charset): string {
  return `${charset}/${tableVersion}`
}

/** The charset that rules are over; `undefined`: they are those of another version, and cannot be applied here. */
export function charsetOfRules(rules: string): Charset | undefined {
  return charsets.find((charset) => textRules(charset) === rules)
}

/** What a caller may ask to be sent. */
export const messageRequest = requestSchemas['euc-kr']

export type MessageRequest = z.infer<typeof messageRequest>

/**
 * A message as it travels from the gateway to the worker: whatever `messageOf` makes of a request. A field that this
 * version does not know is left out, so that a gateway that is newer than the worker loses no message.
 */
export const message = z.object({
  id: z.string().regex(messageIdPattern),
  // A 0 behind +82 is dialled abroad: such a number is never made, and must not be sent.
  to: z.string().regex(/^\+(?!820)[1-9]\d{6,14}$/),
  from: z.string().regex(/^\+(?!820)[1-9]\d{6,14}$/),
  type: z.enum(messageTypes),
  text: z.string().min(1).max(maxCharacters),
  subject: z.string().max(maxCharacters).optional(),
  /** Ids of images. */
  media: z.array(z.string().regex(messageIdPattern)).max(maxMedia).optional(),
  ref: z.string().max(maxRef).optional(),
  /** Milliseconds since 1970; never before `acceptedAt`. */
  sendAt: z.int().nonnegative().optional(),
  expiresAt: z.int().nonnegative().optional(),
  acceptedAt: z.int().nonnegative(),
  /** What it is for; absent: `normal`. */
  purpose: z.enum(purposes).optional(),
  /** Of an advertisement: what happens to it at night, as its customer had chosen when it was accepted. */
  adNight: z.enum(adNightRules).optional(),
  /** Units that were taken for it; absent: 1. */
  units: z.int().min(1).optional(),
  /** The code by which carriers identify who sends. */
  originCode: z.string().max(20).optional(),
  /** Keyed hash of the recipient, by which the ledger finds the message. */
  recipientHash: z.string().max(43).optional(),
})

export type Message = z.infer<typeof message>

/**
 * What is around the messages of an envelope. A version that reads messages differently changes `v`; other additions do
 * not, and are left out here.
 */
const frame = {
  v: z.literal(1),
  customer: z.string().regex(customerIdPattern),
  environment: z.enum(environments),
  /** The queue it was sent to, so that a redrive into the wrong queue is noticed. */
  route: z.string().min(1).max(80),
}

/** An envelope whose messages have not been read: each is read by itself, so that one cannot spoil the others. */
export const sealedEnvelope = z.object({ ...frame, messages: z.array(z.unknown()).min(1) })

/** Many messages in one SQS message: SQS bills by the 64 KB, not by the message. */
export const envelope = z.object({ ...frame, messages: z.array(message).min(1).max(500) })

export type Envelope = z.infer<typeof envelope>

/** A message type: what was asked for, or the cheapest that holds the text. */
export function messageType(request: MessageRequest): MessageType {
  if (request.type !== undefined) return request.type
  if (request.media !== undefined) return 'mms'
  // A text that was accepted takes the same bytes in either charset: CP949 holds more characters, and none in more bytes.
  return request.subject === undefined && bytesOf(request.text, 'cp949') <= smsBytes ? 'sms' : 'lms'
}

/** What was decided about a message when its call was planned. */
export interface Planned {
  /** Units that are taken for it; absent: 1. */
  readonly units?: number
  /** Of an advertisement that would be sent at night: when it is sent. Milliseconds since 1970. */
  readonly heldUntil?: number
  readonly adNight?: AdNightRule
  readonly originCode?: string
  readonly recipientHash?: string
}

/**
 * The message that a request asks for. One for a moment that has passed is sent at once, and its `ttl` counts from when it is sent.
 * @param now milliseconds since 1970
 */
export function messageOf(request: MessageRequest, id: string, now: number, planned: Planned = {}): Message {
  const { units, heldUntil, adNight, originCode, recipientHash } = planned
  const asked = heldUntil ?? (request.sendAt === undefined ? undefined : Date.parse(request.sendAt))
  const sendAt = asked === undefined ? undefined : Math.max(now, asked)
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
    ...(request.purpose !== undefined && { purpose: request.purpose }),
    ...(adNight !== undefined && { adNight }),
    ...(units !== undefined && units !== 1 && { units }),
    ...(originCode !== undefined && { originCode }),
    ...(recipientHash !== undefined && { recipientHash }),
  }
}

/**
 * Why a message cannot be sent when it asks to be, if so. Kept apart from the schema because it needs a clock. A message
 * for yesterday evening must not go out at night: what is more than 15 minutes late is refused.
 */
export function sendAtError(request: MessageRequest, now: number): string | undefined {
  if (request.sendAt === undefined) return undefined
  const sendAt = Date.parse(request.sendAt)
  if (sendAt < now - latestSendAt) return 'is more than 15 minutes ago: leave it out to send now'
  return sendAt > now + maxSendAt ? 'is more than 30 days ahead' : undefined
}
