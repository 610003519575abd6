import { Problem } from '../../domain/problem.ts'
import type { Ledger, Owner, Suppression } from '../../runtime/ports/index.ts'
import type { BadLine, ReadLine } from './read-csv.ts'

/** Opt-outs that one request to the ledger takes. */
const together = 1_000
/** Bad lines that are kept for the result; all are shown while the file is read. */
const maxKept = 1_000

/** What an import has done so far. */
export interface Imported {
  readonly added: number
  readonly present: number
  readonly invalid: number
  /** The last line that was dealt with. */
  readonly line: number
  /** The first 1,000. */
  readonly badLines: readonly BadLine[]
}

export interface ImportOptions {
  /** Only counts what would be added. */
  readonly dryRun: boolean
  /** Lines before it are skipped. */
  readonly fromLine: number
  readonly signal: AbortSignal
  readonly onBadLine: (line: BadLine) => void
  readonly onProgress: (imported: Imported) => void
}

/**
 * Adds opt-outs as they are read, a thousand at a time. What is there stays as it is, so an import can be repeated, and one that
 * was interrupted continues with the line after the last.
 * @throws Problem `interrupted`; that of the reader or the ledger, with the line up to which everything was added
 */
export async function importSuppressions(
  ledger: Pick<Ledger, 'suppress' | 'suppressed'>,
  owner: Owner,
  lines: AsyncIterable<ReadLine>,
  { dryRun, fromLine, signal, onBadLine, onProgress }: ImportOptions,
): Promise<Imported> {
  let done: Imported = { added: 0, present: 0, invalid: 0, line: fromLine - 1, badLines: [] }
  let batch: Suppression[] = []
  let line = done.line
  let bad: BadLine[] = []
  const flush = async (): Promise<void> => {
    const added = await addedOf(ledger, owner, batch, dryRun)
    done = {
      added: done.added + added,
      present: done.present + batch.length - added,
      invalid: done.invalid + bad.length,
      line,
      badLines: [...done.badLines, ...bad].slice(0, maxKept),
    }
    batch = []
    bad = []
    onProgress(done)
    if (signal.aborted) throw new Problem('interrupted', 'Stopped.')
  }
  try {
    for await (const read of lines) {
      if (read.line < fromLine) continue
      line = read.line
      if ('suppression' in read) batch.push(read.suppression)
      else {
        bad.push(read)
        onBadLine(read)
      }
      if (batch.length + bad.length >= together) await flush()
    }
    await flush()
    return done
  } catch (error) {
    throw continued(error, done, dryRun)
  }
}

/** How many of these opt-outs are new. */
async function addedOf(
  ledger: Pick<Ledger, 'suppress' | 'suppressed'>,
  owner: Owner,
  batch: readonly Suppression[],
  dryRun: boolean,
): Promise<number> {
  if (!dryRun) return (await ledger.suppress(owner, batch)).size
  const numbers = new Set(batch.map(({ number }) => number))
  return numbers.size - (await ledger.suppressed(owner, [...numbers])).size
}

/** A failure with where the import continues. */
function continued(error: unknown, { line, added, present }: Imported, dryRun: boolean): unknown {
  if (!(error instanceof Problem) || dryRun) return error
  const next =
    line > 0 ? `run it again with --from-line ${line + 1}, or from the beginning: what is there stays as it is` : undefined
  return new Problem(error.code, `${error.message} Up to line ${Math.max(line, 0)}: ${added} added, ${present} already there.`, {
    ...(next !== undefined && { next }),
    ...(next === undefined && error.step !== undefined && { next: error.step }),
    cause: error,
  })
}
