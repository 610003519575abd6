import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Problem } from '../../domain/problem.ts'

/** What a program is called, and the Debian package that it comes in. */
export interface Program {
  readonly name: string
  readonly package: string
}

export const programs = {
  redis: { name: 'redis-server', package: 'redis-server' },
  mariadb: { name: 'mariadbd', package: 'mariadb-server' },
  mariadbInstall: { name: 'mariadb-install-db', package: 'mariadb-server' },
  postgres: { name: 'postgres', package: 'postgresql' },
  postgresInstall: { name: 'initdb', package: 'postgresql' },
  openssl: { name: 'openssl', package: 'openssl' },
} as const satisfies Record<string, Program>

/** Debian keeps the programs of each version of PostgreSQL in a folder of their own. The newest comes first. */
function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  const versions = readdirSync(root).map(Number)
  return versions.sort((a, b) => b - a).map((version) => join(root, String(version), 'bin'))
}

/** Where a program is, if this machine has it. Servers are often outside of a user's path. */
export function findProgram({ name }: Program): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter)
  const folders = [...postgresFolders(), ...path, '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}

/**
 * @param instead what to do without it
 * @throws Problem `check-failed` that names the Debian package
 */
export function programPath(program: Program, instead?: string): string {
  const found = findProgram(program)
  if (found !== undefined) return found
  const install = `sudo apt-get install -y --no-install-recommends ${program.package}`
  throw new Problem(
    'check-failed',
    `This machine does not have the program ${program.name} (Debian package ${program.package}).`,
    {
      next: instead === undefined ? install : `${install}, or ${instead}`,
    },
  )
}
