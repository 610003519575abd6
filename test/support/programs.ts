import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program, as a shell would find it. */
export function programPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
}
