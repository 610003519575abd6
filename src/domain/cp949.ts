/** What no character stands for. */
const unknown = 0xfffd

/** KS X 1001, pair by pair: a pair that stands for nothing does not shift the others. */
function fillKsX1001(table: Uint16Array): void {
  const decoder = new TextDecoder('euc-kr')
  for (let lead = 0xa1; lead <= 0xfe; lead++) {
    for (let trail = 0xa1; trail <= 0xfe; trail++) {
      const text = decoder.decode(Uint8Array.of(lead, trail))
      const unit = text.length === 1 ? text.charCodeAt(0) : unknown
      if (unit !== unknown) table[lead * 256 + trail] = unit
    }
  }
}

/** The trail bytes of Microsoft's pairs: letters, and what KS X 1001 leaves free. */
function trailsOf(lead: number): number[] {
  const last = lead <= 0xa0 ? 0xfe : 0xa0
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
  return [...range(0x41, 0x5a), ...range(0x61, 0x7a), ...range(0x81, last)]
}

/**
 * The code unit of each pair of bytes; 0: none. The platform's decoder knows KS X 1001 only (ICU's EUC-KR). Microsoft put the 8,822
 * syllables that it lacks into the pairs from 0x8141 on, in the order of Unicode
 * (https://encoding.spec.whatwg.org/index-euc-kr.txt).
 */
function makeTable(): Uint16Array {
  const table = new Uint16Array(0x1_0000)
  fillKsX1001(table)
  const known = new Set(table)
  const syllables = Array.from({ length: 0xd7a4 - 0xac00 }, (_, at) => 0xac00 + at)
  const added = syllables.filter((unit) => !known.has(unit))
  let at = 0
  for (let lead = 0x81; at < added.length; lead++) {
    for (const trail of trailsOf(lead)) table[lead * 256 + trail] = added[at++] ?? 0
  }
  return table
}

let table: Uint16Array | undefined

/** Decodes CP949 (UHC), which includes EUC-KR. A byte outside of a character becomes U+FFFD, and the next is read by itself. */
export function decodeCp949(bytes: Uint8Array): string {
  table ??= makeTable()
  let text = ''
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at] ?? 0
    if (lead < 0x80) {
      text += String.fromCharCode(lead)
      continue
    }
    const unit = table[lead * 256 + (bytes[at + 1] ?? 0)] ?? 0
    if (unit !== 0) at += 1
    text += String.fromCharCode(unit === 0 ? unknown : unit)
  }
  return text
}
