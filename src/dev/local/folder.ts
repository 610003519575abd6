import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../../domain/problem.ts'

/** What a running `apigw dev` publishes for other commands in the same folder. */
export interface DevState {
  readonly pid: number
  readonly gateway: string
  readonly sqs: string
  readonly ledger: string
  readonly originCode?: string | undefined
}

const stateFile = 'dev.json'

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process runs as a different user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function stateOf(path: string): Partial<DevState> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}

/**
 * The master key of this folder, created on first use. Anyone who can read the file can decrypt what is sealed here,
 * so only its owner can.
 */
export function ensureMasterKey(folder: string): string {
  const path = join(folder, 'master.key')
  if (!existsSync(path)) writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
  return path
}

/**
 * Makes the data folder if it is missing, kept out of git and of other users' sight, and claims it for this process:
 * two processes on one queue store would each hold half of the messages.
 *
 * @throws Problem `data-in-use`
 */
export function claimFolder(folder: string): { publish(state: Omit<DevState, 'pid'>): void; release(): void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const ignore = join(folder, '.gitignore')
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n')
  const path = join(folder, stateFile)
  const { pid } = stateOf(path)
  if (pid !== undefined && pid !== process.pid && isRunning(pid)) {
    throw new Problem('data-in-use', `${folder} is used by another apigw dev (process ${pid}).`, {
      next: 'stop that one, or use another folder: --data DIR',
    })
  }
  const write = (state: Partial<DevState>): void => writeFileSync(path, JSON.stringify({ pid: process.pid, ...state }))
  write({})
  return { publish: write, release: () => rmSync(path, { force: true }) }
}
