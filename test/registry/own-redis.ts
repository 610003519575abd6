import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A Redis for one test, which can stop, kill and restart it. Its data survives, as with `appendonly`. */
export class OwnRedis {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'apigw-own-redis-'))
  readonly #more: readonly string[]
  #child: ChildProcess | undefined

  private constructor(port: number, more: readonly string[]) {
    this.port = port
    this.#more = more
  }

  /** A port and a folder; nothing runs until `start`. */
  static async onFreePort(...more: string[]): Promise<OwnRedis> {
    return new OwnRedis(await freePort(), more)
  }

  get address(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const always = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, ...always, ...this.#more]
    this.#child = spawn('redis-server', args, { stdio: 'ignore' })
    while (!this.#answers()) await sleep(20)
  }

  cli(...args: string[]): string {
    return execFileSync('redis-cli', ['-p', String(this.port), ...args], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name)
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #answers(): boolean {
    try {
      return /PONG|NOAUTH/.test(this.cli('ping'))
    } catch {
      return false
    }
  }
}
