/**
 * The characters that a carrier's table holds. `euc-kr`: KS X 1001 and ASCII (RFC 1557). `cp949`: the same with the 8,822
 * syllables that Microsoft added (UHC, code page 949). In both a character takes one byte (ASCII) or two.
 */
export const charsets = ['euc-kr', 'cp949'] as const
export type Charset = (typeof charsets)[number]

/**
 * How many bytes each character takes. The platform decodes EUC-KR but does not encode it, so the table is made by
 * decoding every pair of bytes. Lead and trail bytes below 0xA1 are Microsoft's; whether the platform decodes them depends
 * on its version (https://encoding.spec.whatwg.org/#euc-kr-decoder does, ICU's EUC-KR does not), so they are left out.
 */
function sizesIn(charset: Charset): Uint8Array {
  const bytes = new Uint8Array(94 * 94 * 2)
  let at = 0
  for (let lead = 0xa1; lead <= 0xfe; lead++) {
    for (let trail = 0xa1; trail <= 0xfe; trail++) {
      bytes[at++] = lead
      bytes[at++] = trail
    }
  }
  const sizes = new Uint8Array(0x1_0000)
  for (const character of new TextDecoder('euc-kr').decode(bytes)) sizes[character.codePointAt(0) ?? 0] = 2
  // What code page 949 adds are the syllables that KS X 1001 lacks: with them it has all 11,172.
  if (charset === 'cp949') sizes.fill(2, 0xac00, 0xd7a4)
  // Pairs that stand for nothing decode to U+FFFD, or to it and the trail byte.
  sizes[0xfffd] = 0
  // Two rows are for private use, and no telephone knows whose.
  sizes.fill(0, 0xe000, 0xf900)
  // Of the control characters only tab and the two of a line break mean anything on a telephone.
  sizes.fill(1, 0x20, 0x7f)
  for (const control of '\t\n\r') sizes[control.charCodeAt(0)] = 1
  return sizes
}

/** How many bytes each UTF-16 code unit takes; 0: the charset cannot hold it. Made when first needed. */
const tables: Partial<Record<Charset, Uint8Array>> = {}

function tableOf(charset: Charset): Uint8Array {
  tables[charset] ??= sizesIn(charset)
  return tables[charset]
}

/** What a text takes: its bytes, or the first character that the charset cannot hold and its position. */
export type EucKrLength = { readonly bytes: number } | { readonly character: string; readonly position: number }

/** @returns `position` counts characters (code points) from 0 */
export function eucKrLength(text: string, charset: Charset = 'euc-kr'): EucKrLength {
  const table = tableOf(charset)
  let bytes = 0
  // By code units, in two fifths of the time that whole characters take: up to the first that cannot be held there are no
  // surrogates, so both count the same.
  for (let position = 0; position < text.length; position++) {
    const size = table[text.charCodeAt(position)] ?? 0
    if (size === 0) return { character: String.fromCodePoint(text.codePointAt(position) ?? 0), position }
    bytes += size
  }
  return { bytes }
}
