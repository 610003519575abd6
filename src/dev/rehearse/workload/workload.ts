import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Surroundings, surroundingsVariable } from './routes.ts'

/** A connection that the network of the templates does not let through. */
export interface Blocked {
  readonly host: string
  readonly port: number
  readonly reason: string
}

export interface WorkloadOptions {
  /** Such as `apigw-prod-gateway/GatewayFunction`. */
  readonly name: string
  /** Exactly what AWS gives it. */
  readonly env: Readonly<Record<string, string>>
  readonly megabytes: number
  readonly surroundings: Surroundings
  readonly onLine: (name: string, line: string) => void
  readonly onBlocked: (name: string, blocked: Blocked) => void
}

interface Message {
  readonly id?: string
  readonly ready?: boolean
  readonly result?: unknown
  readonly error?: { readonly name: string; readonly message: string }
  readonly blocked?: Blocked
}

function messageFrom(value: unknown): Message {
  return typeof value === 'object' && value !== null ? value : {}
}

const startMs = 30_000

/** How this code loads the process: compiled, or from its source. */
function entry(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`./process.${extension}`, import.meta.url))
}

/** The process of a function or a container, with nothing in its environment but what AWS would give it. */
export class Workload {
  readonly name: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<string, (message: Message) => void>()
  readonly #ended: Promise<string>
  readonly #ready = Promise.withResolvers<void>()
  #last = ''

  constructor({ name, env, megabytes, surroundings, onLine, onBlocked }: WorkloadOptions) {
    this.name = name
    const flags = ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${megabytes}`]
    const child = spawn(process.execPath, [...flags, entry()], {
      env: { ...env, [surroundingsVariable]: JSON.stringify(surroundings) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        this.#last = line
        onLine(name, line)
      })
    }
    child.on('message', (value) => {
      const message = messageFrom(value)
      if (message.blocked !== undefined) onBlocked(name, message.blocked)
      if (message.ready === true) this.#ready.resolve()
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message)
    })
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}: ${this.#last}`))
    })
  }

  /** Resolves when the code of a function is loaded. @throws Error if it ends before */
  async loaded(): Promise<void> {
    const ended = this.#ended.then((why) => Promise.reject(new Error(`${this.name}: ${why}`)))
    const late = new Promise<never>((_resolve, reject) =>
      setTimeout(() => reject(new Error(`${this.name} was not loaded in ${startMs / 1000} seconds`)), startMs).unref(),
    )
    await Promise.race([this.#ready.promise, ended, late])
  }

  /** Resolves with the reason when the process has ended. */
  get ended(): Promise<string> {
    return this.#ended
  }

  /**
   * Invokes a function, and ends its process when its time is over, as Lambda does.
   * @throws Error the function's own, or that it has timed out or ended
   */
  async invoke(event: unknown, { functionArn, timeoutMs, id = randomUUID() }: InvokeOptions): Promise<unknown> {
    await this.loaded()
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, resolve))
    const ended = this.#ended.then((why): Message => ({ error: { name: 'Runtime.ExitError', message: why } }))
    const timer = setTimeout(() => {
      this.#last = `Task timed out after ${timeoutMs / 1000} seconds`
      this.#child.kill('SIGKILL')
    }, timeoutMs)
    this.#child.send({ id, event, functionArn, timeoutMs })
    const { error, result } = await Promise.race([answered, ended])
    clearTimeout(timer)
    this.#waiting.delete(id)
    if (error !== undefined) throw Object.assign(new Error(`${this.name}: ${error.message}`), { name: error.name })
    return result
  }

  /** Ends it as ECS and Lambda do, and kills it where that takes longer. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await this.#ended
    clearTimeout(timer)
  }
}

export interface InvokeOptions {
  readonly functionArn: string
  readonly timeoutMs: number
  /** The id of the request; the event of a function URL names it. */
  readonly id?: string
}
