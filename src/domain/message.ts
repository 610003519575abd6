import * as z from 'zod'
import { adFaults, markOf } from './advertising.ts'
import { type Alimtalk, alimtalk, alimtalkFaults, alimtalkFields, alimtalkText, fallbackOf, wireNumber } from './alimtalk.ts'
import { type Charset, charsets } from './euc-kr.ts'
import { messageIdPattern } from './ids.ts'
import {
  bytesOf,
  callback,
  changedText,
  charsetName,
  type Fitted,
  fitted,
  lmsBytes,
  maxCharacters,
  phone,
  smsBytes,
  subjectBytes,
  unheldIn,
} from './message-fields.ts'
import { customerIdPattern, environments } from './names.ts'
import { tableVersion } from './normalize.ts'
import { plainRequest } from './plain-request.ts'
import { recordOf } from './record.ts'
import { type AdNightRule, adNightRules, homePrefix } from './sending.ts'
import { variables } from './template.ts'
import { maxCallback } from './webhook.ts'

/** Images of a message. */
export const maxMedia = 3
const maxRef = 64
export const refPattern = /^[\x21-\x7e]{1,64}$/

export const messageTypes = ['sms', 'lms', 'mms', 'alimtalk'] as const
/** `sms`: up to 90 bytes. `lms`: up to 2,000, with a subject. `mms`: the same with images. `alimtalk`: to KakaoTalk. */
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
    callback: callback.optional().meta({
      description: 'Where the events of this message are sent, beside your webhooks. Your provider has to have allowed its host',
      example: 'https://hooks.example.com/sent?order=17',
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

/** The fields that each type of message has. */
function commonFields(charset: Charset) {
  const { to, type, normalize, ref, key, callback: url, sendAt, ttl, purpose } = requestFields(charset).shape
  return { to, type, normalize, ref, key, callback: url, sendAt, ttl, purpose }
}

/** What a message of a call may have, for the description of the API: its variables are in place before it is read. */
export function describedRequestIn(charset: Charset) {
  const { profile, template, buttons, fallback } = alimtalkFields(charset)
  const { from } = requestFields(charset).shape
  const described = requestFields(charset).extend({
    from: from.optional().meta({
      description: 'Sender, in E.164 or as a Korean number. Each message has one, but an alimtalk without a fallback needs none',
      example: '1588-1234',
    }),
    profile: profile.optional(),
    template: template.optional(),
    buttons,
    fallback,
    variables: variables.optional().meta({
      description:
        'Values for {{name}} in text and subject, and in an alimtalk also for #{name}. Each is used, and each {{name}} has one. Left out: braces are sent as they are',
      example: { name: '홍길동' },
    }),
  })
  // JSON Schema, which says what depends on the type in its own way.
  return described.meta({
    title: 'MessageRequest',
    if: { properties: { type: { const: 'alimtalk' } }, required: ['type'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['profile', 'template'] },
    else: { required: ['from'] },
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

/** The schema of a text message over one charset: what is normalized and how bytes are counted depends on it. */
function textSchema(charset: Charset) {
  return requestFields(charset)
    .check((context) => {
      const { text, type, subject, media, normalize } = context.value
      const report = (path: string, message: string) =>
        context.issues.push({ code: 'custom', input: context.value, path: [path], message })
      if (normalize === false) {
        const texts: [string[], Fitted | undefined][] = [
          [['text'], text],
          [['subject'], subject],
        ]
        for (const { path, why } of unheldIn(texts, charset))
          context.issues.push({ code: 'custom', input: text, path, message: why })
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
  const changed = changedTexts(text, subject)
  return changed === undefined ? {} : { normalized: changed }
}

function changedTexts(text: Fitted | undefined, subject: Fitted | undefined) {
  const [newText, newSubject] = [changedText(text), changedText(subject)]
  if (newText === undefined && newSubject === undefined) return undefined
  return { ...(newText !== undefined && { text: newText }), ...(newSubject !== undefined && { subject: newSubject }) }
}

const texts = { text: z.string().exactOptional(), subject: z.string().exactOptional() }
/** What is sent instead of what was given, as an answer shows it. */
export const normalizedTexts = z
  .object({ ...texts, fallback: z.object(texts).meta({ title: 'NormalizedFallback' }).exactOptional() })
  .meta({ title: 'NormalizedTexts', description: 'What is sent instead of what you gave, where the two differ' })
export type NormalizedTexts = z.infer<typeof normalizedTexts>

/** The schema of an alimtalk. The charset is that of its fallback. */
function alimtalkSchema(charset: Charset) {
  return z
    .strictObject({
      ...commonFields(charset),
      type: z.literal('alimtalk'),
      from: phone('sender').optional(),
      text: alimtalkText,
      ...alimtalkFields(charset),
    })
    .check(({ value, issues }) => {
      for (const { path, message } of alimtalkFaults(value, charset)) issues.push({ code: 'custom', input: value, path, message })
    })
    .transform(({ from, profile, template, buttons, fallback, normalize: _normalize, purpose, ...rest }): MessageRequest => {
      const sender = fallback?.from ?? from
      const changed = changedTexts(fallback?.text, fallback?.subject)
      return {
        ...rest,
        ...(purpose !== undefined && { purpose }),
        ...(sender !== undefined && { from: sender }),
        alimtalk: {
          profile,
          template,
          ...(buttons !== undefined && { buttons }),
          ...(fallback !== undefined && sender !== undefined && { fallback: fallbackOf(fallback, sender) }),
        },
        ...(changed !== undefined && { normalized: { fallback: changed } }),
      }
    })
}

type TextRequest = z.infer<ReturnType<typeof textSchema>>
/** What a caller asks to be sent. */
export type MessageRequest = Omit<TextRequest, 'from'> & {
  /** Absent: an alimtalk without a fallback. */
  readonly from?: string
  /** What an alimtalk has, and no other type. */
  readonly alimtalk?: Alimtalk
}

/** Reads what a caller asks to be sent. */
type RequestReader = Pick<z.ZodType<MessageRequest>, 'parse' | 'safeParse'>

function requestReader(charset: Charset): RequestReader {
  const [text, alimtalk] = [textSchema(charset), alimtalkSchema(charset)]
  // Each type has its own fields, and its own faults: which it is has to be clear first.
  const schemaOf = (value: unknown): z.ZodType<MessageRequest> => (recordOf(value).type === 'alimtalk' ? alimtalk : text)
  return {
    parse: (value) => schemaOf(value).parse(value),
    safeParse: (value) => {
      const data = plainRequest(value, charset)
      return data === undefined ? schemaOf(value).safeParse(value) : { success: true, data }
    },
  }
}

const readers = { 'euc-kr': requestReader('euc-kr'), cp949: requestReader('cp949') }

/** What a caller may ask to be sent where the carriers' tables hold this charset. */
export function messageRequestIn(charset: Charset): RequestReader {
  return readers[charset]
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
export const messageRequest = readers['euc-kr']

/**
 * A message as it travels from the gateway to the worker: whatever `messageOf` makes of a request. A field that this
 * version does not know is left out, so that a gateway that is newer than the worker loses no message.
 */
export const message = z
  .object({
    id: z.string().regex(messageIdPattern),
    to: wireNumber,
    /** Absent: an alimtalk without a fallback. */
    from: wireNumber.optional(),
    type: z.enum(messageTypes),
    text: z.string().min(1).max(maxCharacters),
    subject: z.string().max(maxCharacters).optional(),
    /** Ids of images. */
    media: z.array(z.string().regex(messageIdPattern)).max(maxMedia).optional(),
    ref: z.string().max(maxRef).optional(),
    /** Where its events are sent, beside the webhooks of its customer. */
    callback: z.string().max(maxCallback).optional(),
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
    /** Of an alimtalk, and of no other type. */
    alimtalk: alimtalk.optional(),
  })
  .refine(({ type, alimtalk }) => (type === 'alimtalk') === (alimtalk !== undefined), {
    path: ['alimtalk'],
    message: 'belongs to an alimtalk, and to no other type',
  })
  .refine(({ type, from }) => type === 'alimtalk' || from !== undefined, { path: ['from'], message: 'is missing' })

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
    ...(request.from !== undefined && { from: request.from }),
    type: messageType(request),
    text: request.text,
    acceptedAt: now,
    ...(request.subject !== undefined && { subject: request.subject }),
    ...(request.media !== undefined && { media: request.media }),
    ...(request.ref !== undefined && { ref: request.ref }),
    ...(request.callback !== undefined && { callback: request.callback }),
    ...(sendAt !== undefined && { sendAt }),
    ...(request.ttl !== undefined && { expiresAt: (sendAt ?? now) + request.ttl * 1000 }),
    ...(request.purpose !== undefined && { purpose: request.purpose }),
    ...(adNight !== undefined && { adNight }),
    ...(units !== undefined && units !== 1 && { units }),
    ...(originCode !== undefined && { originCode }),
    ...(recipientHash !== undefined && { recipientHash }),
    ...(request.alimtalk !== undefined && { alimtalk: request.alimtalk }),
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
