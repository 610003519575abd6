import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { apigw } from '../../domain/next-step.ts'
import { Problem } from '../../domain/problem.ts'
import { applicationId, schema, schemaVersion, upgrades } from './schema.ts'

/** Below the second within which a caller is promised an answer, also when another process holds the lock. */
const busyMs = 800

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html). */
const corruptCodes = new Set([11, 26])
const busyCode = 5

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

/** Turns what SQLite threw into what a person can act on; a bug stays what it is. */
export function asProblem(error: unknown, path: string): unknown {
  const code = primaryCode(error)
  if (code === undefined) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (corruptCodes.has(code)) {
    return new Problem('registry-corrupt', `${path} is not a registry, or is damaged: ${reason}.`, {
      next: `restore a backup of ${path}, or move it away and run the command again to start an empty one`,
      cause: error,
    })
  }
  return new Problem('registry-unavailable', `${path} cannot be used now: ${reason}.`, {
    next: apigw('doctor'),
    retryAfterMs: 1000,
    cause: error,
  })
}

function checkOwner(db: DatabaseSync, path: string): void {
  // Tables first: another process may be making them just now, together with the mark of their owner.
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  const owner = db.prepare('PRAGMA application_id').get()?.application_id
  const version = versionOf(db)
  if (tables > 0 && owner !== applicationId) {
    throw new Problem('registry-corrupt', `${path} is the database of another program.`, { next: 'name another file' })
  }
  if (version > schemaVersion) {
    throw new Problem(
      'registry-corrupt',
      `${path} was written by a newer apigw (schema ${version}, this one knows ${schemaVersion}).`,
      {
        next: 'update apigw',
      },
    )
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

/** The version is read again under the lock: another process may be doing the same. */
function bringUpToDate(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE')
  const version = versionOf(db)
  for (const { from, until, sql } of upgrades) if (version >= from && version <= until) db.exec(sql)
  db.exec(`${schema} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`)
}

function prepared(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: busyMs })
  try {
    checkOwner(db, path)
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
    if (versionOf(db) < schemaVersion) bringUpToDate(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** What makes a file private: digests and sealed secrets are for its owner alone. */
const privateMode = 0o600

/**
 * Takes the rights of others away from a registry that is there, once it is known to be one, and from its -wal and -shm
 * files: SQLite gives these the mode that the database had (findCreateFileMode in its os_unix.c).
 */
function makePrivate(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats === undefined || !stats.isFile() || (stats.mode & 0o077) === 0) continue
    try {
      chmodSync(file, privateMode)
    } catch (error) {
      // Another user's file: SQLite says whether it can be used, and `apigw doctor` that others can read it.
      if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error
    }
  }
}

/** SQLite does not wait for a lock where two that wait could block each other, as when both make the same file. */
function untilFree<T>(work: () => T): T {
  const until = Date.now() + busyMs
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (primaryCode(error) !== busyCode || Date.now() >= until) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

/**
 * Opens the file of a registry, making it and its folder where they are missing.
 * WAL lets readers continue beside a writer; `synchronous=NORMAL` gives up the last commits at a power cut, never at a
 * crash of the process, and never the file's consistency (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function openFile(path: string): DatabaseSync {
  try {
    if (path === ':memory:') return prepared(path)
    mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 })
    // Before SQLite makes it, which would leave its mode to the umask.
    closeSync(openSync(path, 'a', privateMode))
    const db = untilFree(() => prepared(path))
    makePrivate(path)
    return db
  } catch (error) {
    if (error instanceof Problem) throw error
    const problem = asProblem(error, path)
    if (problem instanceof Problem) throw problem
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem('registry-unavailable', `${path} cannot be opened: ${reason}.`, { next: apigw('doctor'), cause: error })
  }
}
