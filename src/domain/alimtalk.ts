import * as z from 'zod'
import { markOf } from './advertising.ts'
import type { Charset } from './euc-kr.ts'
import {
  bytesOf,
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

/**
 * 알림톡: a message to the recipient's KakaoTalk, in a form that Kakao approved beforehand. Kakao compares the text with the template,
 * so nothing in it is ever replaced.
 */

/** Characters of a text, in any language (https://www.infobip.com/docs/kakaotalk/message-types/alim-talk). Counted in UTF-16. */
const maxText = 1_000
const maxButtons = 5
const maxButtonName = 14
const maxLink = 500
/**
 * A sender key has 40 characters, the name of a channel up to 30
 * (https://docs.nhncloud.com/ko/Notification/KakaoTalk%20Bizmessage/ko/alimtalk-api-guide-v2.1/).
 */
const profilePattern = /^(?=.{1,40}$)@?[\p{L}\p{N}][\p{L}\p{N}_.-]*$/u
/** The narrowest column of a carrier's table for it has 50 characters. */
const templatePattern = /^[\x21-\x7e]{1,50}$/
/** What no telephone shows, and no table of UTF-8 holds. */
const unshown = /[^\P{Cc}\t\n\r]|\p{Cs}/u

/** What a message is delivered as where KakaoTalk does not reach its recipient. */
export const fallbackTypes = ['sms', 'lms'] as const
export type FallbackType = (typeof fallbackTypes)[number]

/**
 * `WL`: a web page. `AL`: an application. `DS`: tracking of a parcel. `BK`, `MD`: text for a bot, which Kakao sends. `AC`: adds the
 * channel.
 */
export const buttonTypes = ['WL', 'AL', 'DS', 'BK', 'MD', 'AC'] as const

/** Whether a text can be the sender key or the name of a Kakao channel. */
export function isProfile(text: string): boolean {
  return profilePattern.test(text)
}

function shown(most: number) {
  return z
    .string()
    .min(1)
    .check(({ value, issues }) => {
      const refuse = (message: string) => void issues.push({ code: 'custom', input: value, message })
      if (value.length > most) refuse(`has ${value.length} characters, and ${most} are allowed`)
      const found = unshown.exec(value)
      if (found !== null) refuse(`has a character at position ${[...value.slice(0, found.index)].length} that cannot be shown`)
    })
}

// Without characters beyond U+FFFF, each of which takes twelve bytes in an envelope of 60 KB.
const link = shown(maxLink).regex(
  /^[A-Za-z][A-Za-z0-9+.-]*:[^\s\ud800-\udfff]+$/,
  'is not a link such as https://example.com/orders/1',
)
// Kakao takes web pages only: no other scheme may run on the recipient's telephone by a button that looks like one.
const webLink = shown(maxLink).regex(
  /^https?:\/\/[^\s\ud800-\udfff]+$/i,
  'is not a link to a web page such as https://example.com/orders/1',
)
const links = ['linkMobile', 'linkPc', 'schemeIos', 'schemeAndroid'] as const

const button = z
  .strictObject({
    type: z.enum(buttonTypes),
    name: shown(maxButtonName),
    linkMobile: webLink.exactOptional(),
    linkPc: webLink.exactOptional(),
    schemeIos: link.exactOptional(),
    schemeAndroid: link.exactOptional(),
  })
  .meta({ title: 'ButtonRequest' })
export type Button = z.infer<typeof button>

const profile = z.string().normalize('NFC').regex(profilePattern, 'is neither the sender key nor the name of a Kakao channel')
const template = z.string().regex(templatePattern, 'has to be 1 to 50 visible ASCII characters')

/** The fields that only an alimtalk has. */
export function alimtalkFields(charset: Charset) {
  const name = charsetName[charset]
  return {
    profile: profile.meta({
      description: 'Alimtalk only: the sender key of your Kakao channel, or its name. Your provider registers it for you',
      example: '@가나다몰',
    }),
    template: template.meta({ description: 'Alimtalk only: the code of the template that Kakao approved', example: 'ORDER_1' }),
    buttons: z
      .array(button)
      .min(1)
      .max(maxButtons)
      .optional()
      .meta({ description: `Alimtalk only: the buttons of the template, up to ${maxButtons}` }),
    fallback: z
      .strictObject({
        type: z.enum(fallbackTypes).optional().meta({ description: 'Chosen by the length of the text if left out' }),
        from: phone('sender').optional().meta({ description: 'Sender. Left out: the from of the message' }),
        text: fitted(charset, lmsBytes).meta({ description: `SMS: up to 90 bytes in ${name}, LMS: up to 2,000` }),
        subject: fitted(charset, subjectBytes)
          .optional()
          .meta({ description: `LMS only, up to 40 bytes in ${name}` }),
      })
      .meta({ title: 'FallbackRequest' })
      .optional()
      .meta({ description: 'Alimtalk only: the SMS or LMS that is sent where KakaoTalk does not reach the recipient' }),
  }
}

/** The text of an alimtalk: as it is given, in any script. */
export const alimtalkText = shown(maxText)

/** A fallback as it is given. */
export interface GivenFallback {
  readonly type?: FallbackType | undefined
  readonly from?: string | undefined
  readonly text: Fitted
  readonly subject?: Fitted | undefined
}

interface Given {
  readonly text: string
  readonly from?: string | undefined
  readonly purpose?: string | undefined
  readonly buttons?: readonly Button[] | undefined
  readonly fallback?: GivenFallback | undefined
  readonly normalize?: boolean | undefined
}

interface Fault {
  readonly path: (string | number)[]
  readonly message: string
}

const noAd = 'and an alimtalk informs: advertising is refused by Kakao'

function buttonFaults(buttons: readonly Button[]): Fault[] {
  return buttons.flatMap((one, at): Fault[] => {
    const { type } = one
    const given = links.filter((name) => one[name] !== undefined)
    const fault = (name: string, message: string): Fault => ({ path: ['buttons', at, name], message })
    if (type === 'WL') return one.linkMobile === undefined ? [fault('linkMobile', 'is missing: a button WL has one')] : []
    if (type !== 'AL') return given.map((name) => fault(name, `is not possible with a button ${type}`))
    const ways = given.filter((name) => name !== 'linkPc')
    const lacking = 'has fewer than two of linkMobile, schemeIos and schemeAndroid, which a button AL needs'
    return ways.length < 2 ? [{ path: ['buttons', at], message: lacking }] : []
  })
}

function fallbackFaults({ from, fallback, normalize }: Given, charset: Charset): Fault[] {
  if (fallback === undefined) return []
  const { type, text, subject } = fallback
  const at = (field: string, message: string): Fault => ({ path: ['fallback', field], message })
  const texts = [
    [['fallback', 'text'], text],
    [['fallback', 'subject'], subject],
  ] as const satisfies [string[], Fitted | undefined][]
  const faults = normalize === false ? unheldIn(texts, charset).map(({ path, why }): Fault => ({ path, message: why })) : []
  if (fallback.from === undefined && from === undefined) {
    faults.push(at('from', 'is missing: an SMS or LMS has a sender, here or in the from of the message'))
  }
  for (const [path, one] of texts) {
    const mark = one === undefined ? undefined : markOf(one.sent)
    if (mark !== undefined) faults.push({ path, message: `begins as an advertisement: "${mark.trim()}", ${noAd}` })
  }
  if (type !== 'sms') return faults
  const bytes = bytesOf(text.sent, charset)
  if (bytes > smsBytes) faults.push(at('text', `takes ${bytes} bytes in ${charsetName[charset]}, and an SMS holds ${smsBytes}`))
  if (subject !== undefined) faults.push(at('subject', 'is not possible with an SMS'))
  return faults
}

/** What is wrong with an alimtalk whose fields are valid by themselves. */
export function alimtalkFaults(given: Given, charset: Charset): Fault[] {
  const { text, purpose, buttons = [] } = given
  const mark = markOf(text)
  return [
    ...(purpose === 'ad' ? [{ path: ['purpose'], message: `is "ad", ${noAd}` }] : []),
    ...(mark === undefined
      ? []
      : [{ path: ['text'], message: `begins as an advertisement: "${mark.trim()}", ${noAd}` } satisfies Fault]),
    ...buttonFaults(buttons),
    ...fallbackFaults(given, charset),
  ]
}

/** The fallback that is sent. A text that was accepted takes the same bytes in either charset. */
export function fallbackOf(given: GivenFallback, from: string): Fallback {
  const { type, text, subject } = given
  const fits = subject === undefined && bytesOf(text.sent, 'cp949') <= smsBytes
  return {
    type: type ?? (fits ? 'sms' : 'lms'),
    from,
    text: text.sent,
    ...(subject !== undefined && { subject: subject.sent }),
  }
}

/** A number in E.164. A 0 behind +82 is dialled abroad. */
export const wireNumber = z.string().regex(/^\+(?!820)[1-9]\d{6,14}$/)

const fallback = z.object({
  type: z.enum(fallbackTypes),
  from: wireNumber,
  text: z.string().min(1).max(maxCharacters),
  subject: z.string().max(maxCharacters).exactOptional(),
})
export type Fallback = z.infer<typeof fallback>

/** What an alimtalk has beside its text, as it travels from the gateway to the worker. */
export const alimtalk = z.object({
  profile,
  template,
  buttons: z.array(z.object(button.shape)).max(maxButtons).exactOptional(),
  fallback: fallback.exactOptional(),
})
export type Alimtalk = z.infer<typeof alimtalk>

/**
 * Buttons in the form that Kakao's own relay takes, and carriers' agents with it:
 * `{"button":[{"name":"주문 보기","type":"WL","url_mobile":"https://example.com"}]}`.
 */
export function buttonsText(buttons: readonly Button[]): string {
  return JSON.stringify({
    button: buttons.map(({ name, type, linkMobile, linkPc, schemeIos, schemeAndroid }) => ({
      name,
      type,
      ...(linkMobile !== undefined && { url_mobile: linkMobile }),
      ...(linkPc !== undefined && { url_pc: linkPc }),
      ...(schemeIos !== undefined && { scheme_ios: schemeIos }),
      ...(schemeAndroid !== undefined && { scheme_android: schemeAndroid }),
    })),
  })
}
