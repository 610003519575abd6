/**
 * EUC-KR is what Korean carriers bill by: a character of KS X 1001 takes two bytes, ASCII one, and anything else
 * cannot be sent. The platform decodes EUC-KR but does not encode it, so the table is made by decoding every pair of
 * bytes. Lead and trail bytes below 0xA1 belong to the Windows extension (UHC), not to EUC-KR (RFC 1557), and phones
 * that lack it show a box: those syllables are refused like an emoji.
 */
function sizesInEucKr(): Uint8Array {
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
  // Pairs that stand for nothing decode to U+FFFD, or to it and the trail byte.
  sizes[0xfffd] = 0
  // Two rows are for private use, and no telephone knows whose.
  sizes.fill(0, 0xe000, 0xf900)
  // Of the control characters only tab and the two of a line break mean anything on a telephone.
  sizes.fill(1, 0x20, 0x7f)
  for (const control of '\t\n\r') sizes[control.charCodeAt(0)] = 1
  return sizes
}

/** How many bytes each UTF-16 code unit takes; 0: EUC-KR cannot hold it. Made when first needed. */
let table: Uint8Array | undefined

/** What a text takes in EUC-KR: its bytes, or the first character that EUC-KR cannot hold and its position. */
export type EucKrLength = { readonly bytes: number } | { readonly character: string; readonly position: number }

/** @returns `position` counts characters (code points) from 0 */
export function eucKrLength(text: string): EucKrLength {
  table ??= sizesInEucKr()
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
