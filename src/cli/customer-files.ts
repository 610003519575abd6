import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { Problem } from '../domain/problem.ts'
import { readStdin } from './prompts.ts'

/** A file with its text, as `operations/configuration` reads it. */
interface TextFile {
  readonly path: string
  readonly text: string
}

export const baseFlag = Flags.string({
  env: 'APIGW_BASE',
  helpValue: 'PATH',
  summary: 'the files as they were last applied; a customer that differs from them was changed by others',
})

const readable = /\.(?:ya?ml|json)$/i

function unreadable(path: string, cause: unknown): Problem {
  return new Problem('input-invalid', `Cannot read ${path}.`, { next: 'give a file, a folder, or - for stdin', cause })
}

/** Files of a folder and of those in it, in the order of their names. Hidden ones are left out. */
async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  const shown = names.filter((name) => readable.test(name) && !name.split('/').some((part) => part.startsWith('.')))
  if (shown.length > 0) return shown.sort().map((name) => join(folder, name))
  throw new Problem('input-invalid', `${folder} has no files that end with .yaml, .yml or .json.`)
}

async function textsAt(path: string): Promise<TextFile[]> {
  if (path === '-') return [{ path: 'stdin', text: await readStdin() }]
  try {
    const paths = (await stat(path)).isDirectory() ? await filesIn(path) : [path]
    return await Promise.all(paths.map(async (file) => ({ path: file, text: await readFile(file, 'utf8') })))
  } catch (error) {
    if (error instanceof Problem) throw error
    throw unreadable(path, error)
  }
}

/**
 * Reads files of customers: files, folders, and `-` for stdin.
 * @throws Problem `input-invalid`
 */
export async function readCustomerFiles(paths: readonly string[]): Promise<TextFile[]> {
  const files: TextFile[] = []
  for (const path of paths) files.push(...(await textsAt(path)))
  return files
}
