import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'
import { type DatabaseKind, defaultDatabase } from './database.ts'
import type { Proof, ProveEvent } from './events.ts'
import { faults } from './faults/index.ts'
import { throwIfAborted } from './patience.ts'
import { defaultRegistry, type RegistryKind } from './registry.ts'
import { run } from './run.ts'
import { startStage } from './stage.ts'

export type { Balance } from './books.ts'
export { type DatabaseKind, databases } from './database.ts'
export type { Proof, ProveEvent } from './events.ts'
export { type RegistryKind, registries } from './registry.ts'
export type { Wrong } from './wrong.ts'

export interface ProveOptions {
  /** Absent: the first of MariaDB, PostgreSQL and SQLite that this machine has. */
  readonly database?: DatabaseKind | undefined
  /** Absent: Redis where this machine has it, else SQLite. */
  readonly registry?: RegistryKind | undefined
  /** Names of faults; absent: all that are possible with these engines. */
  readonly faults?: readonly string[] | undefined
  readonly messages: number
  /** Faults, one after another; absent: each once. */
  readonly rounds?: number | undefined
  /** Messages a second. */
  readonly rate: number
  /** The same seed gives the same order of faults. */
  readonly seed: number
  /** Whether the folder with the logs and the data stays. */
  readonly keep?: boolean
  readonly report: (event: ProveEvent) => void
  readonly signal: AbortSignal
}

/** Every fault: its name, what happens, and what must hold. */
export const faultList: readonly { readonly name: string; readonly title: string; readonly holds: string }[] = faults

/** @throws Problem `input-invalid` */
function checkNames(names: readonly string[] | undefined): void {
  const unknown = names?.find((name) => !faults.some((fault) => fault.name === name))
  if (unknown === undefined) return
  throw new Problem('input-invalid', `Unknown fault "${unknown}".`, {
    next: `choose from ${faults.map(({ name }) => name).join(', ')}`,
  })
}

/**
 * Sends messages through the real processes while these are killed, cut off, frozen and emptied, and balances the books at
 * the end. Everything listens on the loopback address only, and is gone afterwards.
 *
 * @throws Problem `input-invalid`, `check-failed` where a program is missing or does not start, `interrupted`
 */
export async function prove(options: ProveOptions): Promise<Proof> {
  checkNames(options.faults)
  const folder = mkdtempSync(join(tmpdir(), 'apigw-prove-'))
  const steps: (() => Promise<unknown>)[] = []
  const remove = (): void => {
    if (options.keep !== true) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', remove)
  try {
    const stage = await startStage({
      database: options.database ?? defaultDatabase(),
      registry: options.registry ?? defaultRegistry(),
      folder,
      signal: options.signal,
      undo: (step) => void steps.push(step),
    })
    throwIfAborted(options.signal)
    return await run(stage, folder, options)
  } catch (error) {
    // A failure caused by the interruption is not a finding.
    throwIfAborted(options.signal)
    throw error
  } finally {
    for (const step of steps.reverse()) await step().catch(() => undefined)
    process.removeListener('exit', remove)
    remove()
  }
}
