import { Problem } from '../../domain/problem.ts'
import type { AwsOptions } from './aws.ts'
import type { Database } from './database.ts'
import type { Queue } from './queue.ts'
import { SqsQueue } from './sqs.ts'

export type { AwsCredentials, AwsOptions } from './aws.ts'
export { type CarrierRow, type Database, type Final, type Row, rememberMs } from './database.ts'
export type { Ledger, Owner, Queued, ReportPage, Standing } from './ledger.ts'
export { type Media, mediaKey } from './media.ts'
export { batchBytes, batchEntries, type Queue, type QueueState, type Received } from './queue.ts'

/** Amazon SQS, or an emulator at `endpoint`. */
export function openQueue(options: AwsOptions): Queue {
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
