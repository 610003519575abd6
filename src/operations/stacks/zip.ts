import { strToU8, zipSync } from 'fflate'

// fflate writes local time, so a local date gives the same bytes in every time zone. The ZIP format starts in 1980.
const always = new Date(1980, 0, 1)
const unix = 3
/** World-readable, because Lambda runs the code as a different user. */
const readable = 0o100_644 << 16

/**
 * Packs files by their path. The archive is reproducible: the same files give the same bytes, so its hash identifies its
 * content.
 */
export function zip(files: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const sorted = Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1))
  const entries = sorted.map(([path, content]) => [path, typeof content === 'string' ? strToU8(content) : content] as const)
  return zipSync(Object.fromEntries(entries), { mtime: always, os: unix, attrs: readable, level: 9 })
}
