import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Problem } from '../domain/problem.ts'
import { readStdin } from './prompts.ts'

function unreadable(path: string, cause: unknown): Problem {
  return new Problem('input-invalid', `Cannot read ${path}.`, { next: 'give the path of a file, or - for stdin', cause })
}

/** Reads a file, or stdin for "-". @throws Problem `input-invalid` if the file cannot be read */
export async function readInput(path: string): Promise<string> {
  if (path === '-') return readStdin()
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Reads the lines of a file, or of stdin for "-". @throws Problem `input-invalid` if the file cannot be read */
export async function* readLines(path: string): AsyncGenerator<string> {
  const input = path === '-' ? process.stdin : createReadStream(path)
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield line
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Reads the bytes of a file, or of stdin for "-", as they come. @throws Problem `input-invalid` if the file cannot be read */
export async function* readBytes(path: string): AsyncGenerator<Uint8Array | string> {
  try {
    yield* path === '-' ? process.stdin : createReadStream(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}
