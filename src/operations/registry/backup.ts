import { createHash } from 'node:crypto'
import * as z from 'zod'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type CopyableStore, Digest, type Entry, type EntryKind, entryKinds, type Tallies } from '../../registry/index.ts'

/** The form of the entries, as a copy carries them. */
const format = 1

const head = z.looseObject({
  apigw: z.literal('registry-backup'),
  format: z.number(),
  /** Milliseconds since 1970, by the clock of the registry. */
  at: z.number(),
  from: z.string(),
})

const tally = z.looseObject({ count: z.number(), digest: z.string() })
const foot = z.looseObject({ sha256: z.string(), tallies: z.record(z.string(), tally) })

export interface BackupSummary {
  readonly at: number
  readonly from: string
  readonly counts: Readonly<Record<EntryKind, number>>
  /** SHA-256 of the lines before the last one. */
  readonly sha256: string
}

function countsOf(tallies: Tallies): BackupSummary['counts'] {
  return Object.fromEntries(entryKinds.map((kind) => [kind, tallies[kind].count])) as Record<EntryKind, number>
}

/**
 * Everything that a registry keeps, as lines of JSON: a head, an entry on each line, and what the file is checked with. Calls are
 * taken meanwhile; each entry is consistent in itself.
 */
export async function* backupLines(source: CopyableStore): AsyncGenerator<string, BackupSummary> {
  const hash = createHash('sha256')
  const digest = new Digest(0)
  const line = (value: object): string => {
    const text = `${JSON.stringify(value)}\n`
    hash.update(text)
    return text
  }
  const at = await source.now()
  yield line({ apigw: 'registry-backup', format, at, from: source.address })
  for await (const entries of source.entries()) {
    digest.add(entries)
    yield entries.map(line).join('')
  }
  const [tallies, sha256] = [digest.tallies(), hash.digest('hex')]
  yield `${JSON.stringify({ sha256, tallies })}\n`
  return { at, from: source.address, counts: countsOf(tallies), sha256 }
}

function damaged(path: string, why: string): Problem {
  return new Problem('backup-invalid', `${path} is not a whole backup: ${why}. Nothing was changed.`, {
    next: 'use another backup, or fetch this one again',
  })
}

function parsed(path: string, line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw damaged(path, `line ${number} is not JSON`)
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'kind' in value && entryKinds.some((kind) => kind === value.kind)
}

/**
 * The entries of a backup, in pages.
 * @throws Problem `backup-invalid`
 */
export async function* readBackup(path: string, lines: AsyncIterable<string>): AsyncGenerator<readonly Entry[]> {
  let number = 0
  let page: Entry[] = []
  for await (const line of lines) {
    number++
    const value = parsed(path, line, number)
    if (number === 1 || (typeof value === 'object' && value !== null && 'sha256' in value)) continue
    if (!isEntry(value)) throw damaged(path, `line ${number} is of an unknown kind; a later version may read it`)
    page.push(value)
    if (page.length >= 500) {
      yield page
      page = []
    }
  }
  if (page.length > 0) yield page
}

/**
 * Reads a backup to its end and compares it with what it says of itself.
 * @param lines without their line ends
 * @throws Problem `backup-invalid`
 */
export async function checkBackup(path: string, lines: AsyncIterable<string>): Promise<BackupSummary> {
  const hash = createHash('sha256')
  const digest = new Digest(0)
  let first: string | undefined
  let held: string | undefined
  let number = 0
  for await (const line of lines) {
    if (held !== undefined) hash.update(`${held}\n`)
    first ??= line
    held = line
    number++
    const value = parsed(path, line, number)
    if (isEntry(value)) digest.add([value])
  }
  const opened = head.safeParse(first === undefined ? undefined : parsed(path, first, 1))
  if (!opened.success) throw damaged(path, 'it does not begin as one')
  if (opened.data.format !== format) throw damaged(path, `its form is ${opened.data.format}, and this version reads ${format}`)
  const closed = foot.safeParse(held === undefined ? undefined : parsed(path, held, number))
  if (!closed.success) throw damaged(path, 'its end is missing')
  const sha256 = hash.digest('hex')
  if (closed.data.sha256 !== sha256) throw damaged(path, 'it was changed since it was written')
  const [found, noted] = [digest.tallies(), closed.data.tallies]
  const differences = entryKinds.filter((kind) => JSON.stringify(noted[kind]) !== JSON.stringify(found[kind]))
  if (differences.length > 0) throw damaged(path, `its entries differ in ${differences.join(', ')}`)
  return { at: opened.data.at, from: opened.data.from, counts: countsOf(found), sha256 }
}

export function notEmpty(address: string, path: string): Problem {
  return new Problem('registry-not-empty', `${address} already holds a registry. Nothing was changed.`, {
    next: apigw('registry restore', path, '--to', 'ADDRESS'),
  })
}
