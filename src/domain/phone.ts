import { withPlainSeparators } from './normalize.ts'

/** ITU-T E.164: a plus sign and at most 15 digits. */
const international = /^\+[1-9]\d{6,14}$/

/** Personal numbers are forwarded to others, and carriers refuse them as a sender. */
const receiveOnly = /^50[2-8]\d{7,8}$/

/**
 * Korean numbers without the trunk 0: the digits and how many there are, as libphonenumber has them
 * (https://github.com/google/libphonenumber, resources/metadata/82/ranges.csv), but 010 only with the eight digits that it has
 * since 2004. Left out is what receives no message: 012 (machines), 015 (pagers), area codes with three or four digits (031-120).
 * What has other lengths is a slip of the finger, and would be dialled as another number.
 */
const reachable = [
  /^10\d{8}$/, // mobile
  /^1[16-9]\d{7,8}$/, // mobile, of the second generation
  /^2[1-9]\d{6,7}$/, // Seoul
  /^(?:3[1-3]|4[1-4]|5[1-5]|6[1-4])[1-9]\d{6,7}$/, // the provinces
  receiveOnly,
  /^70\d{8}$/, // over the Internet
]
/** Numbers that can be shown as a sender and receive no message. */
const sendOnly = [
  /^30\d{8,9}$/, // unified messaging, 11 or 12 digits with the trunk 0
  /^80\d{7}$/, // toll-free
  /^60[2-9]\d{6}$/, // premium rate
]
/**
 * Korean representative numbers (1588-1234): they have no trunk 0 and can only be a sender. Which of them are given out grows
 * faster than any list, so only the form is checked.
 */
const representative = /^1[568]\d{6}$/
/** A representative number behind an area code, which carriers refuse as a sender. */
const withAreaCode = /^(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4])1[568]\d{6}$/

/** The digits of a number as people write it: with hyphens, spaces, and an area code or a trunk 0 in parentheses. */
function compact(text: string): string {
  return withPlainSeparators(text)
    .replaceAll(/[- ]/g, '')
    .replace(/^(\+82)\(0\)/, '$10')
    .replace(/^(\+\d{1,3})?\((0?[1-9]\d{0,3})\)/, '$1$2')
}

/**
 * What may be a sender follows the rules of the carriers for registered senders (발신번호 세칙, of the Telecommunications Business
 * Act, article 84-2).
 */
function isKorean(digits: string, role: 'recipient' | 'sender'): boolean {
  if (role === 'recipient') return reachable.some((pattern) => pattern.test(digits))
  if (receiveOnly.test(digits) || withAreaCode.test(digits)) return false
  return [...reachable, ...sendOnly].some((pattern) => pattern.test(digits))
}

/**
 * Reads a telephone number as people write it. A Korean number has the length that its prefix demands; the trunk 0 that
 * people leave behind +82 is dropped. A number of another country is taken as it is, and only with its plus sign.
 * @returns the number in E.164, or `undefined` if it is none
 */
export function phoneNumber(text: string, role: 'recipient' | 'sender'): string | undefined {
  const digits = compact(text)
  const korean = /^(?:\+82(?!0)|\+820|0)([1-9]\d*)$/.exec(digits)?.[1]
  if (korean !== undefined && isKorean(korean, role)) return `+82${korean}`
  if (role === 'sender' && representative.test(digits.replace(/^\+82/, ''))) return `+82${digits.replace(/^\+82/, '')}`
  return international.test(digits) && !digits.startsWith('+82') ? digits : undefined
}

/**
 * A number as it is dialled in Korea: 01012345678, 15881234. A number of another country keeps its plus sign, because
 * without it the digits are those of a Korean number or of none (+15881234 is not 1588-1234). So does one that begins
 * with +820, which `phoneNumber` never gives: behind a second 0 it would be dialled abroad.
 */
export function nationalNumber(number: string): string {
  const korean = /^\+82([1-9]\d*)$/.exec(number)?.[1]
  if (korean === undefined) return number
  return representative.test(korean) ? korean : `0${korean}`
}
