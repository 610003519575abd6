import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { Problem } from '../domain/problem.ts'

/**
 * Writes a compressed file that only its owner can read, whole or not at all.
 * @throws Problem `config-exists` if it is there already
 */
export async function writeBackupFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  if (existsSync(path)) {
    throw new Problem('config-exists', `${path} exists already. Nothing was written.`, { next: 'name another file' })
  }
  const beside = `${path}.${process.pid}.tmp`
  try {
    await pipeline(Readable.from(lines), createGzip(), createWriteStream(beside, { mode: 0o600 }))
    await rename(beside, path)
  } finally {
    await rm(beside, { force: true })
  }
}

async function* split(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const text of texts) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** The lines of a compressed file. @throws Problem `input-invalid`, `backup-invalid` */
export async function* readBackupFile(path: string): AsyncGenerator<string> {
  if (!existsSync(path)) throw new Problem('input-invalid', `Cannot read ${path}.`, { next: 'give the path of a backup' })
  const input = createReadStream(path)
  const unpacked = createGunzip().setEncoding('utf8')
  input.on('error', (error) => unpacked.destroy(error))
  try {
    yield* split(input.pipe(unpacked))
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem('backup-invalid', `${path} is not a whole backup: it cannot be unpacked. Nothing was changed.`, {
      next: 'use another backup, or fetch this one again',
      cause,
    })
  } finally {
    input.destroy()
  }
}
