import { spawn } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'

export interface ProgramOptions {
  /** Written to its standard input. A secret belongs here: arguments are in the process list. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly limitMs: number
}

/** How a program ended. */
export interface Ended {
  /** `null`: it did not run, or it was killed. */
  readonly code: number | null
  /** The end of what it wrote. */
  readonly output: string
  readonly isLate: boolean
}

const keptCharacters = 16_384
/** A program that ignores SIGTERM is killed after this. */
const graceMs = 5_000

/** Keeps the end of a text that may be long. */
class Tail {
  #text = ''
  add(more: string): void {
    this.#text = (this.#text + more).slice(-keptCharacters)
  }
  get text(): string {
    return this.#text
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    // The group: a client such as docker starts programs of its own.
    process.kill(-pid, signal)
  } catch {
    // It has ended.
  }
}

/** Runs a program until it ends, is late, or the signal aborts. Then it and what it started are killed. Never rejects. */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  const { input = '', env = {}, signal, limitMs } = options
  if (signal?.aborted) return { code: null, output: '', isLate: false }
  const child = spawn(program, args, { detached: true, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const tail = new Tail()
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder('utf8')
    stream.on('data', (bytes: Buffer) => tail.add(decoder.write(bytes)))
  }
  // It may end without reading.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  let isLate = false
  let force: NodeJS.Timeout | undefined
  const stop = (): void => {
    kill(child.pid, 'SIGTERM')
    force = setTimeout(() => kill(child.pid, 'SIGKILL'), graceMs)
  }
  const limit = setTimeout(() => {
    isLate = true
    stop()
  }, limitMs)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<Ended>((resolve) => {
      child.on('error', (error) => resolve({ code: null, output: error.message, isLate }))
      child.on('close', (code) => resolve({ code, output: tail.text, isLate }))
    })
  } finally {
    clearTimeout(limit)
    clearTimeout(force)
    signal?.removeEventListener('abort', stop)
  }
}
