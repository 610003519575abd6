import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { until } from './until.ts'

export type LogLine = Readonly<Record<string, unknown>>

/** A runtime process, started as in a container. */
export interface Child {
  readonly process: ChildProcess
  /** The log so far, one JSON object per line. */
  readonly lines: readonly LogLine[]
  readonly stderr: () => string
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  /** The first log line with this event, now or later; an error if the process exits without one. */
  logged(event: string): Promise<LogLine>
}

const sources = {
  gateway: '../../src/runtime/gateway/main.ts',
  worker: '../../src/runtime/worker/main.ts',
  webhooks: '../../src/runtime/webhooks/main.ts',
} as const

/** Starts a process with only these variables; it is ended after the test. */
export function startChild(which: keyof typeof sources, env: Readonly<Record<string, string>>): Child {
  return startNode([fileURLToPath(new URL(sources[which], import.meta.url))], env)
}

/** The same for any program. @param cwd its working directory; absent: that of the tests */
export function startNode(args: readonly string[], env: Readonly<Record<string, string>>, cwd?: string): Child {
  const child = spawn(process.execPath, [...args], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], cwd })
  const lines: LogLine[] = []
  let stderr = ''
  child.stderr.on('data', (bytes) => {
    stderr += String(bytes)
  })
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)))
  const allRead = new Promise((resolve) => reader.once('close', resolve))
  let over = false
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => {
      void allRead.then(() => {
        over = true
        resolve(code ?? signal)
      })
    })
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const logged: Child['logged'] = async (event) => {
    const find = () => lines.find((line) => line.event === event)
    await until(() => over || find() !== undefined)
    const found = find()
    if (found !== undefined) return found
    throw new Error(`${args.join(' ')} ended without "${event}": ${JSON.stringify(lines)} ${stderr}`)
  }
  return { process: child, lines, stderr: () => stderr, ended, logged }
}
