import { Refusal, type Row } from '../ports/index.ts'
import type { ConsumeSettings } from './consume-options.ts'
import { manyRefused } from './isolate.ts'
import { pause } from './pause.ts'

const firstCheckMs = 1_000
const maxCheckMs = 60_000
/** Rows that are tried while a table refuses all. */
const trialRows = 8

/**
 * Waits until the columns of the carrier's table accept rows. Until then nothing is received.
 * @returns false if it was stopped first
 */
export async function tableReady({ database, carrier, observe }: ConsumeSettings, signal: AbortSignal): Promise<boolean> {
  for (let pauseMs = firstCheckMs; !signal.aborted; pauseMs = Math.min(maxCheckMs, pauseMs * 2)) {
    const faults = await database.tableFaults(carrier)
    for (const { detail, fix, keepsOut } of faults) observe({ kind: 'unfit', queue: carrier.queue, detail, fix, keepsOut })
    if (faults.every(({ keepsOut }) => keepsOut === 'some')) return true
    await pause(pauseMs, signal)
  }
  return false
}

/**
 * Whether a table that refused rows accepts one of them now. If there are few rows and all may be bad, a trial row decides.
 * @param troubledMs how long the table has refused all rows
 */
export async function tableAcceptsRows(
  { database, carrier, patienceMs }: ConsumeSettings,
  rows: readonly Row[],
  troubledMs: number,
): Promise<boolean> {
  const sample = Array.from({ length: trialRows - 1 }, () => rows[Math.floor(Math.random() * rows.length)])
  let refused = 0
  // The newest row has not been tried before.
  for (const row of [rows.at(-1), ...sample]) {
    if (row === undefined) continue
    try {
      if ((await database.flush(carrier, [row])) === 1) return true
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refused += 1
    }
  }
  if (refused === 0) return true
  const mayAllBeBad = rows.length < manyRefused || troubledMs >= patienceMs
  return mayAllBeBad && (await database.acceptsRow(carrier)) === true
}
