import { DatabaseSync } from 'node:sqlite'
import { pause } from '../patience.ts'
import type { Stage } from '../stage.ts'
import type { Fault } from './fault.ts'

const silentMs = 3_000
const lockedMs = 2_000
const sessionRounds = 15

const isServer = ({ rows }: Stage): boolean => rows.victim !== undefined

export const databaseKilled: Fault = {
  name: 'database-kill',
  title: 'kill -9 of the database, and a restart',
  holds: 'what was not committed comes again; nothing ends in the dead-letter queue',
  possible: isServer,
  inject: async ({ stage, signal }) => {
    await stage.rows.victim?.kill()
    await pause(1_000, signal)
    await stage.rows.victim?.start()
    return stage.rows.engine
  },
}

export const databaseSilent: Fault = {
  name: 'database-silent',
  title: 'the database does not answer',
  holds: 'workers wait, and resume when it answers',
  possible: isServer,
  inject: async ({ stage, signal }) => {
    stage.rows.proxy?.hold(true)
    await pause(silentMs, signal)
    return `for ${silentMs / 1000} s`
  },
  heal: async ({ stage }) => stage.rows.proxy?.hold(false),
}

export const databaseHalfOpen: Fault = {
  name: 'database-half-open',
  title: 'open connections to the database go dead without a word',
  holds: 'workers notice it by themselves, and open new ones',
  possible: isServer,
  inject: async ({ stage }) => `${stage.rows.proxy?.stall() ?? 0} connections`,
}

export const databaseSessionsEnded: Fault = {
  name: 'database-sessions-ended',
  title: 'the database ends every session, again and again',
  holds: 'no worker ends with them',
  possible: isServer,
  inject: async ({ stage, signal }) => {
    let ended = 0
    for (let times = 0; times < sessionRounds; times++) {
      const rows = await stage.rows.sql.all(stage.rows.endSessions ?? '')
      ended += rows.length
      // A session may be over before it is its turn.
      for (const { command } of rows) if (command !== undefined) await stage.rows.sql.all(String(command)).catch(() => [])
      await pause(200, signal)
    }
    return `${ended} sessions`
  },
}

/** Holds the write lock of a file, as a backup or another program does. */
async function locked(path: string, signal: AbortSignal): Promise<void> {
  const db = new DatabaseSync(path, { timeout: 100 })
  try {
    for (let tries = 0; ; tries++) {
      try {
        db.exec('BEGIN IMMEDIATE')
        break
      } catch (error) {
        if (tries > 100 || signal.aborted) throw error
        await pause(50, signal)
      }
    }
    await pause(lockedMs, signal)
    db.exec('ROLLBACK')
  } finally {
    db.close()
  }
}

export const databaseLocked: Fault = {
  name: 'database-locked',
  title: 'another program holds the lock of the database file',
  holds: 'workers wait, and resume afterwards',
  possible: ({ rows }) => rows.kind === 'sqlite',
  inject: async ({ stage, signal }) => {
    await locked(stage.rows.address.slice('sqlite:'.length), signal)
    return `for ${lockedMs / 1000} s`
  },
}

export const registryLocked: Fault = {
  name: 'registry-locked',
  title: 'another program holds the lock of the registry file',
  holds: 'calls are refused or wait; none is admitted without its units',
  possible: ({ registry }) => registry.file !== undefined,
  inject: async ({ stage, signal }) => {
    await locked(stage.registry.file ?? '', signal)
    return `for ${lockedMs / 1000} s`
  },
}
