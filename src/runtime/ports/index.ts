import { Problem } from '../../domain/problem.ts'
import type { AwsOptions } from './aws.ts'
import type { Database } from './database.ts'
import { DynamoLedger, type LedgerOptions } from './dynamo-ledger.ts'
import type { Ledger } from './ledger.ts'
import type { Media } from './media.ts'
import type { Queue } from './queue.ts'
import { S3Media } from './s3.ts'
import type { Engine } from './sql.ts'
import { SqlDatabase } from './sql-database.ts'
import { SqsQueue } from './sqs.ts'

export { AwsClient, AwsError } from './aws.ts'
export type { CarrierRow, Database, Final, Migration, RejectedRow, Row, Unfit } from './database.ts'
export { type Item, number, Table, text } from './dynamodb.ts'
export type { Ledger, Owner, Queued, ReportPage, Standing } from './ledger.ts'
export { matchingEvents } from './logs.ts'
export type { Media } from './media.ts'
export { batchBytes, batchEntries, type Queue, type QueueState, type Received } from './queue.ts'
export { isLate, ReadBudget } from './read-budget.ts'
export { secretFrom } from './secret-from.ts'
export { readSecret } from './secrets.ts'
export { Refusal } from './sql.ts'

/** Amazon SQS, or an emulator at `endpoint`. */
export function openQueue(options: AwsOptions): Queue {
  return new SqsQueue(options)
}

export interface DatabaseOptions {
  /** Where it does not stand in the address. */
  readonly password?: string | undefined
  /** Connections that this process opens at most. */
  readonly connections?: number | undefined
  /** Longest that one statement may take, in milliseconds. The connection is ended after that. */
  readonly timeoutMs?: number | undefined
}

/**
 * The ledger of messages and reports in DynamoDB, where a table is named or an emulator is.
 */
export function openLedger(options: LedgerOptions): Ledger | undefined {
  return options.table || options.endpoint ? new DynamoLedger(options) : undefined
}

/** Images in S3, where a bucket is named. */
export function openMedia(options: AwsOptions & { readonly bucket?: string | undefined }): Media | undefined {
  const { bucket, ...rest } = options
  return bucket ? new S3Media({ ...rest, bucket }) : undefined
}

/**
 * Opens the carriers' database at `sqlite:PATH`, `mysql://…`, `mariadb://…` or `postgres://…`.
 * @throws Problem `config-invalid`
 */
export async function openDatabase(address: string, options: DatabaseOptions = {}): Promise<Database> {
  return new SqlDatabase(await engineOf(address, options))
}

/** Each driver is loaded where it is used: they take longer to load than all of ours. */
async function engineOf(address: string, options: DatabaseOptions): Promise<Engine> {
  if (address.startsWith('sqlite:') && address.length > 'sqlite:'.length) {
    const { SqliteEngine } = await import('./sqlite.ts')
    return new SqliteEngine(address.slice('sqlite:'.length))
  }
  const server = /^(mysql|mariadb|postgres|postgresql):\/\/[^/]+\/.+/.exec(address)
  if (server !== null && URL.canParse(address)) {
    const isPostgres = server[1]?.startsWith('postgres')
    const open = { url: address, ...options }
    return isPostgres
      ? new (await import('./postgres.ts')).PostgresEngine(open)
      : new (await import('./mysql.ts')).MysqlEngine(open)
  }
  throw new Problem('config-invalid', 'That is not the address of a database.', {
    next: 'use sqlite:PATH, mysql://USER@HOST/DATABASE, mariadb://… or postgres://…',
  })
}
