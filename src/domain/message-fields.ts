import * as z from 'zod'
import { type Charset, eucKrLength } from './euc-kr.ts'
import { normalized } from './normalize.ts'
import { phoneNumber } from './phone.ts'
import { callbackUrl, maxCallback } from './webhook.ts'

/** Bytes in EUC-KR that a carrier takes. */
export const smsBytes = 90
export const lmsBytes = 2000
export const subjectBytes = 40
/** UTF-16 code units of a text or a subject, as given. Separate jamo take three for a syllable. */
export const maxCharacters = 4000

/** Characters of a number, as given. */
export const maxPhone = 32

/** Why a text is not the number that it should be. */
function phoneFault(text: string, role: 'recipient' | 'sender'): string {
  if (role === 'recipient' && phoneNumber(text, 'sender') !== undefined) return 'is a number that receives no messages'
  if (role === 'sender' && phoneNumber(text, 'recipient') !== undefined) {
    return 'cannot be a sender: carriers refuse 050 numbers, and 15xx, 16xx and 18xx numbers behind an area code'
  }
  return 'is not a telephone number: use E.164 (+821012345678) or a Korean number (010-1234-5678)'
}

/** A telephone number, in E.164 after parsing. */
export function phone(role: 'recipient' | 'sender') {
  return z
    .string()
    .max(maxPhone)
    .transform((text, context) => {
      const number = phoneNumber(text, role)
      if (number !== undefined) return number
      context.addIssue({ code: 'custom', message: phoneFault(text, role) })
      return z.NEVER
    })
}

/** Where the events of a message are sent, as a URL in its normal form. */
export const callback = z
  .string()
  .max(maxCallback, { abort: true })
  .transform((text, context) => {
    const read = callbackUrl(text)
    if ('href' in read) return read.href
    context.addIssue({ code: 'custom', message: `cannot be a callback: ${read.why}` })
    return z.NEVER
  })

/** A text as it was given and as it will be sent. */
export interface Fitted {
  readonly given: string
  readonly sent: string
}

export const charsetName: Readonly<Record<Charset, string>> = { 'euc-kr': 'EUC-KR', cp949: 'CP949' }

function unheld({ character, position }: { character: string; position: number }, charset: Charset): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `has the character U+${code} at position ${position}, which ${charsetName[charset]} cannot hold`
}

/** A text in the form that will be sent; `most` bytes of the charset hold it. */
export function fitted(charset: Charset, most: number) {
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
export function bytesOf(text: string, charset: Charset): number {
  const length = eucKrLength(text, charset)
  return 'bytes' in length ? length.bytes : 0
}

/** The given texts that the charset does not hold, by their path, and why. */
export function unheldIn(texts: readonly (readonly [path: string[], text: Fitted | undefined])[], charset: Charset) {
  return texts.flatMap(([path, text]): { readonly path: string[]; readonly why: string }[] => {
    const length = text === undefined ? undefined : eucKrLength(text.given, charset)
    return length !== undefined && 'character' in length ? [{ path, why: unheld(length, charset) }] : []
  })
}

/** A text where it is sent in a form other than the given one. */
export function changedText(text: Fitted | undefined): string | undefined {
  return text === undefined || text.sent === text.given ? undefined : text.sent
}
