/** ITU-T E.164: a plus sign and at most 15 digits. */
const international = /^\+[1-9]\d{6,14}$/
/** Korean national numbers: a trunk 0, then area or service code and subscriber number (9 to 12 digits in all). */
const korean = /^0[1-9]\d{7,10}$/
/** Korean representative numbers (1588-1234): they have no trunk 0 and can only be a sender. */
const representative = /^1[568]\d{6}$/

/**
 * Reads a telephone number as people write it, with hyphens, spaces or neither.
 * @returns the number in E.164, or `undefined` if it is none
 */
export function phoneNumber(text: string, role: 'recipient' | 'sender'): string | undefined {
  const digits = text.replaceAll(/[- ]/g, '')
  if (international.test(digits)) return digits
  if (korean.test(digits)) return `+82${digits.slice(1)}`
  return role === 'sender' && representative.test(digits) ? `+82${digits}` : undefined
}
