import { constants } from 'node:fs'
import { open, realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { checkedImage } from '../../domain/jpeg.ts'
import { defaultMedia } from '../../domain/route.ts'

/** What a file that a row names is good for. */
export type FileState =
  /** `version` changes with the file. */
  | { readonly kind: 'ready'; readonly version: string; readonly bytes: Uint8Array }
  /** It is not there yet, or is still being written. */
  | { readonly kind: 'waiting'; readonly why: string }
  | { readonly kind: 'failed'; readonly code: 'file-missing' | 'file-refused' | 'media-invalid'; readonly detail: string }

export interface MediaFilesOptions {
  /** A local folder, or one of the network as the operating system shows it. No file outside it is read. */
  readonly root: string
  /**
   * How rows begin the paths of this folder, where that is not its name here: `D:\\mms` or `\\\\nas\\mms`, which this machine sees as
   * `/mnt/mms`. What follows may be separated by either slash.
   */
  readonly writtenAs?: string | undefined
  /** How long a row waits for a file that is missing, or for the end of one that is cut off. In milliseconds. */
  readonly graceMs?: number
  /** A file whose size has not changed for this long is complete. In milliseconds. */
  readonly settleMs?: number
  readonly now?: () => number
}

/** When a file was looked at first, and since when it is as it is now. */
interface Sighting {
  readonly first: number
  readonly version: string
  readonly since: number
  seen: number
}

const defaultGraceMs = 5 * 60_000
const defaultSettleMs = 2_000
/** Files that nothing asks for any more are forgotten. */
const forgetMs = 10 * 60_000
const maxSightings = 10_000
const missing = 'missing'

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The image files that the customer's programs put down beside the table. */
export class MediaFiles {
  readonly #options: Required<Omit<MediaFilesOptions, 'writtenAs'>>
  readonly #writtenAs: string | undefined
  readonly #sightings = new Map<string, Sighting>()

  constructor({ graceMs = defaultGraceMs, settleMs = defaultSettleMs, now = Date.now, root, writtenAs }: MediaFilesOptions) {
    this.#options = { root, graceMs, settleMs, now }
    this.#writtenAs = writtenAs === undefined ? undefined : slashed(writtenAs).replace(/\/+$/, '')
  }

  /** Whether a file can be sent now. @param name from the row: absolute, or below the root */
  async look(name: string): Promise<FileState> {
    const { root, graceMs, settleMs } = this.#options
    if (name.includes('\0') || name.split(/[\\/]/).includes('..')) return refused(`"${name}" has ".." in it`)
    const base = await realpath(root).catch(() => undefined)
    // A share that is not connected must not fail every row.
    if (base === undefined) return { kind: 'waiting', why: `the folder ${root} cannot be read` }
    try {
      const path = await realpath(resolve(base, this.#below(name)))
      if (!isInside(base, path)) return refused(`"${name}" is outside ${root}`)
      const { size, mtimeMs, isFile } = await factsOf(path)
      if (!isFile) return refused(`"${name}" is not a file`)
      const version = `${size}/${mtimeMs}`
      const { age } = this.#see(name, version)
      if (age < settleMs) return { kind: 'waiting', why: `"${name}" may still be written` }
      if (size > defaultMedia.maxBytes) {
        return invalid(`"${name}" has ${size} bytes, and ${defaultMedia.maxBytes} are allowed`)
      }
      const bytes = await read(path)
      const image = checkedImage(bytes, defaultMedia)
      if (!('fault' in image)) return { kind: 'ready', version, bytes }
      const isCutOff = bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.at(-1) !== 0xd9
      if (isCutOff && age < graceMs) return { kind: 'waiting', why: `"${name}" ends in the middle of the image` }
      return invalid(`"${name}" ${image.fault}`)
    } catch (error) {
      // Permission denied, or the share is gone: a person has to act.
      if (!isMissing(error)) return { kind: 'waiting', why: `"${name}" cannot be read: ${wordsOf(error)}` }
      const { total } = this.#see(name, missing)
      return total < graceMs
        ? { kind: 'waiting', why: `"${name}" is not there` }
        : { kind: 'failed', code: 'file-missing', detail: `"${name}" is not there` }
    }
  }

  /** A name without what rows write for the folder. */
  #below(name: string): string {
    const before = this.#writtenAs
    if (before === undefined) return name
    const path = slashed(name)
    // Windows, where such names come from, does not tell capitals from small letters.
    return path.toLowerCase().startsWith(`${before.toLowerCase()}/`) ? path.slice(before.length + 1) : path
  }

  /** @returns for how long the file has been as it is, and for how long it has been looked at, in milliseconds */
  #see(name: string, version: string): { readonly age: number; readonly total: number } {
    const now = this.#options.now()
    const before = this.#sightings.get(name)
    const first = before?.first ?? now
    const since = before?.version === version ? before.since : now
    this.#sightings.set(name, { first, version, since, seen: now })
    if (this.#sightings.size > maxSightings) {
      for (const [other, { seen }] of this.#sightings) if (now - seen > forgetMs) this.#sightings.delete(other)
    }
    return { age: now - since, total: now - first }
  }
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/')
}

function refused(detail: string): FileState {
  return { kind: 'failed', code: 'file-refused', detail }
}

function invalid(detail: string): FileState {
  return { kind: 'failed', code: 'media-invalid', detail }
}

function isInside(base: string, path: string): boolean {
  const way = relative(base, path)
  return way !== '' && !isAbsolute(way) && !/^\.\.(?:[\\/]|$)/.test(way)
}

async function factsOf(path: string): Promise<{ readonly size: number; readonly mtimeMs: number; readonly isFile: boolean }> {
  const found = await stat(path)
  return { size: found.size, mtimeMs: found.mtimeMs, isFile: found.isFile() }
}

/** The bytes of a file, as far as an image may be long. @param path a real path: a link in its place has been put there since */
async function read(path: string): Promise<Uint8Array> {
  // O_NONBLOCK: a pipe would wait for its writer. Windows has neither flag.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const bytes = new Uint8Array(defaultMedia.maxBytes + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length)
    }
  } finally {
    await handle.close()
  }
}
