/**
 * The form that Korean law gives an advertisement: article 50, paragraph 4 of the Network Act (정보통신망법) with annex 6 of its
 * decree, as KISA's guide (불법 스팸 방지를 위한 정보통신망법 안내서) and the notices of the carriers read it. It begins with the mark,
 * then names its sender, and ends with a free telephone number by which the recipient refuses more of them.
 */

/** What an advertisement begins with. KISA's guide calls every other spelling a violation. */
export const adMark = '(광고)'

/** Whatever is neither a letter nor a digit: brackets, quotes, dots, spaces. */
const other = String.raw`[^\p{L}\p{N}]`
/** `[광고]`, `(광 고)`, `( 광고)`, `（광고）`, `(광.고)`, `"광고"`: a mark to a reader, and none to a filter. */
const anyMark = new RegExp(String.raw`^\s*(?=\S)${other}{1,4}광${other}{0,3}고\s{0,2}[^\p{L}\p{N}\s]`, 'u')

/**
 * The mark that a text begins with, as it is spelled there.
 * @returns `undefined`: the text does not begin as an advertisement
 */
export function markOf(text: string): string | undefined {
  return text.startsWith(adMark) ? adMark : anyMark.exec(text)?.[0]
}

/** `무료수신거부 080-123-4567`, `무료거부0801234567`: at the end, and with a number of the free range. */
const refusal =
  /무료\s?(?:수신\s?)?거부(?:\s?(?:전화|번호))?\s{0,2}[:：]?\s{0,2}(080[-\s]?\d{3,4}[-\s]?\d{4})(?!\d)[\s)\]>}.）］]{0,4}$/u
/** A name: `가나다몰`, `[가나다몰]`. A link is none. */
const named = /^\s{0,4}[([<{「『【]?\s?(?!https?:|www\.)[\p{L}\p{N}]/iu

/** A field of an advertisement that has not the form, and why. */
export interface AdFault {
  readonly field: 'text' | 'subject'
  readonly detail: string
}

function markFault(field: AdFault['field'], text: string): AdFault | undefined {
  const mark = markOf(text)
  if (mark === adMark) return undefined
  if (mark !== undefined) return { field, detail: `begins with "${mark.trim()}", and the mark is exactly "${adMark}"` }
  return field === 'subject' ? undefined : { field, detail: `does not begin with "${adMark}", as an advertisement has to` }
}

/**
 * What an advertisement for a recipient in Korea lacks. Whether the name is the right one, whether the free number is answered
 * and whether the recipient consented cannot be seen here.
 * @param text as it will be sent
 */
export function adFaults({ text, subject }: { readonly text: string; readonly subject?: string | undefined }): AdFault[] {
  const marks = [markFault('text', text), subject === undefined ? undefined : markFault('subject', subject)]
  const faults = marks.filter((fault) => fault !== undefined)
  if (!text.startsWith(adMark)) return faults
  const end = refusal.exec(text)
  if (end === null) {
    faults.push({ field: 'text', detail: 'does not end with a free number for refusals, such as "무료수신거부 080-123-4567"' })
  }
  const name = text.slice(adMark.length, end?.index)
  if (!named.test(name)) faults.push({ field: 'text', detail: `does not name its sender behind "${adMark}"` })
  return faults
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Korea is nine hours ahead of UTC, and has not changed its clocks since 1988. */
const offsetMs = 9 * hourMs
const nightFrom = 21 * hourMs
const nightUntil = 8 * hourMs

/**
 * The end of the night in Korea that an instant falls into: from 21:00 to 08:00 an advertisement needs a consent of its own
 * (Network Act, article 50, paragraph 3).
 * @returns milliseconds since 1970; `undefined` by day
 */
export function nightEnd(instant: number): number | undefined {
  const intoDay = (instant + offsetMs) % dayMs
  const midnight = instant - intoDay
  if (intoDay < nightUntil) return midnight + nightUntil
  return intoDay >= nightFrom ? midnight + dayMs + nightUntil : undefined
}
