import { DatabaseSync } from 'node:sqlite'
import { Problem } from '../../domain/problem.ts'
import { recordOf } from '../../domain/record.ts'

/**
 * A lock of the operating system on a journal: an SQLite file beside it, locked for as long as the agent runs. The kernel ends the
 * lock with the process, however that ends. A file with a process id would say nothing about an agent whose Windows service
 * wrapper died and left it running.
 */
export class JournalLock {
  readonly #path: string
  #db: DatabaseSync | undefined

  /** @param journal the journal's path */
  constructor(journal: string) {
    this.#path = journal === ':memory:' ? journal : `${journal}.lock`
  }

  /** @throws Problem `data-in-use`, `journal-unusable` */
  take(): void {
    if (this.#db !== undefined) return
    const db = new DatabaseSync(this.#path, { timeout: 0 })
    try {
      db.exec('BEGIN EXCLUSIVE')
      this.#db = db
    } catch (cause) {
      db.close()
      const { errcode } = recordOf(cause)
      if (errcode !== 5) throw this.#unusable(cause)
      throw new Problem('data-in-use', `Another agent runs with the journal of ${this.#path}.`, {
        next: 'stop the other agent, or give this one a journal and a name of its own in agent.yaml',
        cause,
      })
    }
  }

  release(): void {
    this.#db?.close()
    this.#db = undefined
  }

  #unusable(cause: unknown): Problem {
    const why = cause instanceof Error ? cause.message : String(cause)
    return new Problem('journal-unusable', `The lock ${this.#path} cannot be used: ${why}.`, {
      next: 'free the disk or repair the path',
      cause,
    })
  }
}
