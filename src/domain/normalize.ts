import { type Charset, eucKrLength } from './euc-kr.ts'

/**
 * Customary replacements for characters that neither charset holds. Each means and looks the same to a reader. The
 * currency signs become the full-width ones of KS X 1001: a backslash shows as ₩ only in some fonts.
 */
const replacements: readonly (readonly [characters: string, replacement: string])[] = [
  // Spaces: no-break, of various widths, and the one of Ogham.
  ['\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f', ' '],
  // Line and paragraph breaks, as word processors have them.
  ['\u000b\u000c\u0085\u2028\u2029', '\n'],
  // Hyphens, dashes and the minus sign.
  ['\u2010\u2011\u2012\u2013\u2014\u2043\u2212\ufe58\ufe63', '-'],
  ['\u2018\u2019\u201a\u201b\u02bc', "'"],
  ['\u201c\u201d\u201e\u201f', '"'],
  ['\u02dc', '~'],
  ['\u301c', '\uff5e'],
  ['\u2022\u2027\u2219\u30fb\u22c5', '\u00b7'],
  ['\u22ef', '\u2026'],
  ['\u20a9', '\uffe6'],
  ['\u00a2', '\uffe0'],
  ['\u00a3', '\uffe1'],
  ['\u00a5', '\uffe5'],
  ['\u00b5', '\u03bc'],
  ['\u00c5', '\u212b'],
  // Invisible: zero-width characters, joiners, marks of direction, variation selectors, the byte order mark.
  ['\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064', ''],
  ['\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff', ''],
]
/**
 * The number of this table. A replay shows the text that the first run sent, so increase it with every change of the table: a
 * call that was decided by another table is recognised.
 */
export const tableVersion = 1
const replacementOf = new Map(replacements.flatMap(([characters, to]) => [...characters].map((from) => [from, to] as const)))

/** A text as a charset holds it, or the first character of the given text that it cannot hold and its position. */
export type Normalized = { readonly text: string } | { readonly character: string; readonly position: number }

/**
 * One syllable of separate jamo (NFD, as macOS has file names), or one character. Only jamo that form a syllable of
 * today are taken together, so each part is short and the whole is linear.
 */
const parts = /[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[\uac00-\ud7a3][\u11a8-\u11c2]|./gsu

function holds(text: string, charset: Charset): boolean {
  return 'bytes' in eucKrLength(text, charset)
}

/**
 * Folds what a charset cannot hold: jamo into syllables, and characters for which there is a customary replacement. What
 * the charset holds is never changed.
 * @returns `position` counts characters (code points) of the given text from 0
 */
export function normalized(text: string, charset: Charset): Normalized {
  if (holds(text, charset)) return { text }
  let folded = ''
  let position = 0
  for (const [part] of text.matchAll(parts)) {
    const whole = part.normalize('NFC')
    const kept = holds(part, charset) ? part : (replacementOf.get(part) ?? whole)
    const length = eucKrLength(kept, charset)
    if ('character' in length) {
      // A syllable is refused where it begins. What did not become one is refused where it stands.
      return { character: length.character, position: position + (kept === part ? length.position : 0) }
    }
    folded += kept
    position += [...part].length
  }
  return { text: folded }
}

/** A text with the customary separators only: what is pasted into a number looks like a space or a hyphen, and is none. */
export function withPlainSeparators(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, (character) => {
    const plain = replacementOf.get(character)
    return plain === '' || plain === ' ' || plain === '-' ? plain : character
  })
}
