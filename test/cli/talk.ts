import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { bin, cleanEnv } from './run.ts'

export const enter = '\r'
export const ctrlC = '\u0003'

/** Whether a terminal is available; reports it when none is. */
export function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import pty'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write('What asks on a terminal is skipped: it needs python3 with its pty module for a real terminal.\n')
    return false
  }
}

interface Talk {
  readonly screen: string
  readonly code: number
  readonly unseen: string | null
}

/** Runs a command on a real terminal. When the first text of a pair appears, types the second. */
export async function talk(
  cwd: string,
  args: readonly string[],
  pairs: readonly (readonly [string, string])[],
  env: Record<string, string> = {},
): Promise<Talk> {
  const program = fileURLToPath(new URL('terminal.py', import.meta.url))
  const spec = { argv: [process.execPath, bin, ...args], cwd, env: { ...cleanEnv(env), TERM: 'xterm-256color' }, talk: pairs }
  const { stdout } = await promisify(execFile)('python3', [program, JSON.stringify(spec)])
  const talked: Talk = JSON.parse(stdout)
  expect(talked.unseen, talked.screen).toBeNull()
  return talked
}
