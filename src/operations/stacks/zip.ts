import { strToU8, zipSync } from 'fflate'

// Made of its local parts, as fflate reads it: the same bytes in every time zone. The format begins in 1980.
const always = new Date(1980, 0, 1)
const unix = 3
/** A file that all may read: Lambda runs as a user of its own. */
const readable = 0o100_644 << 16

/**
 * Packs files by their path. The same files give the same bytes, whenever and wherever, so that a hash of the archive
 * is one of its content.
 */
export function zip(files: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const sorted = Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1))
  const entries = sorted.map(([path, content]) => [path, typeof content === 'string' ? strToU8(content) : content] as const)
  return zipSync(Object.fromEntries(entries), { mtime: always, os: unix, attrs: readable, level: 9 })
}
