import { type ChildProcess, fork, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const startMs = 20_000

const running = new Set<ChildProcess>()
const folders = new Set<string>()

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Ends every process and removes every folder that this run made; safe to call twice, and from an exit handler. */
export function cleanUp(): void {
  for (const child of running) if (!ended(child)) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  running.clear()
  folders.clear()
}

/**
 * What has to be installed first, as the command that does it; `undefined` if nothing.
 * @param needed programs, each in the Debian package of its own name
 */
export function missingPrograms(needed: readonly string[]): string | undefined {
  const path = (process.env.PATH ?? '').split(':').concat('/usr/bin', '/usr/local/bin')
  const missing = needed.filter((program) => !path.some((folder) => existsSync(join(folder, program))))
  return missing.length === 0 ? undefined : `apt-get install -y --no-install-recommends ${missing.join(' ')}`
}

/** A temporary folder for this run that only the current user can read. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'apigw-bench-'))
  folders.add(folder)
  return folder
}

/** Keeps a child in the books until it ends. */
export function tracked<Child extends ChildProcess>(child: Child): Child {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => socket.end(() => resolve(true))).once('error', () => resolve(false))
  })
}

/** A Redis of this run's own that keeps nothing on disk. */
export async function startRedis(): Promise<{ url: string; pid: number }> {
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', temporaryFolder()]
  const child = tracked(spawn('redis-server', args, { stdio: 'ignore' }))
  const until = Date.now() + startMs
  while (!(await answers(port))) {
    if (ended(child) || Date.now() > until) throw new Error('redis-server did not start')
    await sleep(50)
  }
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid ?? 0 }
}

/**
 * Starts a file of `servers/` as a process. It says over IPC which port it listens on, and ends when we do.
 * @param onMessage gets what it says after that
 */
export function startServer(
  file: string,
  env: Record<string, string>,
  onMessage: (message: unknown) => void = () => undefined,
): Promise<{ url: string; pid: number }> {
  const script = new URL(`../servers/${file}`, import.meta.url)
  const child = tracked(fork(script, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} did not start`)), startMs)
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
    child.once('message', (port) => {
      clearTimeout(timer)
      child.on('message', onMessage)
      resolve({ url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 })
    })
  })
}

/** Linux counts a process's time in hundredths of a second, whatever the kernel's own tick is (`man 5 proc_pid_stat`). */
const tickUs = 10_000

/** Microseconds of CPU that a process has used, in user and system; all its threads together. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything; state, the third field, follows it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickUs
}
