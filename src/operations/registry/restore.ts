import { randomId } from '../../domain/ids.ts'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { type CopyableStore, Digest, differing, type Entry, keptUntil } from '../../registry/index.ts'
import { type BackupSummary, checkBackup, notEmpty, readBackup } from './backup.ts'
import { freezeOf, markOf, putMark } from './mark.ts'

/** What expires sooner than this is restored and not compared. */
const lastingMs = 10 * 60_000

/** What has not expired by now. */
function lasting(entries: readonly Entry[], now: number): Entry[] {
  const kept = entries.filter((entry) => (keptUntil(entry) ?? Number.POSITIVE_INFINITY) > now)
  return kept.map((entry) =>
    entry.kind === 'books' ? { ...entry, runs: entry.runs.filter(({ expiresAt }) => expiresAt > now) } : entry,
  )
}

/** Whether it is empty, or an unfinished restore of this very backup. @throws Problem `registry-not-empty` */
async function checkTarget(target: CopyableStore, path: string, name: string): Promise<void> {
  const mark = await markOf(target)
  if (mark === undefined && (await target.isEmpty())) return
  if (mark?.source === name && mark.state === 'copying') return
  throw notEmpty(target.address, path)
}

/**
 * Fills an empty registry from a backup: checks the whole file first, refuses calls at the target until everything is there, and
 * compares. After an interruption, the same command begins again.
 *
 * @param open reads the lines of the backup from the start, without their line ends
 * @throws Problem `backup-invalid`, `registry-not-empty`, `copy-incomplete`
 */
export async function restoreRegistry(
  path: string,
  open: () => AsyncIterable<string>,
  target: CopyableStore,
): Promise<BackupSummary> {
  const summary = await checkBackup(path, open())
  const name = `backup:${summary.sha256}`
  await checkTarget(target, path, name)
  const now = await target.now()
  const freeze = (await freezeOf(target)) ?? { id: randomId(), level: 'all' as const, to: target.address, since: now }
  await target.noteFreeze(freeze)
  await target.clear()
  await putMark(target, 'copying', name, freeze.id)
  const expected = new Digest(now + lastingMs)
  for await (const entries of readBackup(path, open())) {
    const some = lasting(entries, now)
    await target.write(some)
    expected.add(some)
  }
  const found = new Digest(now + lastingMs)
  for await (const entries of target.entries()) found.add(entries)
  const differences = differing(expected.tallies(), found.tallies())
  if (differences.length > 0) {
    throw new Problem(
      'copy-incomplete',
      `${target.address} differs from ${path} in: ${differences.join(', ')}. It refuses calls.`,
      {
        next: apigw('registry restore', path, '--to', target.address),
      },
    )
  }
  await putMark(target, 'complete', name, freeze.id)
  await target.thaw()
  return summary
}
