import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../domain/problem.ts'

const startMs = 120_000
const restartMs = 200

/** Free ports of the loopback address, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A process that ended although it was not killed. */
export interface Crash {
  readonly name: string
  readonly exit: string
  /** Its last error, or the last thing it wrote. */
  readonly lastLine: string
}

export interface VictimOptions {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** The whole environment that it gets. */
  readonly env?: Readonly<Record<string, string>>
  /** Where it answers once it has started. */
  readonly port?: number
  /** Where its log goes. */
  readonly folder: string
  /** The event that it logs once it runs. With it, the process is started again whenever it ends by itself, as ECS does. */
  readonly supervised?: string
}

const running = new Set<Victim>()

/** Kills every process that is still running. It waits for nothing. */
function killAllNow(): void {
  for (const victim of running) victim.signal('SIGKILL')
}
// They are in process groups of their own: nothing else would end them with this process.
process.once('exit', killAllNow)

/** A process that may be killed at any moment, and is started again as it was. */
export class Victim {
  readonly name: string
  readonly crashes: Crash[] = []
  readonly #options: VictimOptions
  readonly #log: string
  #child: ChildProcess | undefined
  #wanted = false
  /** The one that was killed on purpose. */
  #killed: ChildProcess | undefined
  #logFrom = 0

  constructor(options: VictimOptions) {
    this.name = options.name
    this.#options = options
    this.#log = join(options.folder, 'logs', `${options.name.replaceAll(' ', '-')}.log`)
    mkdirSync(join(options.folder, 'logs'), { recursive: true })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Starts it and waits until it answers. A program that ends before that is started again: a database that was killed
   * finds its own lock until the last of its processes is gone.
   * @throws Problem `check-failed` where it does not answer in two minutes
   */
  async start(): Promise<void> {
    this.#wanted = true
    const { port } = this.#options
    this.#spawn()
    if (port === undefined) return
    for (const until = Date.now() + startMs; !(await answers(port)); await sleep(20)) {
      if (Date.now() > until) {
        throw new Problem('check-failed', `${this.name} did not start: ${this.#lastLine() || 'it does not answer'}.`, {
          next: `try it by hand: ${this.#options.command.join(' ')}`,
        })
      }
      if (!this.#wanted) return
      if (this.#child === undefined && this.#options.supervised === undefined) {
        await sleep(restartMs)
        this.#spawn()
      }
    }
  }

  #spawn(): void {
    const [program, ...args] = this.#options.command
    const { env, supervised } = this.#options
    const out = openSync(this.#log, 'a')
    this.#logFrom = this.#read().length
    // In a process group of its own, so that Ctrl-C reaches only the parent, which then ends everything in order.
    const child = spawn(program, args, { stdio: ['ignore', out, out], env: env ?? process.env, cwd: '/', detached: true })
    closeSync(out)
    this.#child = child
    running.add(this)
    child.once('error', () => this.#ended(child))
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return
      this.#ended(child)
      if (!this.#wanted || supervised === undefined) return
      const log = this.#read().slice(this.#logFrom)
      // One that ends before it runs, because what it needs is away, is started again as often as it takes.
      if (this.#killed !== child && log.includes(`"event":"${supervised}"`)) {
        this.crashes.push({ name: this.name, exit: signal ?? `exit code ${code}`, lastLine: this.#lastLine() })
      }
      setTimeout(() => {
        if (this.#wanted && this.#child === undefined) this.#spawn()
      }, restartMs).unref()
    })
  }

  #ended(child: ChildProcess): void {
    if (this.#child !== child) return
    this.#child = undefined
    running.delete(this)
  }

  #read(): string {
    try {
      return readFileSync(this.#log, 'utf8')
    } catch {
      return ''
    }
  }

  #lastLine(): string {
    const lines = this.#read().slice(this.#logFrom).trimEnd().split('\n')
    return (lines.findLast((line) => /^\S*error: /i.test(line)) ?? lines.at(-1) ?? '').slice(0, 500)
  }

  /** Ends it without a chance to finish anything, with all processes of its group. */
  async kill(): Promise<void> {
    this.#wanted = false
    const child = this.#child
    if (child === undefined) return
    const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
    this.signal('SIGKILL')
    await ended
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    if (name === 'SIGKILL') this.#killed = this.#child
    try {
      process.kill(-pid, name)
    } catch {
      // It has ended just now.
    }
  }

  /** Stops all of it for a while, as a machine that swaps does. */
  async freeze(milliseconds: number): Promise<void> {
    this.signal('SIGSTOP')
    await sleep(milliseconds)
    this.signal('SIGCONT')
  }

  /** Leaves it running when this process ends. */
  letGo(): void {
    running.delete(this)
    this.#wanted = false
    this.#child?.unref()
  }
}

/** A process that answers on a port. */
export class Server extends Victim {
  readonly port: number

  constructor(options: VictimOptions & { readonly port: number }) {
    super(options)
    this.port = options.port
  }
}
