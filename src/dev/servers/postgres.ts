import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { programPath, programs } from './programs.ts'
import { freePort, Server } from './victim.ts'

/**
 * A PostgreSQL on a free port of the loopback address, whose user `postgres` needs no password. It is not started yet.
 * @param settings further settings of the server
 */
export async function postgresServer(folder: string, settings: Readonly<Record<string, string>> = {}): Promise<Server> {
  const program = programPath(programs.postgres, '--database sqlite')
  const installer = programPath(programs.postgresInstall, '--database sqlite')
  const port = await freePort()
  const data = join(folder, 'postgres')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  // PostgreSQL refuses to run as root; Debian's package has made a user for it.
  const root = process.getuid?.() === 0
  const as = (path: string, ...args: string[]): [string, ...string[]] =>
    root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', path, ...args] : [path, ...args]
  if (root) {
    chmodSync(folder, 0o711)
    execFileSync('chown', ['postgres', data])
  }
  const [install, ...args] = as(installer, '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C')
  execFileSync(install, args, { stdio: 'ignore', cwd: '/' })
  const more = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = as(program, '-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'max_connections=200', ...more)
  return new Server({ name: 'PostgreSQL', command, port, folder })
}
