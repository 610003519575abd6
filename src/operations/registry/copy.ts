import { setTimeout as sleep } from 'node:timers/promises'
import { randomId } from '../../domain/ids.ts'
import { apigw, step } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import {
  type CopyableStore,
  Digest,
  differing,
  type EntryKind,
  entryKinds,
  type Freeze,
  type Tallies,
} from '../../registry/index.ts'
import { freezeOf, idOf, isCopyOf, isSameCopy, markOf, putMark } from './mark.ts'

/** What expires sooner than this after the copy began is copied and not compared. */
const lastingMs = 10 * 60_000

export type CopyStep = 'freezing' | 'clearing' | 'settling' | 'copying' | 'comparing' | 'opening'

export interface CopyProgress {
  readonly step: CopyStep
  /** Entries copied or compared so far. */
  readonly done: number
}

interface CopyOptions {
  /** How long calls in progress are waited for after new ones are refused, in milliseconds. */
  readonly settleMs: number
  readonly progress: (progress: CopyProgress) => void
  readonly signal: AbortSignal
}

export interface Copied {
  /** `unchanged`: the target was a complete copy already. */
  readonly state: 'copied' | 'unchanged'
  readonly from: string
  readonly to: string
  readonly counts: Readonly<Record<EntryKind, number>>
  /** How long calls were refused, in milliseconds: from the freeze until the target took calls. */
  readonly refusedMs: number
}

function countsOf(tallies: Tallies): Readonly<Record<EntryKind, number>> {
  return Object.fromEntries(entryKinds.map((kind) => [kind, tallies[kind].count])) as Record<EntryKind, number>
}

function throwIfStopped(signal: AbortSignal, source: CopyableStore, target: CopyableStore): void {
  if (!signal.aborted) return
  throw new Problem('interrupted', `The copy was interrupted. ${source.address} stays frozen and refuses calls.`, {
    next: step`to finish: ${apigw('registry copy', '--from', source.address, '--to', target.address)}; to go back: ${apigw('registry copy', '--from', source.address, '--to', target.address, '--thaw')}`,
  })
}

/** Counts what a registry keeps, by kind. Changes nothing, and refuses no call. */
export async function countRegistry(source: CopyableStore): Promise<Readonly<Record<EntryKind, number>>> {
  const digest = new Digest(0)
  for await (const entries of source.entries()) digest.add(entries)
  return countsOf(digest.tallies())
}

/** @throws Problem `registry-not-empty`, `copy-incomplete`, `input-invalid` */
async function checkPlaces(source: CopyableStore, target: CopyableStore): Promise<void> {
  const ofSource = await markOf(source)
  if (ofSource !== undefined && ofSource.state !== 'complete') {
    throw new Problem('copy-incomplete', `${source.address} is itself a copy that is not complete.`, {
      next: 'copy from the registry that is in use',
    })
  }
  const frozen = await freezeOf(source)
  if (frozen !== undefined && frozen.to !== target.address) {
    throw new Problem('registry-frozen', `${source.address} is frozen for its copy to ${frozen.to}.`, {
      next: step`finish that copy, or end it: ${apigw('registry copy', '--from', source.address, '--to', frozen.to, '--thaw')}`,
    })
  }
  const ofTarget = await markOf(target)
  if (ofTarget === undefined) {
    if (await target.isEmpty()) return
    throw new Problem('registry-not-empty', `${target.address} already holds a registry. Nothing was changed.`, {
      next: 'name an empty one',
    })
  }
  if (ofTarget.source !== (await source.ownDocument('id'))) {
    throw new Problem('registry-not-empty', `${target.address} is a copy of another registry. Nothing was changed.`, {
      next: 'name an empty one',
    })
  }
  if (ofTarget.state === 'complete' && ofTarget.freeze !== frozen?.id) {
    throw new Problem('registry-not-empty', `${target.address} is an earlier copy that was in use. Nothing was changed.`, {
      next: 'name an empty one',
    })
  }
}

/** @throws Problem as `copyRegistry` throws before it changes anything */
export async function checkCopy(source: CopyableStore, target: CopyableStore): Promise<void> {
  if (source.address === target.address) {
    throw new Problem('input-invalid', 'A registry cannot be copied to itself.', { next: 'give --to another address' })
  }
  await checkPlaces(source, target)
}

/**
 * Moves a registry: refuses calls at the source, copies everything to the target, compares both, and opens the target. The source
 * stays frozen. It can be interrupted anywhere and run again; what it finds is either a copy in progress, which it finishes, or a
 * complete one, which it leaves alone.
 *
 * @throws Problem `registry-not-empty`, `registry-frozen`, `copy-incomplete`, `registry-corrupt`, `interrupted`
 */
export async function copyRegistry(source: CopyableStore, target: CopyableStore, options: CopyOptions): Promise<Copied> {
  const { progress } = options
  await checkCopy(source, target)
  const begun = performance.now()
  const id = await idOf(source)
  const before = await freezeOf(source)
  const freeze: Freeze = before ?? { id: randomId(), level: 'admissions', to: target.address, since: await source.now() }
  const found = await markOf(target)
  const from = { from: source.address, to: target.address }
  if (found?.state === 'complete' && freeze.complete && isCopyOf(found, id, freeze.id)) {
    // Opening it may have been interrupted.
    if ((await freezeOf(target)) !== undefined) await target.thaw()
    return { state: 'unchanged', ...from, counts: await countRegistry(target), refusedMs: 0 }
  }

  await target.noteFreeze({ ...freeze, level: 'all', to: target.address })
  if (found !== undefined && !isSameCopy(found, id, freeze.id)) {
    progress({ step: 'clearing', done: 0 })
    await target.clear()
  }
  await putMark(target, 'copying', id, freeze.id)
  await stopTraffic(source, target, freeze, options)

  const lastingUntil = Math.max(await source.now(), await target.now()) + lastingMs
  const stop = () => throwIfStopped(options.signal, source, target)
  const write: CopyableStore['write'] = (entries) => target.write(entries)
  const copied = await digestOf(source, lastingUntil, { step: 'copying', stop, progress }, write)
  const compared = await digestOf(target, lastingUntil, { step: 'comparing', stop, progress })
  const differences = differing(copied, compared)
  if (differences.length > 0) throw notTheSame(source, target, differences)

  progress({ step: 'opening', done: 0 })
  // The source is marked first: from here on it is only thawed together with the target being closed.
  await source.noteFreeze({ ...freeze, level: 'all', complete: true })
  await putMark(target, 'complete', id, freeze.id)
  await target.thaw()
  return { state: 'copied', ...from, counts: countsOf(compared), refusedMs: Math.round(performance.now() - begun) }
}

/** Refuses new calls, waits for those in progress, and refuses every write. An interrupted copy has done so before. */
async function stopTraffic(
  source: CopyableStore,
  target: CopyableStore,
  freeze: Freeze,
  { progress, settleMs, signal }: CopyOptions,
): Promise<void> {
  progress({ step: 'freezing', done: 0 })
  if (freeze.level !== 'all') {
    await source.freeze({ ...freeze, level: 'admissions' })
    progress({ step: 'settling', done: 0 })
    await sleep(settleMs, undefined, { signal }).catch(() => undefined)
    throwIfStopped(signal, source, target)
  }
  await source.freeze({ ...freeze, level: 'all' })
}

/** Reads everything that counts in a store, and counts it. @param each what is done with the entries, if anything */
async function digestOf(
  store: CopyableStore,
  lastingUntil: number,
  { step, stop, progress }: { readonly step: 'copying' | 'comparing'; stop(): void } & Pick<CopyOptions, 'progress'>,
  each?: CopyableStore['write'],
): Promise<Tallies> {
  const digest = new Digest(lastingUntil)
  let done = 0
  for await (const entries of store.entries()) {
    stop()
    await each?.(entries)
    digest.add(entries)
    done += entries.length
    progress({ step, done })
  }
  return digest.tallies()
}

function notTheSame(source: CopyableStore, target: CopyableStore, kinds: readonly EntryKind[]): Problem {
  return new Problem('copy-incomplete', `${source.address} and ${target.address} differ in: ${kinds.join(', ')}.`, {
    next: step`copy again: ${apigw('registry copy', '--from', source.address, '--to', target.address)}`,
  })
}
