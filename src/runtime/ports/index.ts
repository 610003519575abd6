import { Problem } from '../../domain/problem.ts'
import type { Database } from './database.ts'
import type { Queue } from './queue.ts'
import { type SqsOptions, SqsQueue } from './sqs.ts'

export { type Database, type Row, rememberMs, tableName } from './database.ts'
export type { Queue, Received } from './queue.ts'

/** Amazon SQS, or an emulator at `endpoint`. */
export function openQueue(options: SqsOptions): Queue {
  return new SqsQueue(options)
}

/**
 * Opens the carriers' database at `sqlite:PATH`, `mysql://…` or `mariadb://…`.
 * @param password where it does not stand in the URL
 * @throws Problem `config-invalid`
 */
export async function openDatabase(address: string, password?: string): Promise<Database> {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const { SqliteDatabase } = await import('./sqlite.ts')
    return new SqliteDatabase(address.slice('sqlite:'.length))
  }
  if (/^(?:mysql|mariadb):\/\/[^/]+\/.+/.test(address) && URL.canParse(address)) {
    const { MysqlDatabase } = await import('./mysql.ts')
    return new MysqlDatabase({ url: address, password })
  }
  throw new Problem('config-invalid', 'That is not the address of a database.', {
    next: 'use sqlite:PATH, mysql://USER@HOST/DATABASE or mariadb://USER@HOST/DATABASE',
  })
}
