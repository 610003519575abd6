import { existsSync } from 'node:fs'
import { dirname, join, parse } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../../domain/problem.ts'

/** A driver that is not installed with apigw: most customers need neither, and one of them has 70 packages. */
export interface DriverPackage<T> {
  /** The database, for people. */
  readonly database: string
  readonly name: string
  /** The versions that work. */
  readonly versions: string
  /** Whether what was loaded has the parts that are used. */
  isDriver(module: unknown): module is T
}

/**
 * The command that installs a package where this code finds it.
 * @param from the file that imports the package
 */
export function installCommand(wanted: string, from: string, exists: (path: string) => boolean = existsSync): string {
  const [modules] = /^.*?[\\/]node_modules(?=[\\/])/.exec(from) ?? []
  if (modules === undefined) return `npm install --no-save --prefix ${quotedPath(projectOf(from, exists))} ${wanted}`
  // npm would remove the other packages of a global folder that it takes for a project.
  const project = dirname(modules)
  return exists(join(project, 'package.json'))
    ? `npm install --prefix ${quotedPath(project)} ${wanted}`
    : `npm install --global ${wanted}`
}

/** In the form that sh and the command prompt of Windows share. */
function quotedPath(path: string): string {
  return /^[\w@%+=:,.~\\/-]+$/.test(path) ? path : `"${path}"`
}

/** The nearest folder with a package.json, or the file's own: the agent may be one file in a folder. */
function projectOf(file: string, exists: (path: string) => boolean): string {
  for (let folder = dirname(file); folder !== parse(folder).root; folder = dirname(folder)) {
    if (exists(join(folder, 'package.json'))) return folder
  }
  return dirname(file)
}

function isMissing(error: unknown, name: string): boolean {
  const isNotFound = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  return isNotFound && error.message.includes(`'${name}'`)
}

/**
 * Loads a driver from beside apigw.
 * @throws Problem `driver-missing`
 */
export async function loadDriver<T>({ database, name, versions, isDriver }: DriverPackage<T>): Promise<T> {
  const next = `run: ${installCommand(`${name}@${versions}`, fileURLToPath(import.meta.url))}`
  // Not a literal: a bundler would put the driver into the agent's one file.
  const loaded: unknown = await import(name).catch((cause: unknown) => {
    if (!isMissing(cause, name)) throw cause
    throw new Problem('driver-missing', `${database} needs the package ${name}, which is not installed.`, { next, cause })
  })
  // Both are CommonJS.
  const driver: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded
  if (isDriver(driver)) return driver
  throw new Problem(
    'driver-missing',
    `The package ${name} is not version ${versions}: it lacks functions that are needed here.`,
    {
      next,
    },
  )
}
