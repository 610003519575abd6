import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { programPath, programs } from './programs.ts'
import { freePort, Server } from './victim.ts'

/**
 * A MariaDB on a free port of the loopback address, whose user `root` needs no password. It is not started yet.
 * @param options further options of the server
 */
export async function mariadbServer(folder: string, options: readonly string[] = []): Promise<Server> {
  const program = programPath(programs.mariadb, '--database sqlite')
  const installer = programPath(programs.mariadbInstall, '--database sqlite')
  const port = await freePort()
  const data = join(folder, 'mariadb')
  // A server removes the temporary tables that it finds at its start, those of a server beside it too.
  const temporary = join(folder, 'mariadb-tmp')
  for (const one of [data, temporary]) mkdirSync(one, { recursive: true, mode: 0o700 })
  // The server gives up root for the user that Debian's package has made, who has to get at its folder.
  const root = process.getuid?.() === 0
  const user = root ? ['--user=mysql'] : []
  if (root) {
    chmodSync(folder, 0o711)
    execFileSync('chown', ['mysql', data, temporary])
  }
  const folders = [`--datadir=${data}`, `--tmpdir=${temporary}`]
  execFileSync(installer, ['--no-defaults', ...folders, '--auth-root-authentication-method=normal', '--skip-test-db', ...user], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const places = [`--socket=${join(data, 'm.sock')}`, `--pid-file=${join(data, 'm.pid')}`]
  const sizes = ['--innodb-buffer-pool-size=64M', '--max-connections=200']
  const args = [
    '--no-defaults',
    ...folders,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    ...places,
    ...sizes,
    ...options,
    ...user,
  ]
  return new Server({ name: 'MariaDB', command: [program, ...args], port, folder })
}
