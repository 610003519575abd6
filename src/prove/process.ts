import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Problem } from '../domain/problem.ts'

const startMs = 60_000

/** Where a program is, if it is on this machine. Servers are often outside of a user's path. */
export function programPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A process that may be killed at any moment, and is started again as it was. */
export class Victim {
  readonly name: string
  readonly #command: readonly [string, ...string[]]
  readonly #env: Readonly<Record<string, string>>
  readonly #port: number | undefined
  #child: ChildProcess | undefined

  constructor(name: string, command: readonly [string, ...string[]], env: Readonly<Record<string, string>>, port?: number) {
    this.name = name
    this.#command = command
    this.#env = env
    this.#port = port
  }

  /** @throws Problem `check-failed` where it does not answer */
  async start(): Promise<void> {
    const [program, ...args] = this.#command
    const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...this.#env } })
    this.#child = child
    if (this.#port === undefined) return
    for (const until = Date.now() + startMs; !(await answers(this.#port)); await sleep(20)) {
      if (child.exitCode === null && Date.now() < until) continue
      throw new Problem('check-failed', `${this.name} did not start.`, { next: `run it by hand: ${program}` })
    }
  }

  /** Ends it without a chance to end anything. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    await new Promise((resolve) => child.once('exit', resolve).kill('SIGKILL'))
  }

  /** Stops it for a while, as a machine that swaps does. */
  async freeze(milliseconds: number): Promise<void> {
    this.#child?.kill('SIGSTOP')
    await sleep(milliseconds)
    this.#child?.kill('SIGCONT')
  }
}

/** The command that starts a process of the runtime, compiled or from source as this code is. */
export function runtimeCommand(name: 'gateway' | 'worker'): [string, string] {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return [process.execPath, fileURLToPath(new URL(`../runtime/${name}/main.${extension}`, import.meta.url))]
}
